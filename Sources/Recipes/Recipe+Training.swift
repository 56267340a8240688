extension Recipe {
    /// The update rule.
    package struct Optimizer: Sendable, Equatable {
        /// The rule and the constants of its own.
        package var rule: Rule
        /// The learning rate after warm-up.
        package var lr: Double
        /// The weight decay of the tensors that take any (not biases, not normalisation).
        package var weightDecay: Double
        /// The norm of all gradients together above which they are scaled down; `nil` for no limit.
        package var maxGradNorm: Double?

        /// The rule's name in the file.
        package var name: String {
            switch rule {
            case .lamb: "lamb"
            case .adamw: "adamw"
            case .sgd: "sgd"
            }
        }

        /// An update rule and the constants of its own.
        package enum Rule: Sendable, Equatable {
            /// Adam's direction, scaled per tensor by the trust ratio.
            case lamb(betas: Betas, eps: Double)
            /// Adam with decoupled weight decay.
            case adamw(betas: Betas, eps: Double)
            /// Stochastic gradient descent.
            case sgd(momentum: Double, nesterov: Bool)
        }

        /// The decay rates of Adam's two moments.
        package struct Betas: Sendable, Equatable {
            /// The rate of the gradient's mean.
            package var first: Double
            /// The rate of the squared gradient's mean.
            package var second: Double

            /// The decay rates of the gradient's mean and of the squared gradient's mean.
            package init(_ first: Double, _ second: Double) {
                self.first = first
                self.second = second
            }
        }
    }

    /// The exponential moving average of the weights, whose decay ramps up as `1 - exp(-beta·t)`.
    package struct EMA: Sendable, Equatable {
        /// The decay that the ramp approaches.
        package var decay: Double
        /// The ramp's steepness over the whole run.
        package var beta: Double
    }
}

extension Recipe {
    /// The update rule.
    public struct Optimizer: Sendable, Equatable {
        /// The rule and the constants of its own.
        public var rule: Rule
        /// The learning rate after warm-up.
        public var lr: Double
        /// The weight decay of the tensors that take any (not biases, not normalisation).
        public var weightDecay: Double
        /// The norm of all gradients together above which they are scaled down; `nil` for no limit.
        public var maxGradNorm: Double?

        /// The rule's name in the file.
        public var name: String {
            switch rule {
            case .lamb: "lamb"
            case .adamw: "adamw"
            case .sgd: "sgd"
            }
        }

        /// An update rule and the constants of its own.
        public enum Rule: Sendable, Equatable {
            /// Adam's direction, scaled per tensor by the trust ratio.
            case lamb(betas: Betas, eps: Double)
            /// Adam with decoupled weight decay.
            case adamw(betas: Betas, eps: Double)
            /// Stochastic gradient descent.
            case sgd(momentum: Double, nesterov: Bool)
        }

        /// The decay rates of Adam's two moments.
        public struct Betas: Sendable, Equatable {
            /// The rate of the gradient's mean.
            public var first: Double
            /// The rate of the squared gradient's mean.
            public var second: Double

            /// The decay rates of the gradient's mean and of the squared gradient's mean.
            public init(_ first: Double, _ second: Double) {
                self.first = first
                self.second = second
            }
        }
    }

    /// The course of the learning rate: a staircase up, half a cosine down, a plateau.
    public struct Schedule: Sendable, Equatable {
        /// Training epochs in all.
        public var epochs: Int
        /// Epochs of warm-up at the start.
        public var warmup: Int
        /// Epochs at the final rate at the end.
        public var cooldown: Int
        /// The final learning rate as a share of `optimizer.lr`, 0…1.
        public var finalRatio: Double
    }

    /// The exponential moving average of the weights, whose decay ramps up as `1 - exp(-beta·t)`.
    public struct EMA: Sendable, Equatable {
        /// The decay that the ramp approaches.
        public var decay: Double
        /// The ramp's steepness over the whole run.
        public var beta: Double
    }

    /// The mean of the best snapshots.
    public struct Average: Sendable, Equatable {
        /// How many snapshots are kept and averaged.
        public var keep: Int
    }
}

import StrictYAML

extension Recipe {
    /// The update rule.
    package struct Optimizer: Section, Equatable {
        /// The rule and the constants of its own.
        package var rule = Rule.sgd(momentum: 0, nesterov: false)
        package var lr = 0.0
        package var weightDecay = 0.0
        package var maxGradNorm: Double?

        /// The rule's name in the file.
        package var name: String { Self.rules.name(of: rule) }

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

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            .choice(of: rules, \.rule, "the update rule"),
            Key("lr", \.lr, .number(in: .positive), "the learning rate after warm-up"),
            Key(
                "weight_decay", \.weightDecay, .number(in: .nonNegative),
                "the weight decay of the tensors that take any (not biases, not normalisation)"),
            .constants(of: rules, \.rule),
            Key(
                "max_grad_norm", \.maxGradNorm, .orNone(.number(in: .positive)), hasDefault: true,
                "the norm of all gradients together above which they are scaled down"),
        ]

        private static let rules = Alternatives<Rule>(
            "name", "to",
            [
                Alternative(
                    "lamb", { (own: Adam) in .lamb(betas: own.betas, eps: own.eps) },
                    {
                        guard case .lamb(let betas, let eps) = $0 else { return nil }
                        return Adam(betas: betas, eps: eps)
                    }),
                Alternative(
                    "adamw", { (own: Adam) in .adamw(betas: own.betas, eps: own.eps) },
                    {
                        guard case .adamw(let betas, let eps) = $0 else { return nil }
                        return Adam(betas: betas, eps: eps)
                    }),
                Alternative(
                    "sgd",
                    { (own: SGD) in .sgd(momentum: own.momentum, nesterov: own.nesterov) },
                    {
                        guard case .sgd(let momentum, let nesterov) = $0 else { return nil }
                        return SGD(momentum: momentum, nesterov: nesterov)
                    }),
            ])

        private struct Adam: Section {
            var betas = Betas(0, 0)
            var eps = 0.0

            static let initial = Self()
            static let keys: [Key<Self>] = [
                Key(
                    "betas", \.betas,
                    Form<[Double]>.numbers(2, in: .belowOne)
                        .mapped(to: { Betas($0[0], $0[1]) }, from: { [$0.first, $0.second] }),
                    "the decay rates of the gradient's mean and of its square's"),
                Key(
                    "eps", \.eps, .number(in: .positive),
                    "what is added to the root of the square's mean"),
            ]
        }

        private struct SGD: Section {
            var momentum = 0.0
            var nesterov = false

            static let initial = Self()
            static let keys: [Key<Self>] = [
                Key(
                    "momentum", \.momentum, .number(in: .belowOne),
                    "the share of the last update that is kept; 0 for none"),
                Key(
                    "nesterov", \.nesterov, .boolean, hasDefault: true,
                    "whether the gradient is taken ahead, after Nesterov; needs a momentum"),
            ]

            func check(_ section: SectionReader) throws(YAMLError) {
                guard momentum > 0 || !nesterov else {
                    throw section.error("nesterov", "optimizer.nesterov needs a momentum above 0")
                }
            }
        }
    }
}

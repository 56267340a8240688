import Learning
import StrictYAML

extension Recipe {
    /// The update rule, and what all rules share.
    package struct Optimizer: Section, Equatable {
        /// The rule and the constants of its own.
        package var rule: any UpdateRule = SGD.initial
        package var lr = 0.0
        package var weightDecay = 0.0
        package var maxGradNorm: Double?

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            .choice(of: UpdateRules.alternatives, \.rule, "the update rule"),
            Key("lr", \.lr, .number(in: .positive), "the learning rate after warm-up"),
            Key(
                "weight_decay", \.weightDecay, .number(in: .nonNegative),
                "the weight decay of the tensors that take any (not biases, not normalisation)"),
            .constants(of: UpdateRules.alternatives, \.rule),
            Key(
                "max_grad_norm", \.maxGradNorm, .orNone(.number(in: .positive)), hasDefault: true,
                "the norm of all gradients together above which they are scaled down"),
        ]

        package static func == (left: Self, right: Self) -> Bool {
            UpdateRules.areEqual(left.rule, right.rule) && left.lr == right.lr
                && left.weightDecay == right.weightDecay && left.maxGradNorm == right.maxGradNorm
        }
    }
}

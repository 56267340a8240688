import Models
import StrictYAML
import Torch

/// Changes a network's parameters along their gradients by an update rule.
package final class Optimizer {
    /// The parameters it changes.
    package let parameters: OptimizedParameters
    /// Steps taken so far; with `state` all that it remembers.
    package var steps = 0
    private let settings: Settings
    private let parts: [Part]

    /// Parameters of one learning rate.
    private struct Part {
        let parameters: OptimizedParameters
        let moments: Moments
        /// What the step's rate is multiplied by.
        let scale: Double
    }

    /// Makes an optimizer whose moments are zero.
    ///
    /// - Parameter head: the parameters whose rate is `headLR` times that of the others.
    package init(
        _ settings: Settings, of parameters: OptimizedParameters, head: Set<String> = []
    ) throws(TorchError) {
        self.settings = settings
        self.parameters = parameters
        let all = [(parameters, 1.0)]
        let apart = [
            (parameters.filter { !head.contains($0) }, 1.0),
            (parameters.filter(head.contains), settings.headLR),
        ]
        var parts: [Part] = []
        for (part, scale) in settings.headLR == 1 ? all : apart where !part.names.isEmpty {
            parts.append(
                Part(
                    parameters: part,
                    moments: try Moments(type(of: settings.rule).moments, of: part), scale: scale))
        }
        self.parts = parts
    }

    /// The moments, named for their kind and parameter: `first.layer1.0.conv1.weight`.
    package var state: [(name: String, tensor: Tensor)] {
        parts.flatMap { $0.moments.named(by: $0.parameters.names) }
    }

    /// Applies the gradients that the parameters hold, and overwrites them.
    ///
    /// - Parameter rate: the learning rate of this step.
    /// - Returns: the L2 norm of all gradients together, before clipping; a scalar on the device.
    /// - Throws: `TorchError` if a parameter has no gradient.
    package func step(rate: Double) throws(TorchError) -> Tensor {
        let norm = try gradientNorm()
        try step(rate: rate, norm: norm)
        return norm
    }

    /// The L2 norm of all gradients together; a scalar on the device.
    ///
    /// - Throws: `TorchError` if a parameter has no gradient.
    package func gradientNorm() throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            try Tensor.stacked(Foreach.norms(parameters.gradients()), dimension: 0)
                .square().sum().sqrt()
        }
    }

    /// Applies the gradients, whose norm is known, and overwrites them.
    ///
    /// - Parameters:
    ///   - rate: the learning rate of this step.
    ///   - norm: what `gradientNorm` found; the caller has seen that it is finite.
    package func step(rate: Double, norm: Tensor) throws(TorchError) {
        try withoutGrad { () throws(TorchError) in
            if let maxGradNorm = settings.maxGradNorm {
                let gradients = try parameters.gradients()
                let divisor = try (norm / maxGradNorm).clamped(min: 1)
                try Foreach.divide(
                    gradients, by: [Tensor](repeating: divisor, count: gradients.count))
            }
            steps += 1
            for part in parts {
                try settings.rule.apply(
                    part.parameters.gradients(), to: part.parameters, part.moments,
                    at: UpdateStep(
                        number: steps, rate: rate * part.scale, weightDecay: settings.weightDecay))
            }
        }
    }
}

extension Optimizer {
    /// Section `optimizer` of a recipe: the update rule, and what all rules share.
    package struct Settings: Section, Equatable {
        /// The rule and the constants of its own.
        package var rule: any UpdateRule
        package var lr: Double
        /// The head's learning rate over that of the other parameters.
        package var headLR = 1.0
        package var weightDecay: Double
        /// Gradients are divided by `max(1, norm / maxGradNorm)` first; `nil` leaves them.
        package var maxGradNorm: Double?

        package init(
            _ rule: any UpdateRule, lr: Double = 0, weightDecay: Double = 0,
            maxGradNorm: Double? = nil
        ) {
            self.rule = rule
            self.lr = lr
            self.weightDecay = weightDecay
            self.maxGradNorm = maxGradNorm
        }

        package static let initial = Self(
            LAMB.initial, lr: LAMB.defaults.rate, weightDecay: LAMB.defaults.weightDecay,
            maxGradNorm: LAMB.defaults.maxGradNorm)
        package static let keys: [Key<Self>] = [
            .choice(
                of: UpdateRules.alternatives, \.rule, hasDefault: true, "the update rule"),
            Key(
                "lr", \.lr, .number(in: .positive), hasDefault: true,
                "the learning rate after warm-up"),
            Key(
                "head_lr", \.headLR, .number(in: .positive), hasDefault: true,
                "the head's learning rate over that of the other parameters: above 1 where these "
                    + "begin with weights that are good already (`train --init`)"),
            Key(
                "weight_decay", \.weightDecay, .number(in: .nonNegative), hasDefault: true,
                "the weight decay of the tensors that take any (not biases, not normalization)"),
            .constants(of: UpdateRules.alternatives, \.rule),
            Key(
                "max_grad_norm", \.maxGradNorm, .orNone(.number(in: .positive)), hasDefault: true,
                "the norm of all gradients together above which they are scaled down"),
        ]

        package static func == (left: Self, right: Self) -> Bool {
            UpdateRules.areEqual(left.rule, right.rule) && left.lr == right.lr
                && left.headLR == right.headLR && left.weightDecay == right.weightDecay
                && left.maxGradNorm == right.maxGradNorm
        }
    }
}

/// How parameters follow their gradients: a rule's constants, which are its keys in a recipe, and what
/// it does with them.
package protocol UpdateRule: Section, Equatable {
    /// The rule's name in recipes.
    static var name: String { get }

    /// What it keeps for each parameter.
    static var moments: [Moments.Kind] { get }

    /// What a recipe does not say beside its name.
    static var defaults: RuleDefaults { get }

    /// Changes parameters and moments along clipped gradients, which it may overwrite; without
    /// gradient tracking.
    func apply(
        _ gradients: [Tensor], to parameters: OptimizedParameters, _ moments: Moments,
        at step: UpdateStep
    ) throws(TorchError)
}

/// What an update rule is told of a step.
package struct UpdateStep {
    /// Which step it is, from 1.
    package let number: Int
    /// The learning rate.
    package let rate: Double
    /// The weight decay of the parameters that take any.
    package let weightDecay: Double
}

/// The update rules that there are.
package enum UpdateRules {
    package static let kinds: [any UpdateRule.Type] = [LAMB.self, AdamW.self, SGD.self]

    /// The key that chooses one, and their own keys beside it.
    package static let alternatives = Alternatives<any UpdateRule>(
        "name", "to", kinds.map { alternative($0) })

    private static func alternative<Rule: UpdateRule>(
        _ rule: Rule.Type
    ) -> Alternative<any UpdateRule> {
        Alternative(Rule.name, { (own: Rule) in own }, { $0 as? Rule })
    }

    /// Whether two rules are the same, constants included.
    package static func areEqual(_ left: any UpdateRule, _ right: any UpdateRule) -> Bool {
        func equals<Rule: UpdateRule>(_ left: Rule) -> Bool { left == right as? Rule }
        return equals(left)
    }
}

/// What an update rule keeps of past gradients: tensors of each kind, one for each parameter.
package struct Moments {
    /// What is kept.
    package enum Kind: String, Sendable {
        /// The running mean of gradients.
        case first
        /// The running mean of their squares.
        case second
        /// The running sum of gradients.
        case velocity
    }

    private let kinds: [(kind: Kind, tensors: [Tensor])]

    /// Zeros, of the parameters' shapes and types.
    init(_ kinds: [Kind], of parameters: OptimizedParameters) throws(TorchError) {
        var made: [(kind: Kind, tensors: [Tensor])] = []
        for kind in kinds {
            var zeros: [Tensor] = []
            for tensor in parameters.tensors {
                zeros.append(
                    try Tensor.zeros(tensor.shape, dtype: tensor.dtype, device: tensor.device))
            }
            made.append((kind, zeros))
        }
        self.kinds = made
    }

    /// The tensors of a kind that the rule keeps, in the order of the parameters.
    package subscript(kind: Kind) -> [Tensor] {
        guard let found = kinds.first(where: { $0.kind == kind }) else {
            preconditionFailure("the rule keeps no \(kind)")
        }
        return found.tensors
    }

    /// Every tensor under its kind and its parameter's name.
    func named(by names: [String]) -> [(name: String, tensor: Tensor)] {
        kinds.flatMap { kind, tensors in
            zip(names, tensors).map { ("\(kind.rawValue).\($0)", $1) }
        }
    }
}

/// A network's parameters, those with weight decay first.
package struct OptimizedParameters {
    /// Names in the order of `tensors`.
    package let names: [String]
    /// The parameters.
    package let tensors: [Tensor]
    /// How many of the first ones take weight decay.
    private let decayedCount: Int

    /// The parameters of a network that are not frozen.
    package init(of network: any ImageClassifier) {
        let entries = network.store.parameters.filter(\.tensor.requiresGrad)
        self.init(
            entries.filter { network.decays($0) }, plain: entries.filter { !network.decays($0) })
    }

    /// Parameters with and without weight decay.
    package init(_ decayed: [ParameterStore.Entry], plain: [ParameterStore.Entry]) {
        names = (decayed + plain).map(\.name)
        tensors = (decayed + plain).map(\.tensor)
        decayedCount = decayed.count
    }

    /// Some of them, in the same order.
    func filter(_ isWanted: (String) -> Bool) -> OptimizedParameters {
        let wanted = names.indices.filter { isWanted(names[$0]) }
        return OptimizedParameters(
            names: wanted.map { names[$0] }, tensors: wanted.map { tensors[$0] },
            decayedCount: wanted.count { $0 < decayedCount })
    }

    private init(names: [String], tensors: [Tensor], decayedCount: Int) {
        (self.names, self.tensors, self.decayedCount) = (names, tensors, decayedCount)
    }

    /// The parameters that take weight decay.
    package var decayed: [Tensor] { decayed(of: tensors) }

    /// Of a list in the order of `tensors`, what belongs to parameters that take weight decay.
    package func decayed(of list: [Tensor]) -> [Tensor] { Array(list[..<decayedCount]) }

    /// The gradients, in the order of `tensors`.
    ///
    /// - Throws: `TorchError` naming the first parameter without one.
    package func gradients() throws(TorchError) -> [Tensor] {
        var gradients: [Tensor] = []
        for (name, tensor) in zip(names, tensors) {
            guard let gradient = try tensor.grad else {
                throw TorchError(
                    operation: "optimizer", message: "parameter \(name) has no gradient")
            }
            gradients.append(gradient)
        }
        return gradients
    }

    /// Forgets all gradients.
    package func clearGradients() throws(TorchError) {
        for tensor in tensors { try tensor.setGrad(nil) }
    }
}

import StrictYAML
import Torch

/// How parameters follow their gradients: a rule's constants, which are its keys in a recipe, and what
/// it does with them.
package protocol UpdateRule: Section, Equatable {
    /// The rule's name in recipes.
    static var name: String { get }

    /// What it keeps for each parameter.
    static var moments: [Moments.Kind] { get }

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

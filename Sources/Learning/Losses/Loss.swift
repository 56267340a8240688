import StrictYAML
import Torch

/// A weighted sum of terms over a group of images.
///
/// Each term is a mean over the group. `loss = Σ weight · term`; of the published recipe
/// `0.8 · KL(teacher ‖ student) + 0.2 · CE(targets, student)`, whose gradient in the logits is
/// `(0.2 · (p - y) + 0.8 · (p - q)) / B`. Source: SuperGradients `KDLogitsLoss`; numbers in
/// recipe-spec section 9.
package struct Loss: Sendable {
    /// Every kind of term, in the order in which they are summed and told.
    package static let kinds: [any LossTerm.Type] = [CrossEntropy.self, KLDivergence.self]

    /// The name of the sum among a step's figures.
    package static let total = "loss"

    /// The names that figures can have, in the order in which they are told.
    package static var allNames: [String] { [total] + kinds.map { $0.name } }

    /// Those of them that every loss has.
    package static var namesAlwaysTold: [String] {
        [total] + kinds.filter { $0.isAlwaysTold }.map { $0.name }
    }

    /// A term and how much it counts.
    package struct Weighted: Sendable {
        package var term: any LossTerm
        package var weight: Double

        package init(_ term: any LossTerm, weight: Double) {
            self.term = term
            self.weight = weight
        }
    }

    /// The terms that count, or that are told whether or not they count.
    package let terms: [Weighted]

    /// A loss of some terms, no two of a kind.
    package init(_ terms: [Weighted]) {
        self.terms = Self.kinds.compactMap { kind in
            terms.first { type(of: $0.term) == kind && ($0.weight > 0 || kind.isAlwaysTold) }
        }
    }

    /// The published recipe's: 0.8 of the divergence from the teacher, 0.2 of the cross-entropy.
    package static let published = Loss([
        .init(KLDivergence(), weight: 0.8), .init(CrossEntropy(), weight: 0.2),
    ])

    /// The names of a value's figures: the sum's, then those of the terms.
    package var names: [String] { [Self.total] + terms.map { type(of: $0.term).name } }

    /// The loss of a group and its terms, float32 scalars.
    package struct Value {
        /// What is differentiated.
        package let total: Tensor
        /// The terms without their weights, as `Loss.terms`; zero of one that needs a teacher and
        /// has none.
        package let terms: [Tensor]

        /// Sum and terms for the record, as `Loss.names`: `[1 + terms]`, without gradients.
        package func figures() throws(TorchError) -> Tensor {
            try Tensor.stacked([total.detached()] + terms, dimension: 0)
        }
    }

    /// Computes the loss.
    ///
    /// - Throws: `TorchError` if the shapes differ, or no term can be computed.
    package func callAsFunction(_ inputs: LossInputs) throws(TorchError) -> Value {
        var total: Tensor?
        var values: [Tensor] = []
        for (term, weight) in terms.map({ ($0.term, $0.weight) }) {
            guard inputs.teacher != nil || !type(of: term).needsTeacher else {
                values.append(try .zeros([], device: inputs.logProbabilities.device))
                continue
            }
            let value = try term.value(of: inputs)
            values.append(try value.detached())
            let part = try value * weight
            total = try total.map { (sum) throws(TorchError) in try sum + part } ?? part
        }
        guard let total else {
            throw TorchError(operation: "loss", message: "no term can be computed")
        }
        return Value(total: total, terms: values)
    }
}

/// One term of a loss. Its keys are the constants of its own, beside its weight.
package protocol LossTerm: Section, Equatable {
    /// What recipes, records and checkpoints call it.
    static var name: String { get }

    /// What it measures, for the documentation of recipes; no full stop.
    static var summary: String { get }

    /// Whether it compares with a teacher's responses.
    static var needsTeacher: Bool { get }

    /// Whether every recipe names its weight and every record its figure, also where it is 0.
    static var isAlwaysTold: Bool { get }

    /// The term's mean over a group; a float32 scalar that can be differentiated.
    func value(of inputs: LossInputs) throws(TorchError) -> Tensor
}

/// What the terms of a loss are computed of.
package struct LossInputs {
    /// The logarithms of the student's probabilities, `[B, C]`, float32.
    package let logProbabilities: Tensor
    /// The student's logits, `[B, C]`, float32, for terms of a temperature of their own.
    package let logits: Tensor
    /// Label distributions, `[B, C]`, float32; a row sums to less than 1 by the share of its mix that
    /// has no label.
    package let targets: Tensor
    /// What all rows of the targets together sum to: the number of images that have a label.
    package let labeled: Int
    /// The teacher's probabilities, `[B, C]`, float32; `nil` without a teacher.
    package let teacher: Tensor?

    /// The number of images.
    package var batch: Int { logits.shape[0] }

    /// - Parameters:
    ///   - logits: of any floating type.
    ///   - labeled: how many images have a label; all of them by default.
    package init(
        logits: Tensor, targets: Tensor, teacher: Tensor?, labeled: Int? = nil
    ) throws(TorchError) {
        self.logits = try logits.to(.float32)
        logProbabilities = try self.logits.logSoftmax(dimension: -1)
        self.targets = targets
        self.teacher = teacher
        self.labeled = labeled ?? logits.shape[0]
    }
}

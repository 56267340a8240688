import Foundation
import Learning
import Testing
import Torch

@Suite("Losses") struct LossTests {
    private struct Case: Decodable {
        let logits: [[Double]]
        let teacher: [[Double]]?
        let targets: [[Double]]
        let klWeight: Double
        let ceWeight: Double
        let kl: Double?
        let ce: Double
        let loss: Double
        let gradient: [[Double]]
    }

    @Test("value and gradient agree with PyTorch's to 1e-5, zeros in the teacher included")
    func reference() throws {
        func tensor(_ rows: [[Double]]) throws -> Tensor {
            try Tensor(
                rows.flatMap { $0.map(Float.init) }, shape: [rows.count, rows[0].count])
        }
        for (name, expected) in try fixture([String: Case].self, "losses.json") {
            let logits = try tensor(expected.logits)
            try logits.setRequiresGrad(true)
            let loss = Loss([
                .init(KLDivergence(), weight: expected.klWeight),
                .init(CrossEntropy(), weight: expected.ceWeight),
            ])
            let value = try loss(
                LossInputs(
                    logits: logits, targets: tensor(expected.targets),
                    teacher: expected.klWeight > 0 ? expected.teacher.map(tensor) : nil))
            #expect(loss.names == ["loss", "ce", "kl"])
            let figures = try value.figures().floats().map(Double.init)
            try value.total.backward()
            // float32 carries seven digits of a loss of 110 nats.
            let tolerance = 1e-5 * max(1, expected.loss / 10)
            let told: [Double?] = [
                expected.loss, expected.ce, expected.klWeight > 0 ? expected.kl : 0,
            ]
            for (ours, theirs) in zip(figures, told) {
                #expect(abs(ours - (try #require(theirs))) < tolerance, "\(name)")
            }
            let gradient = try #require(try logits.grad).floats()
            for (ours, theirs) in zip(gradient, expected.gradient.flatMap { $0 }) {
                #expect(abs(Double(ours) - theirs) < 1e-6, "\(name)")
            }
        }
    }

    /// By hand: of two images the first has no label, so that the mean is the second's -ln p.
    @Test("the cross-entropy is the mean over the images that have a label") func labeled() throws {
        let logits = try Tensor([Float](arrayLiteral: 0, 1, 2, 3), shape: [2, 2])
        try logits.setRequiresGrad(true)
        func inputs(_ targets: [Float], labeled: Int?) throws -> LossInputs {
            try LossInputs(
                logits: logits, targets: Tensor(targets, shape: [2, 2]), teacher: nil,
                labeled: labeled)
        }
        let one = try CrossEntropy().value(of: inputs([0, 0, 0, 1], labeled: 1)).item()
        #expect(abs(one - log(1 + exp(-1.0))) < 1e-6)
        // Mixed with it by 0.25: the shares of the label weigh as before.
        let mixed = try CrossEntropy().value(of: inputs([0, 0.25, 0, 0.75], labeled: 1)).item()
        #expect(abs(mixed - one) < 1e-6)
        let all = try CrossEntropy().value(of: inputs([0, 1, 0, 1], labeled: nil)).item()
        #expect(abs(all - one) < 1e-6)
        let none = try CrossEntropy().value(of: inputs([0, 0, 0, 0], labeled: 0))
        try none.backward()
        #expect(try none.item() == 0)
        #expect(try #require(try logits.grad).floats().allSatisfy { $0 == 0 })
    }

    @Test("terms are summed in one order, whatever theirs") func order() throws {
        let turned = Loss([
            .init(CrossEntropy(), weight: 0.2), .init(KLDivergence(), weight: 0.8),
        ])
        #expect(turned.names == Loss.published.names)
        #expect(turned.terms.map(\.weight) == [0.2, 0.8])
    }

    @Test("a teacher's term without a teacher is zero in the sum, and an error by itself")
    func withoutTeacher() throws {
        let inputs = try LossInputs(
            logits: Tensor([Float](arrayLiteral: 0, 1, 2, 3), shape: [2, 2]),
            targets: Tensor([Float](arrayLiteral: 1, 0, 0, 1), shape: [2, 2]), teacher: nil)
        let figures = try Loss.published(inputs).figures().floats()
        #expect(figures[0] == 0.2 * figures[1] && figures[2] == 0)
        #expect(throws: TorchError.self) { try KLDivergence().value(of: inputs) }
    }

    @Test("names are those of keys, no two alike") func names() {
        let names = Loss.allNames
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
    }
}

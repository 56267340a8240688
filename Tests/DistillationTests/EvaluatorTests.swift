import Imaging
import Loading
import Models
import Testing
import Torch

@testable import Distillation
@testable import Recipes

/// A classifier of the mean color: logits are a matrix times red, green and blue.
private final class ColorClassifier: ImageClassifier {
    let store: ParameterStore
    let classes: Int
    let undecayed: Set<String> = []
    let architecture = Architecture.resnet18
    private let weight: Tensor

    init(_ rows: [[Float]]) throws {
        store = try ParameterStore(seed: 0)
        classes = rows.count
        weight = try Tensor(rows.flatMap { $0 }, shape: [rows.count, 3])
    }

    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        if case .training = mode { Issue.record("validation is no training") }
        return try images.mean(dimensions: [2, 3]).linear(weight)
    }
}

@Suite("Evaluator") struct EvaluatorTests {
    /// A data set of grey images, with so many of each class.
    private func greys(_ counts: [Int], in scratch: Scratch) throws -> EvaluationLoader {
        for (label, count) in counts.enumerated() {
            for index in 0..<count {
                let image = Image(width: 8, height: 8, fill: (128, 128, 128))
                try scratch.write("val/c\(label)/\(index).png", bytes: ImageEncoder.png(image))
            }
        }
        return EvaluationLoader(
            try ImageDataset("\(scratch.path)/val"),
            transform: EvaluationTransform(size: 8, resize: 8, interpolation: .bilinear), batch: 3,
            options: LoadingOptions(workers: 1))
    }

    @Test("top-1 counts the most probable class, top-5 the five most probable") func ranks() throws
    {
        let scratch = try Scratch()
        let evaluator = try Evaluator(
            greys([1, 1, 1, 1, 1, 1, 1], in: scratch), mean: [0, 0, 0], std: [1, 1, 1], device: .cpu
        )
        let network = try ColorClassifier((0..<7).map { [Float($0), 0, 0] })
        #expect(
            try evaluator.accuracy(of: network) == Accuracy(correct1: 1, correct5: 5, images: 7))
    }

    @Test("several networks are measured in one pass, and one that cannot be spoils no other")
    func several() throws {
        let scratch = try Scratch()
        let evaluator = try Evaluator(
            greys([1, 4], in: scratch), mean: [0, 0, 0], std: [1, 1, 1], device: .cpu)
        let first = try ColorClassifier([[1, 0, 0], [0, 0, 0]])
        let bad = try ColorClassifier([[.infinity, 0, 0], [0, 0, 0]])
        let second = try ColorClassifier([[0, 0, 0], [1, 0, 0]])
        var done: [Int] = []
        let measured = try evaluator.accuracies(of: [first, bad, second]) { done.append($0) }
        #expect(done == [3, 5])
        #expect(try measured[0].get() == Accuracy(correct1: 1, correct5: 5, images: 5))
        #expect(throws: TrainingError.self) { try measured[1].get() }
        #expect(try measured[2].get() == Accuracy(correct1: 4, correct5: 5, images: 5))
    }

    /// The second class leads by 0.0056 before bf16 rounds the weights, and the first by 0.0039
    /// after: 1.0041 becomes 1.0078, 0.9979 becomes 0.9961, and 1.0038 becomes 1.
    @Test("it computes in float32 unless it is told otherwise") func precision() throws {
        let scratch = try Scratch()
        let loader = try greys([1, 3], in: scratch)
        let network = try ColorClassifier([[1.0041, 0.9979, -2], [1.0038, 1.0038, -2]])
        let standard = try Evaluator(loader, mean: [0, 0, 0], std: [1, 1, 1], device: .cpu)
        #expect(try standard.accuracy(of: network).correct1 == 3)
        let half = try Evaluator(
            loader, mean: [0, 0, 0], std: [1, 1, 1], device: .cpu, precision: .bf16)
        #expect(try half.accuracy(of: network).correct1 == 1)
    }
}

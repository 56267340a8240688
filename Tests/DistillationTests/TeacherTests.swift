import Foundation
import Loading
import Models
import Recipes
import Testing
import Torch

@testable import Distillation

@Suite("Teacher") struct TeacherTests {
    /// A ResNet18 of random weights whose running statistics are not those of any batch; variances
    /// that are about what the convolutions leave keep its responses from fading to one.
    private func network() throws -> any ImageClassifier {
        let network = try Architecture.resnet18.makeNetwork(classes: 3, seed: 7)
        for entry in network.store.buffers where entry.name.hasSuffix("running_mean") {
            try entry.tensor.fill(0.05)
        }
        for entry in network.store.buffers where entry.name.hasSuffix("running_var") {
            try entry.tensor.fill(0.15)
        }
        return network
    }

    private func card(_ scratch: Scratch, sha256: String = "null") throws -> TeacherCard {
        try scratch.write(
            "card.yaml",
            """
            name: tiny
            kind: resnet
            classes: 3
            architecture: {depth: 18}
            preprocessing: {size: 32, resize: 36, interpolation: bilinear, mean: [0.5, 0.25, 0.5], std: [0.25, 0.5, 1.0]}
            weights: {file: w.safetensors, sha256: \(sha256)}
            source: a test
            """)
        return try TeacherCard(contentsOf: "\(scratch.path)/card.yaml")
    }

    @Test("its responses are those of evaluation, to images normalised as its own")
    func responses() throws {
        let scratch = try Scratch()
        let network = try network()
        try network.store.save(to: "\(scratch.path)/w.safetensors")
        let teacher = try NetworkTeacher(card(scratch), device: .cpu, precision: .fp32)
        let raw = try Tensor.zeros([2, 3, 32, 32])
        try raw.uniform(from: 0, to: 1, generator: RandomGenerator(seed: 1))
        let other = try Normalisation(
            mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], device: .cpu)
        let found = try teacher.probabilities(for: other.normalise(raw), normalisedBy: other)

        // (x - mean) / std by hand, channel by channel.
        let mean = try Tensor([0.5, 0.25, 0.5] as [Float], shape: [1, 3, 1, 1])
        let std = try Tensor([0.25, 0.5, 1] as [Float], shape: [1, 3, 1, 1])
        let expected = try withoutGrad {
            try network.logits((raw - mean) / std, mode: .evaluation).softmax()
        }
        func distance(_ one: Tensor, _ two: Tensor) throws -> Float {
            zip(try one.floats(), try two.floats()).map { abs($0 - $1) }.max() ?? .infinity
        }
        // Two roundings of the normalisation, through 20 layers.
        #expect(try distance(found, expected) < 1e-4)
        let asGiven = try withoutGrad {
            try network.logits(other.normalise(raw), mode: .evaluation).softmax()
        }
        #expect(try distance(found, asGiven) > 1e-2, "the normalisation matters")
        let statistics = zip(teacher.network.store.buffers, network.store.buffers)
        for (one, two) in statistics where one.tensor.dtype == .float32 {
            #expect(try one.tensor.floats() == two.tensor.floats(), "\(one.name)")
        }
    }

    @Test("weights other than those of the card are refused") func digest() throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/w.safetensors"
        try network().store.save(to: path)
        let expected = String(repeating: "0f", count: 32)
        let digest = try CacheIdentity.weightsDigest(of: card(scratch))
        let found = try #require(digest)
        #expect(
            throws: TrainingError(
                "\(path): SHA-256 is \(found), card tiny says \(expected); fetch the right weights "
                    + "or mend the card")
        ) {
            try NetworkTeacher(
                card(scratch, sha256: expected), device: .cpu, precision: .fp32)
        }
    }
}

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

    @Test("its responses are those of evaluation, to images normalized as its own")
    func responses() throws {
        let scratch = try Scratch()
        let network = try network()
        try network.store.save(to: "\(scratch.path)/w.safetensors")
        let teacher = try RunningTeacher(card(scratch), device: .cpu, precision: .fp32)
        let raw = try Tensor.zeros([2, 3, 32, 32])
        try raw.uniform(from: 0, to: 1, generator: RandomGenerator(seed: 1))
        let other = try Normalization(
            mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], device: .cpu)
        let found = try teacher.probabilities(for: other.normalize(raw), normalizedBy: other)

        // (x - mean) / std by hand, channel by channel.
        let mean = try Tensor([0.5, 0.25, 0.5] as [Float], shape: [1, 3, 1, 1])
        let std = try Tensor([0.25, 0.5, 1] as [Float], shape: [1, 3, 1, 1])
        let expected = try withoutGrad {
            try network.logits((raw - mean) / std, mode: .evaluation).softmax()
        }
        func distance(_ one: Tensor, _ two: Tensor) throws -> Float {
            zip(try one.floats(), try two.floats()).map { abs($0 - $1) }.max() ?? .infinity
        }
        // Two roundings of the normalization, through 20 layers.
        #expect(try distance(found, expected) < 1e-4)
        let asGiven = try withoutGrad {
            try network.logits(other.normalize(raw), mode: .evaluation).softmax()
        }
        #expect(try distance(found, asGiven) > 1e-2, "the normalization matters")
        let statistics = zip(
            try #require(teacher.model as? any ImageClassifier).store.buffers,
            network.store.buffers)
        for (one, two) in statistics where one.tensor.dtype == .float32 {
            #expect(try one.tensor.floats() == two.tensor.floats(), "\(one.name)")
        }
    }

    @Test("weights other than those of the card are refused") func digest() throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/w.safetensors"
        try network().store.save(to: path)
        let expected = String(repeating: "0f", count: 32)
        let digest = try card(scratch).weightsDigest()
        let found = try #require(digest)
        #expect(
            throws: TrainingError(
                "\(path): SHA-256 is \(found), card tiny says \(expected); fetch the right weights "
                    + "or mend the card")
        ) {
            try RunningTeacher(
                card(scratch, sha256: expected), device: .cpu, precision: .fp32)
        }
    }

    @Test("an ensemble's response is the weighted mean of its members', each normalized as its own")
    func ensemble() throws {
        let scratch = try Scratch()
        try network().store.save(to: "\(scratch.path)/w.safetensors")
        let first = try card(scratch)
        var second = first
        second.name = "second"
        second.classMap = [2, 0, 1]
        try Architecture.resnet18.makeNetwork(classes: 3, seed: 8)
            .store.save(to: "\(scratch.path)/second.safetensors")
        second.weights = .init(file: "\(scratch.path)/second.safetensors", sha256: nil)
        second.subject = .network(
            .init(
                architecture: .resnet18,
                preprocessing: .init(
                    size: 32, resize: 32, interpolation: .bicubic, mean: [0.4, 0.4, 0.4],
                    std: [0.2, 0.3, 0.2])))
        try scratch.write("second.yaml", second.yaml)
        try scratch.write(
            "both.yaml",
            """
            name: both
            kind: ensemble
            classes: 3
            members: [{card: card.yaml}, {card: second.yaml, weight: 3}]
            source: a test
            """)
        let both = try TeacherCard(contentsOf: "\(scratch.path)/both.yaml")
        let images = try Tensor.zeros([2, 3, 32, 32])
        try images.uniform(from: -1, to: 1, generator: RandomGenerator(seed: 1))
        let normalization = try Normalization(
            mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], device: .cpu)
        func responses(_ card: TeacherCard) throws -> [Float] {
            try RunningTeacher(card, device: .cpu, precision: .fp32)
                .probabilities(for: images, normalizedBy: normalization).floats()
        }
        let (one, two) = (try responses(first), try responses(second))
        #expect(zip(one, two).contains { abs($0 - $1) > 0.01 }, "the members differ")
        let found = try responses(both)
        for index in found.indices {
            #expect(abs(found[index] - (one[index] + 3 * two[index]) / 4) < 1e-5)
        }
        // Each member's weights stand for it; without them nobody can tell.
        let digest = try #require(try both.weightsDigest())
        #expect(digest.count == 64)
        #expect(try digest != first.weightsDigest())
        try network().store.save(to: "\(scratch.path)/second.safetensors")
        let other = try both.weightsDigest()
        #expect(other != nil && other != digest)
        try scratch.remove("w.safetensors")
        #expect(try both.weightsDigest() == nil)
    }
}

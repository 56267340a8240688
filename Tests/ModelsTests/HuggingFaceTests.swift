import Testing
import Torch

@testable import Models

/// Against Tests/Fixtures/models/make_huggingface.py: transformers 4.57.1.
@Suite("Hugging Face's weights") struct HuggingFaceTests {
    struct Expected: Decodable {
        struct Row: Decodable, Equatable {
            let name: String
            let shape: [Int]

            init(name: String, shape: [Int]) { (self.name, self.shape) = (name, shape) }

            init(from decoder: any Decoder) throws {
                var row = try decoder.unkeyedContainer()
                name = try row.decode(String.self)
                shape = try row.decode([Int].self)
            }
        }

        struct Network: Decodable {
            let name: String
            let classes: Int
            let input: [Int]
            let logits: [[Double]]
        }

        let names: [String: [Row]]
        let networks: [Network]
    }

    let expected: Expected
    let folder: TemporaryFolder

    init() throws {
        expected = try Fixtures.decode(Expected.self, "huggingface.json")
        folder = try TemporaryFolder()
    }

    /// A network's tensors under Hugging Face's names.
    private func theirs(_ network: any ImageClassifier) throws -> [String: Tensor] {
        try network.tensors(in: network.architecture.layouts(of: .huggingface)[0])
    }

    private func network(_ name: String, classes: Int) throws -> any ImageClassifier {
        if let published = PublishedNetwork.named(name) {
            return try published.architecture.makeNetwork(classes: classes)
        }
        let reference = try Reference.load()
        return try #require(reference.beits.first { $0.name == name }).network()
    }

    @Test(
        "names and shapes are theirs, all of them",
        arguments: ["resnet18", "resnet50", "beit_base_patch16_224"])
    func names(_ name: String) throws {
        let order = { (left: Expected.Row, right: Expected.Row) in left.name < right.name }
        let ours = try theirs(network(name, classes: 1000))
            .map { Expected.Row(name: $0.key, shape: $0.value.shape) }
        #expect(try ours.sorted(by: order) == #require(expected.names[name]).sorted(by: order))
    }

    // The generator's float32 is within 3e-6 of these numbers, which are float64's.
    @Test("their files give their logits to 1e-4", arguments: ["resnet18", "resnet50", "grid8"])
    func parity(_ name: String) throws {
        let expected = try #require(expected.networks.first { $0.name == name })
        let network = try network(name, classes: expected.classes)
        var tensors = try theirs(network)
        for (name, tensor) in tensors { tensors[name] = try Fixtures.tensor(name, tensor.shape) }
        let file = try folder.file(tensors)
        #expect(try network.architecture.classes(of: file) == expected.classes)
        #expect(try network.load(file) == ["\(file.path): the tensors have Hugging Face's names"])
        let found = try network.evaluated(expected.input)
        #expect(largestDifference(found, expected.logits.flatMap { $0 }) < 1e-4)
    }

    @Test(
        "the same weights under either names give the same bits",
        arguments: [("resnet18", [2, 3, 33, 35]), ("grid8", [2, 3, 32, 32])])
    func sameBits(_ name: String, input: [Int]) throws {
        let source = try network(name, classes: 7)
        try Fixtures.fill(source)
        let target = try network(name, classes: 7)
        var tensors = try theirs(source).mapValues { try $0.contiguous() }
        if name == "grid8" {
            // Files of older versions hold the index.
            let index = try relativePositionIndex(side: 8, device: .cpu).reshaped([65, 65])
            for block in 0..<2 {
                let name =
                    "beit.encoder.layer.\(block).attention.attention.relative_position_bias"
                    + ".relative_position_index"
                tensors[name] = index
            }
        }
        _ = try target.load(folder.file(tensors))
        #expect(try target.store.values() == source.store.values())
        #expect(try target.evaluated(input) == source.evaluated(input))
    }

    @Test("weights for other classes are refused with both counts") func classes() throws {
        let file = try folder.file(theirs(network("resnet18", classes: 5)))
        let network = try network("resnet18", classes: 7)
        #expect(
            errorText { _ = try network.load(file) }
                == "load: \(file.path): the network has 7 classes, the weights 5")
    }
}

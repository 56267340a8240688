import StrictYAML
import Testing
import Torch

@testable import Models

/// Against Tests/Fixtures/models/make_families.py: small networks of every family as timm 1.0.31,
/// torchvision 0.26.0, transformers 4.57.1 and efficientnet_lite_pytorch 0.1.0 make them.
@Suite("Families") struct FamilyTests {
    struct Case: Decodable, CustomTestStringConvertible {
        struct Result: Decodable {
            let input: [Int]
            let logits: [[Double]]
        }

        let name: String
        let kind: String
        /// A card's section in one line.
        let architecture: String
        let classes: Int
        /// Whose names the weights have.
        let layout: String
        /// Of the weights of norms, by the generator's formula.
        var gain = 1.0
        let results: [Result]

        var testDescription: String { name }

        /// What a card of the network says of it.
        func read() throws -> Architecture {
            let family = try #require(Architecture.families.first { $0.kind == kind })
            let root = try SourcedNode.composing(
                "architecture: \(architecture)", path: name, overrides: [], noun: "card")
            let card = try SectionReader(root, noun: "card", known: ["architecture"])
            return try Architecture(of: family, in: card)
        }
    }

    struct Resampled: Decodable, CustomTestStringConvertible {
        let name: String
        let shape: [Int]
        let side: Int
        let prefix: Int
        let to: [Int]
        let sum: Double
        /// Each begins with its index.
        let rows: [[Double]]

        var testDescription: String { "\(name) \(shape) to \(side)" }
    }

    /// A network with the weights of one for images of another size.
    struct Resized: Decodable, CustomTestStringConvertible {
        /// Names of cases.
        let from: String
        let to: String
        let input: [Int]
        let logits: [[Double]]

        var testDescription: String { "\(from) to \(to)" }
    }

    struct Expected: Decodable {
        let cases: [Case]
        let gradients: [String: Reference.Gradients]
        let resized: [Resized]
        let resampled: [Resampled]
    }

    static let expected = try? Reference.decode(Expected.self, "families.json")

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("every family is proven, on batches") func complete() throws {
        let cases = try #require(Self.expected).cases
        #expect(Set(cases.map(\.kind)) == Set(Architecture.families.map { $0.kind }))
        #expect(cases.allSatisfy { $0.results.allSatisfy { $0.input[0] >= 2 } })
    }

    // PyTorch's own float32 is within 7e-6 of these numbers, which are float64's.
    @Test(
        "files of a library give its logits to 1e-4",
        arguments: FamilyTests.expected?.cases ?? [])
    func parity(_ expected: Case) throws {
        let network = try expected.read().makeNetwork(classes: expected.classes)
        // A library may have several: Hugging Face's ViT and its DeiT.
        let layouts = network.architecture.layouts.filter {
            $0.origins.map(\.rawValue).contains(expected.layout)
        }
        #expect(!layouts.isEmpty)
        let found = try layouts.map { layout in
            var tensors = try network.tensors(in: layout)
            for (name, tensor) in tensors {
                tensors[name] = try Fixtures.tensor(name, tensor.shape, gain: expected.gain)
            }
            _ = try network.load(folder.file(tensors))
            return try expected.results.map { result in
                largestDifference(
                    try network.evaluated(result.input), result.logits.flatMap { $0 })
            }.max() ?? .infinity
        }
        #expect(found.contains { $0 < 1e-4 }, "\(found)")
        // Else whatever is before the last biases could be anything.
        for result in expected.results {
            let first = try #require(result.logits.first)
            for other in result.logits.dropFirst() {
                #expect(
                    largestDifference(first.map(Float.init), other) > 1e-2, "images are lost")
            }
        }
    }

    @Test("the names that transformers 5 has in memory are known") func memoryNames() throws {
        let networks = try PublishedSizeTests.read("transformers_5.txt")
        #expect(networks.count == 4)
        for expected in networks {
            let network = try #require(Self.expected?.cases.first { $0.name == expected.name })
                .read().outline(classes: 7)
            let found = try network.architecture.layouts(of: .huggingface)
                .map { layout in
                    try network.tensors(in: layout)
                        .map { PublishedSizeTests.line($0.key, $0.value) }.sorted()
                }
            #expect(found.contains(expected.tensors.sorted()), "\(expected.name)")
        }
    }

    @Test(
        "gradients and running statistics are the library's",
        arguments: FamilyTests.expected?.gradients.keys.sorted() ?? [])
    func gradients(_ name: String) throws {
        let expected = try #require(Self.expected)
        let family = try #require(expected.cases.first { $0.name == name })
        let network = try family.read().makeNetwork(classes: family.classes)
        try #require(expected.gradients[name]).check(network, gain: family.gain)
    }

    @Test(
        "positions of another number of patches are timm's to 1e-6",
        arguments: FamilyTests.expected?.resampled ?? [])
    func resampled(_ expected: Resampled) throws {
        let tensor = try Fixtures.tensor(expected.name, expected.shape)
        let found = try #require(
            expected.shape.count == 2
                ? try tensor.resampledPositionBias(side: expected.side)
                : try tensor.resampledPositions(prefix: expected.prefix, side: expected.side))
        #expect(found.shape == expected.to)
        #expect(abs(try found.sum().item() - expected.sum) < 1e-4)
        let values = try found.floats()
        let width = expected.to[expected.to.count - 1]
        for row in expected.rows {
            let ours = values[Int(row[0]) * width..<(Int(row[0]) + 1) * width]
            #expect(largestDifference(Array(ours), Array(row.dropFirst())) < 1e-6, "\(row[0])")
        }
    }

    @Test(
        "weights for images of another size give the logits that timm has of them, to 1e-4",
        arguments: FamilyTests.expected?.resized ?? [])
    func resized(_ expected: Resized) throws {
        let cases = try #require(Self.expected).cases
        func network(_ name: String) throws -> any ImageClassifier {
            let network = try #require(cases.first { $0.name == name }).read()
                .makeNetwork(classes: 7)
            try Fixtures.fill(network)
            return network
        }
        let target = try network(expected.to)
        let logits = expected.logits.flatMap { $0 }
        // Its own weights of these names are others.
        #expect(largestDifference(try target.evaluated(expected.input), logits) > 1e-2)
        let notes = try target.load(folder.file(network(expected.from).store.tensors))
        #expect(notes.count == 1 && notes[0].contains("resampled: "), "\(notes)")
        #expect(largestDifference(try target.evaluated(expected.input), logits) < 1e-4)
    }

    @Test("weights of images of another size are resampled, and a line says so") func sizes() throws
    {
        let cases = try #require(Self.expected).cases
        for (kind, small, note) in [
            ("vit", "vit", "resampled: 'pos_embed' from [1, 10, 36] to [1, 26, 36]"),
            (
                "beit", "beit-at-40",
                "resampled: 2 tensors, 'blocks.0.attn.relative_position_bias_table' from [84, 3] "
                    + "to [228, 3]"
            ),
        ] {
            let origin = try #require(cases.first { $0.name == small && $0.kind == kind })
            let from = kind == "vit" ? 24 : 40
            let to = kind == "vit" ? 40 : 64
            let source = try origin.read().makeNetwork(classes: 7)
            try Fixtures.fill(source)
            let larger = Case(
                name: origin.name, kind: kind,
                architecture: origin.architecture.replacing(
                    "image_size: \(from)", with: "image_size: \(to)"),
                classes: 7, layout: origin.layout, results: [])
            let target = try larger.read().makeNetwork(classes: 7)
            var tensors = source.store.tensors
            if kind == "beit" {
                // The authors' files hold the index of their own size.
                tensors["blocks.0.attn.relative_position_index"] =
                    try relativePositionIndex(side: 5, device: .cpu).reshaped([26, 26])
            }
            let file = try folder.file(tensors)
            #expect(try target.load(file) == ["\(file.path): \(note)"])
            let logits = try target.evaluated([2, 3, to, to])
            #expect(logits.allSatisfy { $0.isFinite })
        }
        // A table that is no square's is not guessed at.
        let vit = try #require(cases.first { $0.name == "vit" }).read()
        let target = try vit.makeNetwork(classes: 7)
        var tensors = target.store.tensors
        tensors["pos_embed"] = try Tensor.zeros([1, 12, 36])
        let file = try folder.file(tensors)
        #expect(
            errorText { _ = try target.load(file) }
                == "load: \(file.path): wrong: 'pos_embed' expected float32 [1, 10, 36], found "
                + "float32 [1, 12, 36]; it looks like a transformer of another kind with timm's "
                + "names")
    }

    @Test("a card refuses what means nothing to its network") func cards() throws {
        func message(_ kind: String, _ architecture: String) -> String {
            errorText {
                _ = try Case(
                    name: "c", kind: kind, architecture: architecture, classes: 7, layout: "",
                    results: []
                ).read()
            }
        }
        #expect(
            message("resnet", "{depth: 50, block: basic}")
                .hasSuffix("architecture.block means something with a list of blocks only"))
        #expect(
            message("resnet", "{depth: [3, 4, 6]}")
                .hasSuffix(
                    "architecture.depth: expected one of 18, 34, 50, 101, 152, or a list of the "
                        + "blocks of each of four stages, found a list of 3"))
        #expect(
            message("resnet", "{depth: [3, 4, 0, 1]}").hasSuffix("found '0'"))
    }
}

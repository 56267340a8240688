import Foundation
import Recipes
import Testing
import Torch

@testable import Models

/// Against Tests/Fixtures/models/make_preprocessing.py: timm 1.0.31 and torchvision 0.26.0.
@Suite("Published evaluations") struct PublishedTests {
    struct Published: Decodable {
        let size: Int
        let resize: Int
        let interpolation: Recipe.Filter
        let mean: [Double]
        let std: [Double]
    }

    @Test("every name prepares images as its weights were evaluated") func preprocessing() throws {
        let published = try Fixtures.decode([String: Published].self, "preprocessing.json")
        // The micro BEiT is this project's own.
        #expect(Set(Registry.names) == Set(published.keys).union(["beit_micro_patch4_32"]))
        for (name, theirs) in published {
            #expect(
                Registry.preprocessing(named: name)
                    == .init(
                        size: theirs.size, resize: theirs.resize,
                        interpolation: theirs.interpolation, mean: theirs.mean, std: theirs.std),
                "\(name)")
        }
    }

    @Test("the micro BEiT's is its card's") func micro() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let card = try TeacherCard(contentsOf: "\(root)/teachers/beit_micro_patch4_32.yaml")
        #expect(Registry.preprocessing(named: "beit_micro_patch4_32") == card.preprocessing)
        #expect(Registry.architecture(named: "beit_micro_patch4_32") == card.architecture)
    }

    @Test("an unknown name has none") func unknown() {
        #expect(Registry.preprocessing(named: "resnet51") == nil)
    }
}

extension Recipe.Filter: Decodable {}

@Suite("Loading published weights") struct PublishedWeightsTests {
    private let micro: any ImageClassifier
    private let path: String

    init() throws {
        micro = try Registry.make(
            try #require(Registry.architecture(named: "beit_micro_patch4_32")), classes: 10)
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("ModelsTests-\(UUID().uuidString)").path
    }

    private func file(_ tensors: [(String, Tensor)]) throws -> SafetensorsFile {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafetensorsFile.write(tensors, to: path)
        return try SafetensorsFile(path: path)
    }

    @Test("the authors' files, which hold the relative position index, are taken") func index()
        throws
    {
        let entries = micro.store.entries.map { ($0.name, $0.tensor) }
        // timm's gen_relative_position_index, as ParityTests has checked it.
        let index = try relativePositionIndex(side: 8, device: .cpu).reshaped([65, 65])
        let blocks = (0..<4).map { ("blocks.\($0).attn.relative_position_index", index) }
        #expect(try micro.load(file(entries + blocks)) == [])
        let other = try index.transposed(0, 1).contiguous()
        let error = #expect(throws: TorchError.self) {
            try micro.load(file(entries + [("blocks.2.attn.relative_position_index", other)]))
        }
        #expect(
            error?.message
                == "\(path): 'blocks.2.attn.relative_position_index' is not what follows from this "
                + "architecture: the weights belong to another")
    }

    @Test("weights of other classes are refused with both counts") func classes() throws {
        let other = try Registry.make(
            try #require(Registry.architecture(named: "beit_micro_patch4_32")), classes: 7)
        let wrapped = try file(other.store.entries.map { ("module.\($0.name)", $0.tensor) })
        let error = #expect(throws: TorchError.self) { try micro.load(wrapped) }
        #expect(error?.message == "\(path): the network has 10 classes, the weights 7")
        #expect(
            try Registry.classes(
                of: try #require(Registry.architecture(named: "beit_micro_patch4_32")), in: wrapped)
                == 7)
    }

    @Test("a file without a head says what it holds instead") func headless() throws {
        let file = try file((0..<9).map { ("encoder.\($0)", try Tensor.zeros([])) })
        let error = #expect(throws: TorchError.self) {
            try Registry.classes(of: .resnet(depth: 18), in: file)
        }
        #expect(
            error?.message
                == "\(path): 'fc.weight', which has a row for each class, is missing; expected "
                + "torchvision's or timm's names, found 'encoder.0', 'encoder.1', 'encoder.2', "
                + "'encoder.3', 'encoder.4' and 4 more")
    }

    @Test("a head of no rows, or of more than there are classes, makes no network") func rows()
        throws
    {
        for rows in [0, 1 << 40] {
            let file = try file([("fc.weight", Tensor.zeros([rows, 0]))])
            let error = #expect(throws: TorchError.self) {
                try Registry.classes(of: .resnet(depth: 18), in: file)
            }
            #expect(
                error?.message
                    == "\(path): 'fc.weight' has \(rows) rows; expected 1 to 1000000 classes")
        }
    }

    @Test("torchvision's oldest files, without counters of batches, are taken") func counters()
        throws
    {
        let network = try Registry.make(.resnet(depth: 18), classes: 3)
        let entries = network.store.entries.filter { !$0.name.hasSuffix("num_batches_tracked") }
        #expect(try network.load(file(entries.map { ($0.name, $0.tensor) })) == [])
    }
}

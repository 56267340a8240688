import Testing
import Torch

@testable import Models

/// How a layout brings a file's tensors to a network's, and what it refuses.
@Suite("Weight layouts") struct WeightLayoutTests {
    let folder: TemporaryFolder
    let store: ParameterStore

    static let layout = WeightLayout(
        of: [.huggingface],
        renamed: [
            "norm.*": "final.normalization.*",
            "blocks.#.index": "encoder.#.position",
        ],
        joined: [
            "blocks.#.qkv.weight": ["encoder.#.query", "encoder.#.key", "encoder.#.value"]
        ],
        sliced: ["encoder.#.gates": ["blocks.#.open", "blocks.#.shut"]],
        ignored: ["encoder.#.mask", "pretraining.*"])

    init() throws {
        folder = try TemporaryFolder()
        store = try ParameterStore(seed: 3)
        for block in 0..<2 {
            let path = ParameterPath("blocks") / block
            let start = Initializer.normal(std: 0.1)
            _ = try store.parameter(path / "qkv" / "weight", shape: [6, 2], initializer: start)
            _ = try store.parameter(path / "open", shape: [1, 2], initializer: start)
            _ = try store.parameter(path / "shut", shape: [3, 2], initializer: start)
            try store.constant(path / "index", Tensor([1, 0] as [Int64], shape: [2]))
        }
        _ = try store.parameter("norm.weight", shape: [2], initializer: .ones)
        _ = try store.buffer(
            "norm.count", shape: [], fill: 7, dtype: .int64, mayBeAbsent: true, isNonNegative: true)
    }

    /// Rows of two, counted from a first number.
    private func rows(_ count: Int, from first: Int) throws -> Tensor {
        try Tensor((0..<2 * count).map { Float(first + $0) }, shape: [count, 2])
    }

    /// A file in the layout, with some tensors replaced; nil leaves one out.
    private func file(_ changes: [String: Tensor?] = [:]) throws -> SafetensorsFile {
        var tensors = [
            "final.normalization.weight": try Tensor([8, 9] as [Float], shape: [2])
        ]
        for block in 0..<2 {
            let start = 100 * block
            tensors["encoder.\(block).query"] = try rows(2, from: start)
            tensors["encoder.\(block).key"] = try rows(2, from: start + 10)
            tensors["encoder.\(block).value"] = try rows(2, from: start + 20)
            tensors["encoder.\(block).gates"] = try rows(4, from: start + 30)
        }
        for (name, tensor) in changes { tensors[name] = tensor }
        return try folder.file(tensors)
    }

    @discardableResult
    private func load(_ file: SafetensorsFile) throws -> [String] {
        try store.load(file, layouts: [.own, Self.layout])
    }

    /// What loading says after the path, which must have changed nothing.
    private func problem(_ changes: [String: Tensor?]) throws -> String {
        let before = try store.values()
        let file = try file(changes)
        let text = errorText { try load(file) }
        #expect(try store.values() == before)
        return text.dropping("load: \(file.path): ")
    }

    @Test("a number and an end mean the same on both sides; `#-1` is one less") func patterns() {
        let layout = WeightLayout(
            of: [.timm, .torchvision, .timm],
            renamed: [
                "layer#.#.conv#.*": "stages.#-1.layers.#.layer.#-1.convolution.*",
                "layer#.#": "whole.#.#",
            ])
        func found(_ name: String) -> [String] { layout.match(for: name).file }
        #expect(
            found("layer3.11.conv2.weight") == ["stages.2.layers.11.layer.1.convolution.weight"])
        #expect(found("layer10.0") == ["whole.10.0"])
        // What fits no pattern keeps its name.
        for name in ["layer3.11.conv2", "layer.11.conv2.weight", "layer3.0.x", "xlayer3.0", ""] {
            #expect(found(name) == [name])
        }
        #expect(!layout.isOwn && WeightLayout.own.isOwn)
        #expect(
            [WeightLayout.own, layout, Self.layout].owners
                == "timm's, torchvision's or Hugging Face's")
    }

    @Test("tensors are renamed, joined of rows, and cut into rows, in order") func pieces() throws {
        let file = try file()
        #expect(try load(file) == ["\(file.path): the tensors have Hugging Face's names"])
        for block in 0..<2 {
            let start = Float(100 * block)
            #expect(
                try store["blocks.\(block).qkv.weight"]?.floats()
                    == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23].map { $0 + start })
            #expect(try store["blocks.\(block).open"]?.floats() == [30, 31].map { $0 + start })
            #expect(
                try store["blocks.\(block).shut"]?.floats()
                    == [32, 33, 34, 35, 36, 37].map { $0 + start })
        }
        #expect(try store["norm.weight"]?.floats() == [8, 9])
        #expect(try store["norm.count"]?.int64s() == [7])
        #expect(store["blocks.0.shut"]?.requiresGrad == true)
    }

    @Test("what lacks, is too much or has another shape is told by the file's names")
    func mismatches() throws {
        #expect(try problem(["encoder.1.key": nil]) == "missing: 'encoder.1.key'")
        #expect(
            try problem(["encoder.0.gates": nil, "blocks.0.open": rows(1, from: 0)])
                == "missing: 'encoder.0.gates'; unexpected: 'blocks.0.open'")
        #expect(
            try problem(["encoder.1.key": rows(3, from: 0), "encoder.0.gates": rows(3, from: 0)])
                == "wrong: 'encoder.0.gates' expected float32 [4, 2], found float32 [3, 2], "
                + "'encoder.1.key' expected float32 [2, 2], found float32 [3, 2]")
        #expect(
            try problem([
                "encoder.0.query": .zeros([2, 2], dtype: .int64),
                "final.normalization.count": .zeros([]),
            ])
                == "wrong: 'encoder.0.query' expected float32 [2, 2], found int64 [2, 2], "
                + "'final.normalization.count' expected int64 [], found float32 []")
        let none: [String: Tensor?] = Dictionary(
            uniqueKeysWithValues: ["query", "key", "value", "gates"].map {
                ("encoder.0.\($0)", nil)
            })
        #expect(
            try problem(none.merging(["encoder.1.key": nil, "encoder.1.gates": nil]) { $1 })
                == "missing: 'encoder.0.query', 'encoder.0.key', 'encoder.0.value', "
                + "'encoder.0.gates', 'encoder.1.key' and 1 more")
    }

    @Test("a number that cannot be is told by the file's name, and nothing is changed")
    func numbers() throws {
        let odd = try Tensor([0, .nan, 1, .infinity] as [Float], shape: [2, 2])
        #expect(
            try problem(["encoder.1.value": odd])
                == "'encoder.1.value': 2 of 4 values are NaN or infinite; the training diverged, or "
                + "the file is damaged")
        let count = try Tensor([-1] as [Int64], shape: [])
        #expect(
            try problem(["final.normalization.count": count]).hasPrefix(
                "'final.normalization.count': -1.0 is below zero"))
    }

    @Test("a network is written as it is read, back to the last bit") func written() throws {
        let values = try store.values()
        let theirs = try Self.layout.tensors(of: store)
        #expect(
            theirs.map(\.name) == [
                "encoder.0.query", "encoder.0.key", "encoder.0.value", "encoder.0.gates",
                "encoder.1.query", "encoder.1.key", "encoder.1.value", "encoder.1.gates",
                "final.normalization.weight", "final.normalization.count",
            ])
        #expect(try theirs[1].tensor.floats() == Array(values[0][4..<8]))
        #expect(try theirs[3].tensor.floats() == values[1] + values[2])
        let file = try folder.file(
            Dictionary(uniqueKeysWithValues: theirs.map { ($0.name, $0.tensor) }))
        for entry in store.entries { try withoutGrad { try entry.tensor.fill(0) } }
        try load(file)
        #expect(try store.values() == values)
        // Constants are written where files of the layout hold them.
        let held = WeightLayout(
            of: [.microsoft], renamed: ["blocks.#.index": "encoder.#.position"],
            holdsConstants: true)
        #expect(
            try held.tensors(of: store).map(\.name).suffix(2)
                == ["encoder.0.position", "encoder.1.position"])
        #expect(try WeightLayout.own.tensors(of: store).map(\.name) == store.entries.map(\.name))
    }

    @Test("of layouts with the same names that which holds constants is taken where there are some")
    func constantsTell() throws {
        let plain = WeightLayout(of: [.timm], renamed: ["norm.*": "normalization.*"])
        let held = WeightLayout(
            of: [.microsoft], renamed: ["norm.*": "normalization.*"], holdsConstants: true)
        for (layout, owner) in [(plain, "timm's"), (held, "Microsoft's")] {
            let tensors = try layout.tensors(of: store)
            let file = try folder.file(
                Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }))
            #expect(
                try store.load(file, layouts: [plain, held])
                    == ["\(file.path): the tensors have \(owner) names"])
        }
    }

    @Test("a vector that multiplies pixels is one in the network, and reads and is written as such")
    func perPixel() throws {
        let layout = WeightLayout(
            of: [.torchvision], renamed: ["norm.*": "scale.*"], perPixel: ["norm.weight"])
        let values = try store.values()
        let tensors = try layout.tensors(of: store)
        let scale = try #require(tensors.first { $0.name == "scale.weight" }).tensor
        #expect(scale.shape == [2, 1, 1])
        let file = try folder.file(
            Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }))
        for entry in store.entries { try withoutGrad { try entry.tensor.fill(0) } }
        try store.load(file, layouts: [layout])
        #expect(try store.values() == values)
        // Of another shape neither way.
        let plain = WeightLayout(of: [.torchvision], renamed: ["norm.*": "scale.*"])
        #expect(
            errorText { try store.load(file, layouts: [plain]) }.hasSuffix(
                "wrong: 'scale.weight' expected float32 [2], found float32 [2, 1, 1]"))
        // torchvision's of the small ConvNeXt.
        let network = try Architecture(
            ConvNeXtConfiguration(depths: [1, 2, 1, 1], widths: [8, 16, 24, 32])
        ).outline(classes: 7)
        let theirs = try network.architecture.layouts(of: .torchvision)[0]
            .tensors(of: network.store)
        let scales = theirs.filter { $0.name.hasSuffix(".layer_scale") }
        #expect(
            scales.map(\.name) == [
                "features.1.0.layer_scale", "features.3.0.layer_scale", "features.3.1.layer_scale",
                "features.5.0.layer_scale", "features.7.0.layer_scale",
            ])
        #expect(
            scales.map(\.tensor.shape)
                == [[8, 1, 1], [16, 1, 1], [16, 1, 1], [24, 1, 1], [32, 1, 1]])
    }

    @Test("a constant is held against the network's, under the layout's name") func constants()
        throws
    {
        let index = try Tensor([1, 0] as [Int64], shape: [2])
        try load(file(["encoder.0.position": index]))
        #expect(
            try problem(["encoder.1.position": Tensor([1, 1] as [Int64], shape: [2])])
                == "'encoder.1.position' is not what follows from this architecture: the weights "
                + "belong to another")
    }

    @Test("what a layout ignores may be there, and nothing else") func ignored() throws {
        try load(file(["encoder.1.mask": .zeros([9]), "pretraining.head.weight": .zeros([3])]))
        #expect(
            try problem(["encoder.x.mask": .zeros([9]), "encoder.0.masks": .zeros([9])])
                == "unexpected: 'encoder.0.masks', 'encoder.x.mask'")
    }

    @Test("the layout is the one that knows the most names, in a wrapper as well") func chosen()
        throws
    {
        let own = try folder.file(store.tensors, name: "own.safetensors")
        #expect(try load(own) == [])
        let values = try store.values()
        let plain = try file()
        var wrapped: [String: Tensor] = ["module.encoder.0.mask": try .zeros([1])]
        for name in plain.names { wrapped["module.\(name)"] = try plain.tensor(name) }
        let file = try folder.file(wrapped, name: "wrapped.safetensors")
        #expect(
            try load(file) == [
                "\(file.path): all names begin with 'module.', which is left out",
                "\(file.path): the tensors have Hugging Face's names",
            ])
        #expect(try store.values() != values)
        // Of a file that neither knows, the network's own names are missing.
        let foreign = try folder.file(["x": .zeros([])], name: "foreign.safetensors")
        #expect(
            errorText { try load(foreign) }.hasPrefix(
                "load: \(foreign.path): missing: 'blocks.0.qkv.weight', "))
    }
}

import Testing

@testable import Torch

@Suite("ParameterStore") struct ParameterStoreTests {
    /// A small model: weights, a bias and BatchNorm's buffers.
    func model(seed: UInt64 = 3) throws -> ParameterStore {
        let store = try ParameterStore(seed: seed)
        let layer = ParameterPath("layer1") / 0
        _ = try store.parameter(
            layer / "conv1" / "weight", shape: [3, 2, 3, 3], initializer: .normal(std: 0.1))
        _ = try store.buffer(layer / "bn1" / "running_mean", shape: [3], fill: 0)
        _ = try store.buffer(
            layer / "bn1" / "num_batches_tracked", shape: [], fill: 0, dtype: .int64,
            mayBeAbsent: true)
        _ = try store.parameter("fc.bias", shape: [5], initializer: .uniform(bound: 0.5))
        return store
    }

    @Test("paths join with dots, and the root is empty") func paths() {
        let root: ParameterPath = ""
        #expect((root / "layer1" / 0 / "conv1").description == "layer1.0.conv1")
        #expect(root.description == "" && ParameterPath("fc") / "bias" == "fc.bias")
    }

    @Test("entries keep the order of creation, and buffers are marked") func order() throws {
        let store = try model()
        #expect(
            store.entries.map(\.name) == [
                "layer1.0.conv1.weight", "layer1.0.bn1.running_mean",
                "layer1.0.bn1.num_batches_tracked", "fc.bias",
            ])
        #expect(store.parameters.map(\.name) == ["layer1.0.conv1.weight", "fc.bias"])
        #expect(store.buffers.count == 2)
        #expect(store.parameters.allSatisfy { $0.tensor.requiresGrad })
        #expect(store.buffers.allSatisfy { !$0.tensor.requiresGrad })
        #expect(store["layer1.0.bn1.num_batches_tracked"]?.dtype == .int64)
        #expect(store["fc.weight"] == nil)
    }

    @Test("every initializer does what it says") func initializers() throws {
        let store = try ParameterStore(seed: 1)
        func values(_ name: ParameterPath, _ initializer: Initializer) throws -> [Float] {
            try store.parameter(name, shape: [1001], initializer: initializer).floats()
        }
        #expect(try values("zeros", .zeros).allSatisfy { $0 == 0 })
        #expect(try values("ones", .ones).allSatisfy { $0 == 1 })
        #expect(try values("constant", .constant(0.25)).allSatisfy { $0 == 0.25 })
        let uniform = try values("uniform", .uniform(bound: 0.5))
        #expect(uniform.allSatisfy { abs($0) <= 0.5 } && uniform.contains { abs($0) > 0.45 })
        // The standard error of a deviation from 1001 draws is 2.2 %: four of them.
        let normal = try values("normal", .normal(std: 3))
        let deviation = (normal.reduce(0) { $0 + $1 * $1 } / 1001).squareRoot()
        #expect(abs(deviation - 3) < 0.27)
        #expect(try values("truncated", .truncatedNormal(std: 9)).allSatisfy { abs($0) <= 2 })
    }

    @Test("a seed fixes every parameter, and another seed gives others") func seeds() throws {
        func values(_ seed: UInt64) throws -> [[Float]] {
            try model(seed: seed).parameters.map { try $0.tensor.floats() }
        }
        #expect(try values(3) == values(3))
        #expect(try values(3) != values(4))
    }

    @Test("a name is given once, and never empty") func names() throws {
        let store = try model()
        #expect(
            errorText { _ = try store.buffer("fc.bias", shape: [5], fill: 0) }
                == "parameter: the name 'fc.bias' is taken")
        #expect(
            errorText { _ = try store.parameter("", shape: [5], initializer: .zeros) }
                == "parameter: expected a name, found the root path")
        #expect(store.entries.count == 4)
    }

    @Test("a saved model is a file of all tensors, in order of creation") func save() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.safetensors"
        let store = try model()
        try store.buffers[1].tensor.fill(17)
        try store.save(to: path, metadata: ["epoch": "3"])
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["epoch": "3"])
        #expect(file.names == store.entries.map(\.name))
        for entry in store.entries {
            #expect(try isClose(file.tensor(entry.name), entry.tensor, tolerance: 0))
        }
    }
}

import Testing
import Torch

@testable import Models

/// What the liberties are with which weights are loaded, and where they end.
@Suite("Loading weights") struct LoadingTests {
    let folder: TemporaryFolder
    let store: ParameterStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ParameterStore(seed: 3)
        _ = try store.parameter("fc.weight", shape: [2, 3], initializer: .normal(std: 0.1))
        _ = try store.buffer("bn.mean", shape: [3], fill: 0)
        _ = try store.buffer(
            "bn.count", shape: [], fill: 7, dtype: .int64, mayBeAbsent: true, isNonNegative: true)
        try store.constant("index", Tensor([3, 1, 2, 0] as [Int64], shape: [2, 2]))
    }

    /// Tensors that fit, with some replaced; nil leaves one out.
    func tensors(_ changes: [String: Tensor?] = [:]) throws -> [String: Tensor] {
        var tensors = [
            "fc.weight": try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]),
            "bn.mean": try Tensor([-1, 0.5, 65504] as [Float], shape: [3]),
            "bn.count": try Tensor([5] as [Int64], shape: []),
        ]
        for (name, tensor) in changes { tensors[name] = tensor }
        return tensors
    }

    func file(_ tensors: [String: Tensor]) throws -> SafetensorsFile {
        try folder.file(tensors)
    }

    /// What loading says after the path, which must have changed nothing.
    func problem(_ tensors: [String: Tensor]) throws -> String {
        let before = try store.values()
        let file = try file(tensors)
        let text = errorText { try store.load(file) }
        #expect(try store.values() == before)
        let prefix = "load: \(file.path): "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    @Test("counts and squares below zero are refused, other numbers are not") func negative()
        throws
    {
        let reason =
            "is below zero, which it cannot be; the file is damaged, or another tensor has "
            + "this name"
        let count = try Tensor([-5] as [Int64], shape: [])
        #expect(try problem(tensors(["bn.count": count])) == "'bn.count': -5.0 \(reason)")
        _ = try store.buffer("bn.variance", shape: [3], fill: 1, isNonNegative: true)
        let variance = try Tensor([1, -0.5, 2] as [Float], shape: [3])
        #expect(
            try problem(tensors(["bn.variance": variance])) == "'bn.variance': -0.5 \(reason)")
        let zeros = try Tensor([0, -0.0, 2] as [Float], shape: [3])
        try store.load(file(tensors(["bn.variance": zeros])))
    }

    @Test("half and double precision are taken; only a loss is told", arguments: DType.allCases)
    func widths(_ dtype: DType) throws {
        guard dtype.isFloatingPoint else { return }
        let whole = try tensors()
        let narrow = try whole.mapValues { $0.dtype == .float32 ? try $0.to(dtype) : $0 }
        let file = try file(narrow)
        #expect(
            try store.load(file)
                == (dtype == .float64
                    ? ["\(file.path): float64 weights are rounded to float32"] : []))
        #expect(store["fc.weight"]?.dtype == .float32)
        #expect(try store["fc.weight"]?.floats() == [1, 2, 3, 4, 5, 6])
        // 65504 is float16's largest number, and rounds to 65536 in bfloat16.
        #expect(try store["bn.mean"]?.floats() == [-1, 0.5, dtype == .bfloat16 ? 65536 : 65504])
    }

    @Test("a fraction is not taken for a count, nor a byte for a fraction") func kinds() throws {
        let count = try Tensor([5] as [Float], shape: [])
        let bytes = try Tensor.ones([3], dtype: .uint8)
        #expect(
            try problem(tensors(["bn.count": count, "bn.mean": bytes]))
                == "wrong: 'bn.mean' expected float32 [3], found uint8 [3], 'bn.count' expected "
                + "int64 [], found float32 []")
    }

    @Test("a counter that is missing is what it was made as") func absent() throws {
        try store.load(file(tensors()))
        #expect(try store["bn.count"]?.int64s() == [5])
        #expect(try store.load(file(tensors(["bn.count": nil]))) == [])
        #expect(try store["bn.count"]?.int64s() == [7])
        #expect(try problem(tensors(["bn.mean": nil])) == "missing: 'bn.mean'")
    }

    @Test(
        "a wrapper's prefix is left out, with a line that says so",
        arguments: ["module.", "_orig_mod.", "module._orig_mod.", "state_dict.model."])
    func prefixes(_ prefix: String) throws {
        let wrapped = try tensors(["index": store.constants["index"]])
            .map { (prefix + $0.key, $0.value) }
        let file = try file(Dictionary(uniqueKeysWithValues: wrapped))
        #expect(
            try store.load(file)
                == ["\(file.path): all names begin with '\(prefix)', which is left out"])
        #expect(try store["fc.weight"]?.floats() == [1, 2, 3, 4, 5, 6])
    }

    @Test("a prefix is a wrapper's only if all names have it") func mixedPrefixes() throws {
        var half = try tensors()
        half["module.bn.mean"] = half.removeValue(forKey: "bn.mean")
        #expect(try problem(half) == "missing: 'bn.mean'; unexpected: 'module.bn.mean'")
        // A network whose own names begin alike keeps them.
        #expect(WrapperPrefix.common(to: ["fc.weight", "fc.bias"]) { $0 == "fc.bias" } == "")
        #expect(WrapperPrefix.common(to: ["a.b.c", "a.b.d"]) { $0 == "x" } == "")
        let dots = String(repeating: ".", count: 1_000_000)
        #expect(WrapperPrefix.common(to: [dots]) { $0 == "x" } == "")
    }

    @Test("what stands in a tensor's place is named, if the tensor is needed") func obstacles()
        throws
    {
        // Against Tests/Fixtures/torch/make_pickles.py.
        let file = try WeightsArchives.open(Fixtures.path("torch/pickles/system-inside.pth"))
        let both = try ParameterStore(seed: 1)
        let bias = try both.parameter("bias", shape: [1], initializer: .zeros)
        let alone = try ParameterStore(seed: 1)
        _ = try alone.parameter("bias", shape: [1], initializer: .zeros)
        _ = try both.parameter("weight", shape: [1], initializer: .zeros)
        #expect(
            errorText { try both.load(file) }
                == "load: \(file.path): missing: 'weight' (made by posix.system, which is never run)"
        )
        #expect(try bias.floats() == [0])
        #expect(
            try alone.load(file) == [
                "\(file.path): left aside, as no tensors: 'weight' (made by posix.system, which is "
                    + "never run), 'epoch'"
            ])
        #expect(try alone["bias"]?.floats() == [1])
    }

    @Test("a checkpoint of several networks is named as one") func checkpoint() throws {
        var both: [String: Tensor] = [:]
        for (name, tensor) in try tensors() {
            both["model.\(name)"] = tensor
            both["ema.\(name)"] = tensor
        }
        #expect(
            try problem(both)
                == "holds the network's tensors under 'ema.', 'model.', as a training's checkpoint "
                + "does; take one set of them out of it")
    }

    @Test("a constant may be there if it is the architecture's") func constants() throws {
        let index = try #require(store.constants["index"])
        #expect(try store.load(file(tensors(["index": index]))) == [])
        let others = [
            try Tensor([3, 1, 2, 1] as [Int64], shape: [2, 2]), try Tensor.zeros([3, 3]),
        ]
        for other in others {
            #expect(
                try problem(tensors(["index": other]))
                    == "'index' is not what follows from this architecture: the weights belong to "
                    + "another")
        }
        #expect(!store.entries.contains { $0.name == "index" })
        #expect(
            errorText { _ = try store.buffer("index", shape: [], fill: 0) }
                == "parameter: the name 'index' is taken")
    }

    @Test("NaN and infinity are refused with the tensor's name", arguments: DType.allCases)
    func notFinite(_ dtype: DType) throws {
        guard dtype.isFloatingPoint else { return }
        for values: [Float] in [[.nan, 0, 1], [.infinity, -.infinity, 1], [1, -.infinity, 2]] {
            let odd = try Tensor(values, shape: [3]).to(dtype)
            let count = values.filter { !$0.isFinite }.count
            #expect(
                try problem(tensors(["bn.mean": odd]))
                    == "'bn.mean': \(count) of 3 values are NaN or infinite; the training diverged, "
                    + "or the file is damaged")
        }
        // What float32 cannot hold is infinite in it.
        let large = try (Tensor.full([3], 1e38).to(.float64) * 1e3)
        #expect(try problem(tensors(["bn.mean": large])).hasPrefix("'bn.mean': 3 of 3 values"))
    }

    @Test("large values whose sum overflows are finite all the same") func overflow() throws {
        let large = try Tensor.full([3], 3e38)
        #expect(try large.sum().item() == .infinity)
        #expect(try large.nonFiniteCount() == 0)
        try store.load(file(tensors(["bn.mean": large])))
        let rows = try Tensor(
            [3e38, 3e38, .nan, 0, 1, 2, -.infinity, 1] as [Float], shape: [4, 2])
        #expect(try rows.nonFiniteRows() == [1, 3])
        #expect(try Tensor.ones([0, 4]).nonFiniteRows() == [])
        #expect(try Tensor.ones([3], dtype: .int64).nonFiniteCount() == 0)
    }

    @Test("lists end after five names") func lists() throws {
        var many: [String: Tensor] = [:]
        for index in 0..<100 { many["n\(index + 100)"] = try Tensor.zeros([]) }
        #expect(
            try problem(many)
                == "missing: 'fc.weight', 'bn.mean'; unexpected: 'n100', 'n101', 'n102', 'n103', "
                + "'n104' and 95 more")
    }

    @Test("everything that does not fit is listed at once, of a dictionary as of a file")
    func mismatches() throws {
        let found = [
            "fc.weight": try Tensor.zeros([3, 2]), "bn.count": try Tensor.zeros([]),
            "head.bias": try Tensor.zeros([4]), "aux.bias": try Tensor.zeros([4]),
        ]
        let problems =
            "missing: 'bn.mean'; unexpected: 'aux.bias', 'head.bias'; wrong: 'fc.weight' expected "
            + "float32 [2, 3], found float32 [3, 2], 'bn.count' expected int64 [], found float32 []"
        #expect(try problem(found) == problems)
        #expect(errorText { try store.load(tensors: found) } == "load: tensors: \(problems)")
    }

    @Test("a saved model loads into another, in place") func saved() throws {
        let path = "\(folder.path)/saved.safetensors"
        let mean = try #require(store["bn.mean"])
        let weight = try #require(store["fc.weight"])
        try mean.fill(17)
        let values = try store.values()
        try store.save(to: path)
        try mean.fill(3)
        try store.load(tensors: tensors())
        #expect(try weight.floats() == [1, 2, 3, 4, 5, 6])
        try store.load(SafetensorsFile(path: path))
        #expect(try store.values() == values)
        // The layer's own tensor was overwritten, not replaced.
        #expect(try mean.floats() == [17, 17, 17])
        #expect(weight.requiresGrad)
    }
}

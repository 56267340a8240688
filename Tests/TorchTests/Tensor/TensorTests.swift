import CTorch
import Testing

@testable import Torch

@Suite("Tensor") struct TensorTests {
    @Test("values survive the way in and out, whatever the memory order") func values() throws {
        let floats = try Tensor([1.5, -2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(try floats.floats() == [1.5, -2, 3, 4, 5, 6])
        #expect(try floats.transposed(0, 1).floats() == [1.5, 4, -2, 5, 3, 6])
        #expect(try Tensor([-1, 1 << 40] as [Int64], shape: [2, 1]).int64s() == [-1, 1 << 40])
        #expect(try Tensor([0, 255, 7] as [UInt8], shape: [3]).bytes() == [0, 255, 7])
        #expect(try floats.to(.bfloat16).floats() == [1.5, -2, 3, 4, 5, 6])
        #expect(try Tensor.full([], 2.5).item() == 2.5)
        #expect(try Tensor.arange(4).int64s() == [0, 1, 2, 3])
        #expect(try Tensor([0, 2] as [UInt8], shape: [2]).int64s() == [0, 2])
    }

    @Test("properties say shape, dtype, device and order") func properties() throws {
        let images = try Tensor.zeros([2, 3, 5, 7], dtype: .uint8)
        #expect(images.shape == [2, 3, 5, 7])
        #expect(images.rank == 4 && images.count == 210)
        #expect(images.dtype == .uint8 && images.device == .cpu)
        #expect(images.description == "Tensor [2, 3, 5, 7] uint8 cpu")
        let last = try images.contiguous(.channelsLast)
        #expect(last.isContiguous(.channelsLast) && !last.isContiguous && images.isContiguous)
        #expect(try Tensor.zeros([]).shape == [] && Tensor.zeros([0, 3]).count == 0)
        for dtype in DType.allCases {
            let tensor = try Tensor.ones([3], dtype: dtype)
            #expect(tensor.dtype == dtype)
            #expect(try tensor.to(.float32).floats() == [1, 1, 1])
        }
    }

    @Test("bytes are copied in and out in the tensor's own dtype") func rawBytes() throws {
        let source: [UInt8] = [0, 1, 1, 0, 1, 0]
        let mask = try source.withUnsafeBytes {
            try Tensor(copying: $0, shape: [2, 3], dtype: .bool)
        }
        #expect(mask.dtype == .bool)
        var copy = [UInt8](repeating: 9, count: 6)
        try copy.withUnsafeMutableBytes { try mask.copyBytes(into: $0) }
        #expect(copy == source)
        let text = errorText {
            try copy.withUnsafeMutableBytes { bytes in
                try mask.copyBytes(into: .init(rebasing: bytes[..<5]))
            }
        }
        #expect(text == "copyBytes: expected room for 6 bytes, found 5 (found [2, 3] bool)")
    }

    @Test("wrong counts, negative and overflowing shapes are errors before any allocation")
    func badShapes() throws {
        #expect(
            errorText { _ = try Tensor([1, 2] as [Float], shape: [3]) }
                == "tensor: expected 3 values for [3], found 2")
        #expect(
            errorText { _ = try Tensor([1, 2] as [Float], shape: [-1, -2]) }
                == "tensor: expected no values for [-1, -2], found 2")
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(
            errorText { _ = try Tensor(copying: none, shape: [1 << 62, 4], dtype: .bool) }
                == "tensor: expected a shape that fits in memory, found [4611686018427387904, 4]")
        #expect(
            errorText { _ = try Tensor(copying: none, shape: [2], dtype: .float16) }
                == "tensor: expected 4 bytes for [2] float16, found 0")
        #expect(errorText { _ = try Tensor.zeros([-2]) }.hasPrefix("full: "))
        let bools: [UInt8] = [0, 2]
        #expect(
            errorText {
                _ = try bools.withUnsafeBytes {
                    try Tensor(copying: $0, shape: [2], dtype: .bool)
                }
            } == "tensor: expected bool bytes 0 or 1, found 2")
    }

    @Test("a named operation's error states expected and found shapes on one line")
    func shapeErrors() throws {
        let x = try Tensor.ones([2, 4, 5, 5])
        let w = try Tensor.ones([6, 3, 3, 3])
        let cases: [(String, () throws -> Tensor)] = [
            (
                "conv2d: expected input [N, 3, H, W] for weight [6, 3, 3, 3], "
                    + "found [2, 4, 5, 5] float32, [6, 3, 3, 3] float32", { try x.conv2d(w) }
            ),
            (
                "linear: expected input […, 3] for weight [6, 3, 3, 3], found",
                { try x.linear(w) }
            ),
            (
                "reshaped: expected elements for [7, 2], found [2, 4, 5, 5]",
                { try x.reshaped([7, 2]) }
            ),
            (
                "narrowed: expected entries 3 to 6 in dimension 1, found [2, 4, 5, 5]",
                { try x.narrowed(dimension: 1, start: 3, count: 3) }
            ),
            (
                "concatenated: expected shapes that differ only in dimension 0, found",
                { try Tensor.concatenated([x, w], dimension: 0) }
            ),
            (
                "stacked: expected tensors of one shape, found [2, 4",
                { try Tensor.stacked([x, w]) }
            ),
            ("sum: expected a dimension 4, found [2, 4", { try x.sum(dimensions: [4]) }),
            ("topK: expected at least 9 entries in dimension -1, found", { try x.topK(9).values }),
        ]
        for (prefix, body) in cases {
            let text = errorText { _ = try body() }
            #expect(text.hasPrefix(prefix), "\(text)")
            #expect(!text.contains("\n"))
        }
        #expect(
            errorText { try x.copy(from: w) } == "copy: expected [2, 4, 5, 5], found [6, 3, 3, 3]")
        #expect(
            errorText {
                _ = try x.batchNorm(
                    weight: nil, bias: nil, runningMean: nil, runningVariance: nil, training: false)
            } == "batchNorm: expected running statistics outside training, found none")
        #expect(
            errorText { _ = try Tensor.arange(2).floats() }
                == "floats: expected a floating, uint8 or bool tensor, found int64")
        #expect(errorText { _ = try x.item() }.hasPrefix("item: expected one element, found 200"))
    }

    @Test("views share memory, clones do not") func sharing() throws {
        let x = try Tensor.zeros([3, 5])
        try x.selected(dimension: 0, index: 1).fill(2)
        let clone = try x.cloned()
        try x.narrowed(dimension: 1, start: 0, count: 1).fill(7)
        #expect(try x.floats() == [7, 0, 0, 0, 0, 7, 2, 2, 2, 2, 7, 0, 0, 0, 0])
        #expect(try clone.floats() == [0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0])
    }
}

@Suite("Tensor lifetime") struct TensorLifetimeTests {
    /// ARC may release a temporary right after its handle was read. In an optimized build that is
    /// inside the call; a dangling handle then reads freed memory, which the reuse by the next
    /// temporaries makes visible as wrong numbers.
    @Test("temporaries live until the call they are passed to returns") func temporaries() throws {
        for i in 0..<2000 {
            let value = Double(i)
            let sum = try Tensor.full([257], value) + Tensor.full([257], 1)
            let product = try (sum * (try Tensor.full([257], 2))).sum().item()
            #expect(product == 257 * 2 * (value + 1))
            let joined = try Tensor.concatenated(
                [Tensor.full([3], value), Tensor.full([5], value + 1)], dimension: 0)
            #expect(try joined.sum().item() == 3 * value + 5 * (value + 1))
            let norms = try Foreach.norms([Tensor.full([4], value), Tensor.full([9], value)])
            // Sums of squares beyond 2^24 round: a unit or two in the last place of a float32.
            for (norm, expected) in zip(norms, [2 * value, 3 * value]) {
                #expect(try abs(norm.item() - expected) <= 2.4e-7 * expected)
            }
        }
    }

    @Test("a lent tensor lives until the body returns, and dies after it") func lending() throws {
        weak var probe: Tensor?
        func temporary() throws -> Tensor {
            let tensor = try Tensor.full([3], 2)
            probe = tensor
            return tensor
        }
        let alone = try temporary().withHandle { _ in probe != nil }
        #expect(alone)
        #expect(probe == nil)
        let listed = Tensor.withHandles([try temporary(), nil]) { handles in
            handles.count == 2 && handles[1] == nil && probe != nil
        }
        #expect(listed)
        #expect(probe == nil)
    }

    @Test("a hundred thousand results leave no handle behind") func noLeak() throws {
        // Other suites run at the same time, so a few hundred handles more are no leak.
        let before = ct_live_tensors()
        let x = try Tensor.ones([2, 3])
        for _ in 0..<20_000 {
            _ = try (x + x).sum()
            _ = try x.topK(2)
            _ = try? x.reshaped([7])
            _ = try Foreach.sqrt([x])
        }
        #expect(ct_live_tensors() - before < 2000)
    }
}

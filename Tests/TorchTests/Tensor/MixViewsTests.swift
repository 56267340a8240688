import Testing

@testable import Torch

@Suite("Mixing of views") struct MixViewsTests {
    private let mean = [0.485, 0.456, 0.406]
    private let deviation = [0.229, 0.224, 0.225]

    /// `[count, 5, 7, 3]`, every byte different from its neighbors.
    private func pixels(_ count: Int) throws -> Tensor {
        let bytes = (0..<count * 105).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 256) }
        return try Tensor(bytes, shape: [count, 5, 7, 3])
    }

    /// The same by libtorch's operations, as timm does it.
    private func normalized(_ pixels: Tensor) throws -> Tensor {
        let images = try pixels.permuted([0, 3, 1, 2]).to(.float32) / 255
        let mean = try Tensor(mean.map(Float.init), shape: [1, 3, 1, 1])
        let deviation = try Tensor(deviation.map(Float.init), shape: [1, 3, 1, 1])
        return try (images - mean) / deviation
    }

    @Test("normalizing equals libtorch's operations to the last bit") func normalizing() throws {
        let pixels = try pixels(3)
        let ours = try pixels.normalizedViews(mean: mean, deviation: deviation)
        #expect(ours.shape == [3, 3, 5, 7])
        #expect(ours.isContiguous(.channelsLast))
        #expect(try ours.floats() == normalized(pixels).floats())
    }

    @Test("mixup equals libtorch's operations to the last bit", arguments: [2, 3, 8]) func mixup(
        count: Int
    ) throws {
        let pixels = try pixels(count)
        let images = try normalized(pixels)
        for lambda in [0, 0.3, 0.7, 0.999] {
            let expected = try images * lambda + images.flipped([0]) * (1 - lambda)
            let ours = try pixels.normalizedViews(
                mean: mean, deviation: deviation, lambda: lambda)
            #expect(try ours.floats() == expected.floats())
        }
    }

    @Test("CutMix pastes the partner's box, for any box", arguments: [2, 3, 8])
    func cutmix(count: Int) throws {
        let pixels = try pixels(count)
        let images = try normalized(pixels)
        for box in [(0, 0, 7, 5), (2, 1, 3, 2), (6, 4, 1, 1), (0, 3, 7, 1)] {
            let expected = try images.cloned()
            let partner = try images.flipped([0])
            func cut(_ x: Tensor) throws -> Tensor {
                try x.narrowed(dimension: 2, start: box.1, count: box.3)
                    .narrowed(dimension: 3, start: box.0, count: box.2)
            }
            try cut(expected).copy(from: cut(partner))
            let ours = try pixels.normalizedViews(
                mean: mean, deviation: deviation,
                box: (x: box.0, y: box.1, width: box.2, height: box.3))
            #expect(try ours.floats() == expected.floats())
        }
    }

    @Test("wrong pixels and boxes are errors") func faults() throws {
        let pixels = try pixels(2)
        #expect(throws: TorchError.self) {
            try pixels.to(.float32).normalizedViews(mean: mean, deviation: deviation)
        }
        #expect(throws: TorchError.self) {
            try pixels.normalizedViews(
                mean: mean, deviation: deviation, box: (x: 5, y: 0, width: 3, height: 1))
        }
    }

    @Test("a host buffer and its tensor share memory") func hostBuffer() throws {
        let buffer = try HostBuffer(count: 12)
        let tensor = try buffer.tensor(shape: [3, 4])
        for index in 0..<12 { buffer.bytes[index] = UInt8(index * 3) }
        #expect(try tensor.bytes() == (0..<12).map { UInt8($0 * 3) })
        #expect(throws: TorchError.self) { try buffer.tensor(shape: [5, 3]) }
    }
}

import Testing

@testable import Torch

/// Against the numbers of PyTorch 2.11.0, from Tests/Fixtures/torch/make_fixtures.py.
///
/// Both sides run the same kernels, but on possibly different instruction sets and with different
/// orders of summation, so float32 results agree to a few units in the last place: 1e-5 relative
/// for sums of up to a hundred products.
@Suite("Operations") struct OperationTests {
    let tolerance: Float = 1e-5
    let file: SafetensorsFile

    init() throws {
        file = try SafetensorsFile(path: Fixture.path("ops.safetensors"))
    }

    func inputs(_ name: String, _ count: Int, grad: Int = 0) throws -> [Tensor] {
        try (0..<count).map { i in
            let tensor = try file.tensor("\(name).\(i)")
            if i < grad { try tensor.setRequiresGrad(true) }
            return tensor
        }
    }

    func expect(_ found: Tensor?, _ name: String, _ location: SourceLocation = #_sourceLocation)
        throws
    {
        let found = try #require(found, sourceLocation: location)
        let expected = try file.tensor(name)
        #expect(
            try isClose(found, expected, tolerance: tolerance), "\(name)",
            sourceLocation: location)
    }

    @Test("conv2d and its gradients") func conv2d() throws {
        let x = try inputs("conv2d", 3, grad: 2)
        let y = try x[0].conv2d(x[1], bias: x[2], stride: 2, padding: 1)
        try y.square().sum().backward()
        try expect(y, "conv2d.result")
        try expect(x[0].grad, "conv2d.dx")
        try expect(x[1].grad, "conv2d.dw")
    }

    @Test("conv2d on channels-last images gives the same numbers") func channelsLast() throws {
        let x = try inputs("conv2d", 3)
        let y = try x[0].contiguous(.channelsLast)
            .conv2d(x[1].contiguous(.channelsLast), bias: x[2], stride: 2, padding: 1)
        #expect(y.isContiguous(.channelsLast))
        try expect(y, "conv2d.result")
    }

    @Test("a convolution in groups with holes, and its gradients") func grouped() throws {
        let x = try inputs("grouped", 3, grad: 2)
        let y = try x[0].conv2d(x[1], bias: x[2], stride: 2, padding: 2, dilation: 2, groups: 2)
        try y.square().sum().backward()
        try expect(y, "grouped.result")
        try expect(x[0].grad, "grouped.dx")
        try expect(x[1].grad, "grouped.dw")
        let error = #expect(throws: TorchError.self) { try x[0].conv2d(x[1], groups: 3) }
        #expect(
            error?.message.hasPrefix(
                "expected input [N, 6, H, W] for weight [6, 2, 3, 3] of 3 groups")
                == true)
    }

    @Test("linear and its gradients") func linear() throws {
        let x = try inputs("linear", 3, grad: 2)
        let y = try x[0].linear(x[1], bias: x[2])
        try y.square().sum().backward()
        try expect(y, "linear.result")
        try expect(x[0].grad, "linear.dx")
        try expect(x[1].grad, "linear.dw")
    }

    @Test("batchNorm in both modes, its gradients and running statistics") func batchNorm() throws {
        let x = try inputs("batch_norm", 5, grad: 2)
        let eval = try x[0].batchNorm(
            weight: x[1], bias: x[2], runningMean: x[3], runningVariance: x[4], training: false)
        try expect(eval, "batch_norm.eval")
        // Without statistics: the same result, and nothing is updated.
        let before = try x[3].floats()
        let bare = try x[0].batchNorm(
            weight: x[1], bias: x[2], runningMean: nil, runningVariance: nil, training: true)
        try expect(bare, "batch_norm.result")
        #expect(try x[3].floats() == before)

        let y = try x[0].batchNorm(
            weight: x[1], bias: x[2], runningMean: x[3], runningVariance: x[4], training: true)
        try y.square().sum().backward()
        try expect(y, "batch_norm.result")
        try expect(x[0].grad, "batch_norm.dx")
        try expect(x[1].grad, "batch_norm.dw")
        try expect(x[3], "batch_norm.mean")
        try expect(x[4], "batch_norm.variance")
    }

    @Test("layerNorm and its gradients") func layerNorm() throws {
        let x = try inputs("layer_norm", 3, grad: 2)
        let y = try x[0].layerNorm(weight: x[1], bias: x[2], epsilon: 1e-6)
        try y.square().sum().backward()
        try expect(y, "layer_norm.result")
        try expect(x[0].grad, "layer_norm.dx")
        try expect(x[1].grad, "layer_norm.dw")
    }

    @Test("attention with bias, its gradients, and with a scale") func attention() throws {
        let x = try inputs("attention", 4, grad: 4)
        let y = try Tensor.attention(x[0], x[1], x[2], bias: x[3])
        try y.square().sum().backward()
        try expect(y, "attention.result")
        try expect(x[0].grad, "attention.dx")
        try expect(x[3].grad, "attention.dbias")
        try expect(try Tensor.attention(x[0], x[1], x[2], scale: 0.5), "attention.scaled")
    }

    @Test("pooling at odd sizes") func pooling() throws {
        let x = try file.tensor("pool.0")
        try expect(try x.maxPool2d(size: 3, stride: 2, padding: 1), "pool.max")
        try expect(try x.adaptiveAveragePool2d([2, 3]), "pool.average")
    }

    @Test("padding, averages of windows and bicubic sizes are PyTorch's") func spatial() throws {
        let x = try file.tensor("spatial.0")
        try expect(x.padded(left: 1, right: 2, top: 0, bottom: 3), "spatial.padded")
        try expect(x.padded(left: -1, right: 0, top: 2, bottom: -2), "spatial.cut")
        try expect(
            x.averagePool2d(size: 2, stride: 2, ceil: true, countsPadding: false), "spatial.ceil")
        try expect(x.averagePool2d(size: 3, stride: 2, padding: 1), "spatial.counted")
        try expect(
            x.averagePool2d(size: 3, stride: 2, padding: 1, countsPadding: false),
            "spatial.uncounted")
        try expect(x.resizedBicubic(height: 9, width: 8, antialias: false), "spatial.larger")
        try expect(x.resizedBicubic(height: 3, width: 4, antialias: true), "spatial.smaller")
        try expect(x.resizedBicubic(height: 9, width: 8, antialias: true), "spatial.widened")
    }

    @Test("functions that are clipped") func clipped() throws {
        let x = try file.tensor("clipped.0")
        try expect(x.relu6(), "clipped.relu6")
        try expect(x.hardSwish(), "clipped.hard_swish")
        try expect(x.hardSigmoid(), "clipped.hard_sigmoid")
    }

    @Test("elementwise functions, softmax and reductions") func unary() throws {
        let x = try file.tensor("unary.0")
        try expect(try x.relu(), "unary.relu")
        try expect(try x.gelu(), "unary.gelu")
        let absolute = try x.square().sqrt()
        try expect(try absolute.log(), "unary.log")
        try expect(try absolute.sqrt(), "unary.sqrt")
        try expect(try x.square(), "unary.square")
        try expect(try x.clamped(min: -0.5, max: 0.75), "unary.clamp")
        try expect(try x.softmax(), "unary.softmax")
        try expect(try x.softmax(dimension: 0), "unary.softmax0")
        try expect(try x.logSoftmax(), "unary.log_softmax")
        try expect(try x.topK(3).values, "unary.top3")
        #expect(
            try x.topK(3).indices.int64s() == file.tensor("unary.top3_indices").int64s())
        try expect(try x.sum(dimensions: [1], keepDimensions: true), "unary.sum1")
        try expect(try x.mean(), "unary.mean")
        try expect(-x, "unary.neg")
        try expect(2 - x, "unary.rsub")
        try expect(2 / x, "unary.rdiv")
    }

    @Test("draws are PyTorch's and timm's for the same seed") func draws() throws {
        func drawn(
            _ shape: [Int], _ body: (Tensor, RandomGenerator) throws -> Void
        ) throws -> Tensor {
            let tensor = try Tensor.empty(shape)
            try body(tensor, try RandomGenerator(seed: 7))
            return tensor
        }
        try expect(
            drawn([3, 7]) { try $0.uniform(from: -0.25, to: 0.5, generator: $1) }, "draws.uniform")
        try expect(
            drawn([5, 7]) { try $0.normal(mean: 1, std: 2, generator: $1) }, "draws.normal")
        try expect(
            drawn([7, 11]) { try $0.truncatedNormal(std: 1.5, generator: $1) }, "draws.truncated")
        try expect(
            drawn([3, 5]) { try $0.truncatedNormal(std: 0.02, generator: $1) }, "draws.small")
    }

    @Test("a wide truncated normal fills -2 ... 2 and never leaves it") func truncated() throws {
        let values = try Tensor.empty([10_001])
        try values.truncatedNormal(std: 3, generator: try RandomGenerator(seed: 1))
        let floats = try values.floats()
        #expect(floats.allSatisfy { abs($0) <= 2 })
        #expect(floats.contains { $0 < -1.9 } && floats.contains { $0 > 1.9 })
    }
}

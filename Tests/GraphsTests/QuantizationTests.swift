import Models
import Testing
import Torch

@testable import Graphs

@Suite("Integers of 8 bits") struct QuantizationTests {
    private func scales(
        _ graph: Graph, _ images: Tensor
    ) throws -> [String: ActivationScale] {
        try ActivationScales.measured(of: graph, over: 1) { _ in images }
    }

    private func folded(_ name: String) throws -> (graph: Graph, images: Tensor) {
        try folded(#require(Networks.all.first { $0.name == name }))
    }

    private func folded(_ network: Network) throws -> (graph: Graph, images: Tensor) {
        let (network, size) = try Networks.make(network)
        return (
            try network.graph(imageSize: size).foldingBatchNorms(),
            try Networks.images(size, count: 4)
        )
    }

    @Test("a scale covers its range, has zero among its numbers, and spans nothing without values")
    func coverage() {
        let relu = ActivationScale(covering: 0...5.1)
        #expect(relu.zero == 0 && abs(relu.scale - 0.02) < 1e-6)
        let signed = ActivationScale(covering: -1...3)
        #expect(signed.rounded(0) == 0 && signed.zero == 64)
        #expect(abs(signed.rounded(3) - 3) < 0.02 && abs(signed.rounded(-1) + 1) < 0.02)
        #expect(signed.rounded(100) < 3.1 && signed.rounded(-100) > -1.1)
        // Away from zero on one side, zero is covered all the same.
        #expect(ActivationScale(covering: 2...4) == ActivationScale(covering: 0...4))
        #expect(ActivationScale(covering: 0...0) == ActivationScale(covering: -1e-45...1e-45))
    }

    @Test("outliers are cut off where that makes the mean error less, and only there")
    func outliers() {
        var counts = [Double](repeating: 100, count: 2048)
        let even = ActivationScale(range: 0...10, counts: counts)
        #expect(even == ActivationScale(covering: 0...10))
        // One value in a million at the end of the range, all others in its first third.
        counts = (0..<2048).map { $0 < 700 ? 1_000_000 : 0 }
        counts[2047] = 1
        let cut = ActivationScale(range: 0...10, counts: counts)
        #expect(cut.scale * 255 < 4 && cut.scale * 255 > 3)
    }

    @Test("products and sums of feature maps become integers, sums of tokens do not")
    func layers() throws {
        let resnet = try folded("resnet18").graph
        let layers = resnet.integerLayers
        // 20 convolutions, one of them the first, 8 sums and the head.
        #expect(layers.count == 29 && layers.first == "conv1" && layers.last == "fc")
        let beit = try folded("beit").graph
        #expect(
            beit.integerLayers == ["patch_embed.proj"]
                + (0..<2).flatMap { block in
                    ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"].map { "blocks.\(block).\($0)" }
                } + ["head"])
        // An excitation's two layers, and its product with the feature map; no activation.
        let mobilenet = try folded("mobilenet-small").graph.integerLayers
        #expect(
            mobilenet.prefix(7) == [
                "features.0.0", "features.1.block.0.0", "features.1.block.1.fc1",
                "features.1.block.1.fc2", "mul", "features.1.block.2.0", "features.2.block.0.0",
            ])
        let distilled = try folded("deit-distilled").graph.integerLayers
        #expect(distilled.suffix(2) == ["head", "head_dist"])
    }

    @Test(
        "a quantized graph answers nearly as the floats do, and not the same",
        arguments: Networks.all)
    func answers(_ network: Network) throws {
        let (graph, images) = try folded(network)
        let quantized = try graph.quantized(graph.integerLayers, scales(graph, images))
        let expected = try graph.logits(images).floats()
        let noise = relativeNoise(expected, try quantized.logits(images).floats())
        // Steps of 1/127 of a channel's largest weight, and of 1/255 of the activations' range, are
        // errors of 0.7 % each: 1 % of a layer's values, and after n layers whose errors know nothing
        // of each other 1 % · √n. Random weights calm none of it: of PyTorch's networks of these
        // dimensions, rounded likewise, six draws of weights each have up to twice as much.
        let bound = 0.02 * Double(graph.integerLayers.count).squareRoot()
        #expect(noise < bound && noise > 1e-5, "\(noise), at most \(bound)")
        // Of no layers nothing changes.
        let none = try graph.quantized([String](), scales(graph, images))
        #expect(try none.logits(images).floats() == expected)
    }

    @Test("every weight is a whole multiple of its channel's step, within 127 of them")
    func weights() throws {
        let (graph, images) = try folded("resnet18")
        let quantized = try graph.quantized(graph.integerLayers, scales(graph, images))
        for node in quantized.nodes {
            guard let weighted = node.operation as? any WeightedOperation else { continue }
            let scales = try #require(weighted.weight.integers).scales
            let values = try weighted.weight.tensor.floats()
            let row = values.count / scales.count
            var largest: Float = 0
            for (index, value) in values.enumerated() {
                let steps = value / scales[index / row]
                #expect(abs(steps - steps.rounded()) < 1e-3)
                largest = max(largest, abs(steps))
            }
            #expect(largest.rounded() == 127, "\(node.name)")
            let steps = try #require(weighted.bias?.integers).scales
            #expect(steps.count == scales.count)
        }
    }

    @Test("a bias fits 32 bits even where a channel has no weights") func deadChannel() {
        let scale = WeightScale.of(largest: 0, bias: 3, input: 0.01)
        #expect(abs(3 / (Double(scale) * 0.01)) < Double(Int32.max))
        #expect(WeightScale.of(largest: 0, bias: 0, input: 0.01) == 1)
        #expect(abs(WeightScale.of(largest: 1.27, bias: 3, input: 0.01) - 0.01) < 1e-8)
    }

    @Test("a layer's sensitivity is what a graph with this layer alone in integers shows")
    func sensitivities() throws {
        let (graph, images) = try folded("resnet18")
        let scales = try scales(graph, images)
        let found = try graph.sensitivities(scales, over: 1) { _ in images }
        #expect(found.map(\.layer) == graph.integerLayers)
        let logits = try graph.logits(images)
        for index in [0, 7, found.count - 1] {
            let alone = try graph.quantized([found[index].layer], scales)
            var expected = LayerSensitivity(of: found[index].layer)
            try expected.count(logits, alone.logits(images))
            #expect(abs(found[index].decibels - expected.decibels) < 1e-3)
            #expect(found[index].decibels > 10 && found[index].decibels.isFinite)
            #expect(found[index].images == 4 && found[index].changed == expected.changed)
        }
    }

    @Test("ONNX has the integers and scales of the simulation") func onnx() throws {
        let folder = try TemporaryFolder()
        for name in ["resnet18", "beit"] {
            let (graph, images) = try folded(name)
            let quantized = try graph.quantized(graph.integerLayers, scales(graph, images))
            try ONNXModel(quantized, name: "net", documentation: "", metadata: [:])
                .write(in: folder.path)
            let model = ONNXReader(try folder.bytes(ONNXModel.fileName))
            let makers = Dictionary(
                uniqueKeysWithValues: model.nodes.flatMap { node in
                    node.outputs.map { ($0, node) }
                })
            for node in model.nodes
            where ["Conv", "Gemm"].contains(node.operation) {
                let sources = try node.inputs.map { try #require(makers[$0]) }
                #expect(sources.allSatisfy { $0.operation == "DequantizeLinear" })
                #expect(sources[1].attributes["axis"] == [0])
                let tensor = { (source: ONNXReader.Node, index: Int) in
                    try #require(model.tensors[source.inputs[index]])
                }
                // uint8, int8 and int32, with zero points of the same kinds.
                #expect(try tensor(sources[0], 2).type == 2)
                #expect(try tensor(sources[1], 0).type == 3 && tensor(sources[1], 2).type == 3)
                #expect(try tensor(sources[2], 0).type == 6 && tensor(sources[2], 2).type == 6)
                let layer = quantized.nodes.first { $0.name == node.name }
                let weight = try #require(layer?.operation as? any WeightedOperation).weight
                let scales = try #require(weight.integers).scales
                let values = try weight.tensor.floats()
                let bytes = try tensor(sources[1], 0).bytes
                let row = values.count / scales.count
                #expect(
                    zip(values.indices, bytes).allSatisfy { index, byte in
                        Float(Int8(bitPattern: byte)) * scales[index / row] == values[index]
                    }, "\(node.name)")
            }
            // Matrices that are multiplied from the right have their channels in columns.
            let products = model.nodes.filter { $0.operation == "MatMul" }
            let weighted = products.filter { makers[$0.inputs[1]]?.operation == "DequantizeLinear" }
            #expect(weighted.count == (name == "beit" ? 8 : 0))
            for node in weighted {
                let source = try #require(makers[node.inputs[1]])
                #expect(source.attributes["axis"] == [1])
                #expect(makers[node.inputs[0]]?.operation == "DequantizeLinear")
                let layer = quantized.nodes.first { "\($0.name).product" == node.name }
                let weight = try #require(layer?.operation as? any WeightedOperation).weight
                let scales = try #require(weight.integers).scales
                let values = try weight.tensor.floats()
                let integers = try #require(model.tensors[source.inputs[0]])
                let (rows, columns) = (scales.count, values.count / scales.count)
                #expect(integers.type == 3 && integers.shape == [columns, rows])
                #expect(
                    integers.bytes.count == values.count
                        && values.indices.allSatisfy { index in
                            let (row, column) = (index / columns, index % columns)
                            let byte = integers.bytes[column * rows + row]
                            return Float(Int8(bitPattern: byte)) * scales[row] == values[index]
                        }, "\(node.name)")
            }
        }
    }
}

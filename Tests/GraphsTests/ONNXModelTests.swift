import Foundation
import Models
import Testing
import Torch

@testable import Graphs

/// That runtimes take what is written, and answer as we do, is for tools/check-exports to say.
@Suite("ONNX models") struct ONNXModelTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func written(_ graph: Graph, limit: Int = ONNXModel.sizeLimit) throws -> ONNXReader {
        let model = try ONNXModel(
            graph, name: "net", documentation: "a network", metadata: ["key": "value"])
        try model.write(in: folder.path, limit: limit)
        return ONNXReader(try folder.bytes(ONNXModel.fileName))
    }

    @Test("a model says its versions, and its input and output with a named batch")
    func head() throws {
        let (network, size) = try Networks.make("resnet18")
        let graph = try network.graph(imageSize: size)
        let model = try written(graph)
        #expect(model.version == 8 && model.operators == ["": 17])
        #expect(model.metadata == ["key": "value"])
        let side = "\(size)"
        #expect(
            model.inputs == [.init(name: "images", type: 1, shape: ["batch", "3", side, side])])
        #expect(model.outputs == [.init(name: "logits", type: 1, shape: ["batch", "5"])])
        let pixels = try written(graph.takingPixels(mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.1]))
        #expect(
            pixels.inputs == [.init(name: "pixels", type: 2, shape: ["batch", side, side, "3"])])
        let factor = try #require(pixels.tensors["normalization.factor"])
        let expected = [0.2, 0.25, 0.1].map { Float(1 / (255 * $0)) }
        #expect(
            factor.bytes
                == expected.flatMap { value in
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
                })
    }

    @Test("every operand is there before it is taken, under one name", arguments: Networks.all)
    func order(_ network: Network) throws {
        let (network, size) = try Networks.make(network)
        let graph = try network.graph(imageSize: size)
        for graph in [graph, try graph.foldingBatchNorms()] {
            let model = try written(graph)
            #expect(model.tensors.count == model.tensorCount)
            var there = Set(model.tensors.keys)
            // Initializers that were inputs, too, could be replaced by whoever runs the model, so that
            // runtimes would fold nothing.
            #expect(there.isDisjoint(with: model.inputs.map(\.name)))
            there.formUnion(model.inputs.map(\.name))
            for node in model.nodes {
                #expect(node.inputs.allSatisfy(there.contains), "\(node.name)")
                for output in node.outputs {
                    #expect(there.insert(output).inserted, "\(output) is there twice")
                }
            }
            #expect(there.contains("logits"))
            #expect(Set(model.nodes.map(\.name)).count == model.nodes.count)
            let taken = Set(model.nodes.flatMap(\.inputs))
            #expect(model.tensors.keys.allSatisfy(taken.contains))
        }
    }

    @Test("weights are the network's, bit for bit, under their names", arguments: Networks.all)
    func weights(_ network: Network) throws {
        let (network, size) = try Networks.make(network)
        let model = try written(network.graph(imageSize: size))
        // What a graph holds in another form: joined, or broadcast.
        let changed = [
            "q_bias", "v_bias", "relative_position_bias_table", "num_batches_tracked", "cls_token",
            "dist_token", "pos_embed",
        ]
        for entry in network.store.entries
        where !changed.contains(where: entry.name.hasSuffix) {
            let turned = model.tensors["\(entry.name).transposed"]
            let found = try #require(turned ?? model.tensors[entry.name], "\(entry.name)")
            let tensor = turned == nil ? entry.tensor : try entry.tensor.transposed(0, 1)
            #expect(found.shape == tensor.shape && found.type == 1, "\(entry.name)")
            #expect(
                try found.bytes
                    == tensor.contiguous().floats().flatMap { value in
                        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
                    }, "\(entry.name)")
        }
    }

    @Test("convolutions say how they stride and pad") func convolutions() throws {
        let (network, size) = try Networks.make("resnet18")
        let model = try written(network.graph(imageSize: size).foldingBatchNorms())
        let first = try #require(model.nodes.first { $0.name == "conv1" })
        #expect(first.operation == "Conv")
        #expect(first.inputs == ["images", "conv1.weight", "conv1.bias"])
        #expect(first.attributes["strides"] == [2, 2])
        #expect(first.attributes["pads"] == [3, 3, 3, 3])
        #expect(first.attributes["kernel_shape"] == [7, 7])
        let pool = try #require(model.nodes.first { $0.operation == "MaxPool" })
        #expect(pool.attributes["pads"] == [1, 1, 1, 1] && pool.attributes["ceil_mode"] == [0])
        let head = try #require(model.nodes.last)
        #expect(head.operation == "Gemm" && head.attributes["transB"] == [1])
        #expect(head.inputs.suffix(2) == ["fc.weight", "fc.bias"] && head.outputs == ["logits"])
        #expect(
            Set(model.nodes.map(\.operation)) == [
                "Conv", "Relu", "MaxPool", "Add", "GlobalAveragePool", "Flatten", "Gemm",
            ])
    }

    @Test("convolutions of groups and TensorFlow's padding say both") func unevenConvolutions()
        throws
    {
        let (network, size) = try Networks.make("efficientnet-lite")
        let model = try written(network.graph(imageSize: size))
        // 12 pixels of a kernel of 5 at a stride of 2 lack 3: one before and two behind.
        let uneven = try #require(model.nodes.first { $0.attributes["pads"] == [1, 1, 2, 2] })
        #expect(uneven.attributes["kernel_shape"] == [5, 5])
        let shape = try #require(model.tensors[uneven.inputs[1]]).shape
        #expect(shape[1] == 1 && uneven.attributes["group"] == [shape[0]])
        let clip = try #require(model.nodes.first { $0.operation == "Clip" })
        let bounds = try clip.inputs.dropFirst().map { try #require(model.tensors[$0]) }
        #expect(bounds.map(\.shape) == [[], []])
        #expect(bounds.map(\.bytes) == [[0, 0, 0, 0], [0, 0, 0xc0, 0x40]])
    }

    @Test("a hard sigmoid has the slope of MobileNet's, not ONNX's") func hardSigmoid() throws {
        let (network, size) = try Networks.make("mobilenet-small")
        let model = try written(network.graph(imageSize: size))
        let node = try #require(model.nodes.first { $0.operation == "HardSigmoid" })
        #expect(node.attributes["alpha"] == [Int(Float(1.0 / 6).bitPattern)])
        #expect(node.attributes["beta"] == [Int(Float(0.5).bitPattern)])
        #expect(model.nodes.contains { $0.operation == "HardSwish" })
    }

    @Test("the same graph gives the same bytes") func sameBytes() throws {
        let (network, size) = try Networks.make("beit")
        let graph = try network.graph(imageSize: size)
        _ = try written(graph)
        let first = try folder.bytes(ONNXModel.fileName)
        _ = try written(graph)
        #expect(try folder.bytes(ONNXModel.fileName) == first)
    }

    @Test("what is too large for one file lies beside it, at places that can be mapped")
    func external() throws {
        let (network, size) = try Networks.make("beit")
        let graph = try network.graph(imageSize: size)
        let inside = try written(graph)
        let model = try written(graph, limit: 1000)
        let data = try folder.bytes(ONNXModel.dataName)
        var places: [Range<Int>] = []
        for (name, tensor) in inside.tensors {
            let other = try #require(model.tensors[name])
            #expect(other.shape == tensor.shape && other.type == tensor.type)
            guard !other.external.isEmpty else {
                #expect(other.bytes == tensor.bytes && tensor.bytes.count < 1024)
                continue
            }
            let offset = try #require(other.external["offset"].flatMap { Int($0) })
            let length = try #require(other.external["length"].flatMap { Int($0) })
            #expect(offset % 4096 == 0 && other.external["location"] == ONNXModel.dataName)
            #expect(Array(data[offset..<offset + length]) == tensor.bytes, "\(name)")
            places.append(offset..<offset + length)
        }
        places.sort { $0.lowerBound < $1.lowerBound }
        #expect(places.count > 5)
        for (left, right) in zip(places, places.dropFirst()) {
            #expect(left.upperBound <= right.lowerBound)
        }
    }
}

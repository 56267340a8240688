import Models
import Testing
import Torch

@testable import Graphs

@Suite("Graphs") struct GraphTests {
    @Test("the checker sees a difference") func checkerCanFail() {
        #expect(relativeDifference([1, 2], [1, 2.001]) > 4e-4)
        #expect(relativeDifference([1], [1, 2]) == .infinity)
        #expect(relativeDifference([.nan, 1], [.nan, 1]) == .infinity)
        #expect(relativeNoise([3, 4], [3, 4.5]) == 0.1)
        #expect(relativeNoise([.nan, 1], [.nan, 1]) == .infinity)
    }

    // float32 rounds differently where memory is ordered differently, through up to fifty layers.
    @Test("a graph answers as its network does", arguments: Networks.all)
    func answers(_ network: Network) throws {
        let (network, size) = try Networks.make(network)
        let images = try Networks.images(size)
        let graph = try network.graph(imageSize: size)
        let expected = try Networks.answers(network, images)
        #expect(relativeDifference(expected, try Networks.answers(graph, images)) < 1e-4)
        // The images of a batch have different answers, so that an order would show.
        #expect(relativeDifference(Array(expected[..<5]), Array(expected[5...])) > 1e-2)
        #expect(graph.classes == 5)
    }

    @Test("every family is here") func complete() {
        #expect(
            Set(Networks.all.map(\.architecture.kind)) == Set(Architecture.families.map { $0.kind })
        )
    }

    @Test("shapes are those of the values", arguments: Networks.all)
    func shapes(_ network: Network) throws {
        let (network, size) = try Networks.make(network)
        let graph = try network.graph(imageSize: size)
        var values = [graph.input.name: try Networks.images(size)]
        for node in graph.nodes {
            let inputs = try node.inputs.map { try #require(values[$0]) }
            let value = try withoutGrad { try node.operation.evaluate(inputs) }
            values[node.output] = value
            #expect(value.shape == [2] + (graph.shapes[node.output] ?? []), "\(node.name)")
        }
        #expect(values[Graph.output] != nil)
    }

    @Test(
        "folded normalizations change no answer, and none is left",
        arguments: Networks.normalized)
    func folding(_ network: Network) throws {
        let (network, size) = try Networks.make(network)
        let images = try Networks.images(size)
        let graph = try network.graph(imageSize: size)
        let folded = try graph.foldingBatchNorms()
        let norms = graph.nodes.count { $0.operation is Operation.BatchNorm }
        #expect(norms > 0 && !folded.nodes.contains { $0.operation is Operation.BatchNorm })
        #expect(folded.nodes.count == graph.nodes.count - norms)
        let expected = try Networks.answers(graph, images)
        #expect(relativeDifference(expected, try Networks.answers(folded, images)) < 1e-4)
        // The network's own weights stay.
        #expect(relativeDifference(expected, try Networks.answers(network, images)) < 1e-4)
    }

    /// The first convolution and normalization of a ResNet18, as a builder takes them down.
    private func stem() throws -> (
        network: any ImageClassifier, value: GraphValue, norm: GraphValue
    ) {
        let (network, size) = try Networks.make("resnet18")
        let builder = GraphBuilder(network.store, size: size)
        func weight(_ name: String) throws -> GraphWeight {
            builder.weight(try #require(network.store[name]))
        }
        let value = try builder.images.conv2d(
            weight("conv1.weight"), stride: 2, padding: [3, 3, 3, 3])
        let norm = try value.batchNorm(
            weight: weight("bn1.weight"), bias: weight("bn1.bias"),
            mean: weight("bn1.running_mean"), variance: weight("bn1.running_var"), epsilon: 1e-5)
        return (network, value, norm)
    }

    @Test("a normalization of a value that others take stays") func sharedValue() throws {
        let (_, value, norm) = try stem()
        let graph = try norm.builder.graph(of: (value + norm).globalAveragePool())
        let folded = try graph.foldingBatchNorms()
        #expect(folded.nodes.count == graph.nodes.count)
        let images = try Networks.images(graph.size)
        #expect(try graph.logits(images).floats() == folded.logits(images).floats())
    }

    @Test("a folded normalization of hardly any variance keeps its epsilon") func epsilon() throws {
        let (network, _, norm) = try stem()
        try network.store["bn1.running_var"]?.fill(1e-5)
        let graph = try norm.builder.graph(of: norm.globalAveragePool())
        let folded = try graph.foldingBatchNorms()
        let images = try Networks.images(graph.size)
        let expected = try graph.logits(images).floats()
        #expect(relativeDifference(expected, try folded.logits(images).floats()) < 1e-4)
    }

    @Test("pixels are normalized in the graph as outside of it") func pixels() throws {
        let (network, size) = try Networks.make("resnet18")
        let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        let bytes = (0..<2 * size * size * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 7) }
        let pixels = try Tensor(bytes, shape: [2, size, size, 3])
        let graph = try network.graph(imageSize: size).takingPixels(mean: mean, std: std)
        let images = try pixels.normalizedViews(mean: mean, deviation: std)
        let expected = try Networks.answers(network, images)
        #expect(relativeDifference(expected, try graph.logits(pixels).floats()) < 1e-4)
    }

    @Test("operands of wrong shapes are refused, with the layer's name") func wrongShapes() throws {
        let (network, _) = try Networks.make("resnet18")
        let builder = GraphBuilder(network.store, size: 8)
        let weight = builder.weight(try #require(network.store["fc.weight"]))
        let error = #expect(throws: TorchError.self) { _ = try builder.images.linear(weight) }
        #expect(error?.message == "fc: linear takes no operands of the shapes [3, 8, 8]")
        let beit = try Networks.make("beit").0
        #expect(throws: TorchError.self) { _ = try beit.graph(imageSize: 24) }
        // Four pixels of the stem's, then two, one, and none.
        let convnext = try Networks.make("convnext").0
        let small = #expect(throws: TorchError.self) { _ = try convnext.graph(imageSize: 16) }
        #expect(
            small?.message
                == "stages.3.downsample.1: convolution takes no operands of the shapes [24, 1, 1]")
    }
}

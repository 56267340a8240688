// Residual networks, v1.5: the stride of a bottleneck sits in its 3x3 convolution.
//
// Paper: He et al., Deep Residual Learning for Image Recognition, 2015.
// Reference: torchvision 0.26 `models/resnet.py`, whose parameter names these are.
import Base
import Graphs
import StrictYAML
import Torch

/// A residual network with torchvision's parameter names.
final class ResNet: ImageClassifier {
    /// Every parameter and buffer, under torchvision's names.
    let store: ParameterStore
    /// The width of the logits.
    let classes: Int
    /// Empty: only vectors are exempt from weight decay.
    let undecayed: Set<String> = []
    let architecture: Architecture
    private let conv1: Convolution
    private let bn1: BatchNorm
    private let blocks: [Block]
    private let fc: Linear

    /// Makes a network with freshly drawn weights.
    ///
    /// - Parameters:
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` if the store holds a parameter of the same name.
    init(
        _ configuration: ResNetConfiguration, classes: Int, store: ParameterStore,
        initialization: Initialization = .pytorch, dropPath: Double = 0
    ) throws(TorchError) {
        let root: ParameterPath = ""
        self.store = store
        self.classes = classes
        architecture = Architecture(configuration)
        conv1 = try Convolution(
            store, root / "conv1", in: 3, out: 64, kernel: 7, stride: 2,
            initialization: initialization)
        bn1 = try BatchNorm(store, root / "bn1", 64)
        let count = configuration.blocks.reduce(0, +)
        let expansion = configuration.isBottleneck ? 4 : 1
        var blocks: [Block] = []
        var width = 64
        for (stage, depth) in configuration.blocks.enumerated() {
            let planes = 64 << stage
            for index in 0..<depth {
                blocks.append(
                    try Block(
                        store, root / "layer\(stage + 1)" / index, in: width, planes: planes,
                        bottleneck: configuration.isBottleneck,
                        stride: stage > 0 && index == 0 ? 2 : 1, initialization: initialization,
                        dropPath: dropPath * Double(blocks.count) / Double(max(count - 1, 1))))
                width = planes * expansion
            }
        }
        self.blocks = blocks
        fc = try Linear(store, root / "fc", in: width, out: classes)
    }

    /// The values of the last stage, which five strides of 2 leave, each rounding up.
    func valuesPerChannel(imageSize: Int) -> Int? {
        let side = (imageSize + 31) / 32
        return side * side
    }

    /// Computes class logits, `[N, classes]`, of images of any size from `[N, 3, 32, 32]` up.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        let x = try images.contiguous(.channelsLast)
        var y = try bn1(conv1(x), mode).relu().maxPool2d(size: 3, stride: 2, padding: 1)
        for block in blocks { y = try block(y, mode) }
        return try fc(y.adaptiveAveragePool2d([1, 1]).flattened(from: 1))
    }
}

/// One residual block: `relu(shortcut(x) + branch(x))`.
private struct Block {
    let layers: [(Convolution, BatchNorm)]
    let shortcut: (Convolution, BatchNorm)?
    let dropPath: Double

    init(
        _ store: ParameterStore, _ path: ParameterPath, in input: Int, planes: Int,
        bottleneck: Bool, stride: Int, initialization: Initialization, dropPath: Double
    ) throws(TorchError) {
        let output = bottleneck ? planes * 4 : planes
        // (kernel, in, out, stride) of each convolution of the branch.
        let plan =
            bottleneck
            ? [(1, input, planes, 1), (3, planes, planes, stride), (1, planes, output, 1)]
            : [(3, input, planes, stride), (3, planes, planes, 1)]
        var layers: [(Convolution, BatchNorm)] = []
        for (index, layer) in plan.enumerated() {
            let isLast = index == plan.count - 1
            let conv = try Convolution(
                store, path / "conv\(index + 1)", in: layer.1, out: layer.2, kernel: layer.0,
                stride: layer.3, initialization: initialization)
            let norm = try BatchNorm(
                store, path / "bn\(index + 1)", layer.2,
                scale: isLast && initialization == .timm ? 0 : 1)
            layers.append((conv, norm))
        }
        self.layers = layers
        self.dropPath = dropPath
        if stride == 1 && input == output {
            shortcut = nil
        } else {
            let downsample = path / "downsample"
            shortcut = (
                try Convolution(
                    store, downsample / 0, in: input, out: output, kernel: 1, stride: stride,
                    initialization: initialization),
                try BatchNorm(store, downsample / 1, output)
            )
        }
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = x
        for (index, (conv, norm)) in layers.enumerated() {
            y = try norm(conv(y), mode)
            if index < layers.count - 1 { y = try y.relu() }
        }
        let skip = if let (conv, norm) = shortcut { try norm(conv(x), mode) } else { x }
        return try residual(skip, y, rate: dropPath, mode: mode).relu()
    }
}

// MARK: - The graph

extension ResNet: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        var y = try bn1(conv1(images)).relu().maxPool2d(size: 3, stride: 2, padding: 1)
        for block in blocks { y = try block(y) }
        return try fc(y.globalAveragePool())
    }
}

extension Block {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        var y = x
        for (index, (conv, norm)) in layers.enumerated() {
            y = try norm(conv(y))
            if index < layers.count - 1 { y = try y.relu() }
        }
        let skip = if let (conv, norm) = shortcut { try norm(conv(x)) } else { x }
        return try (skip + y).relu()
    }
}

// MARK: - The family

/// The shape of a residual network.
package struct ResNetConfiguration: NetworkFamily {
    package var depth: Depth

    package init(depth: Depth) {
        self.depth = depth
    }

    /// Convolutions from the images on, and the head: the published ones.
    package enum Depth: String, CaseIterable, Sendable {
        case layers18 = "18"
        case layers34 = "34"
        case layers50 = "50"
        case layers101 = "101"
        case layers152 = "152"
    }

    /// Residual blocks in each of the four stages.
    var blocks: [Int] {
        switch depth {
        case .layers18: [2, 2, 2, 2]
        case .layers34, .layers50: [3, 4, 6, 3]
        case .layers101: [3, 4, 23, 3]
        case .layers152: [3, 8, 36, 3]
        }
    }

    /// Whether a block is 1x1, 3x3, 1x1 with fourfold expansion, or two 3x3.
    var isBottleneck: Bool {
        switch depth {
        case .layers18, .layers34: false
        case .layers50, .layers101, .layers152: true
        }
    }

    package static let kind = "resnet"
    package static let version = 1
    package static let head = "fc.weight"

    package static let initial = Self(depth: .layers50)

    package static let keys: [Key<Self>] = [
        Key("depth", \.depth, .choice, "layers with weights, from the images to the logits")
    ]

    package static var published: [PublishedNetwork] {
        Depth.allCases.map {
            PublishedNetwork(
                "resnet\($0.rawValue)", Self(depth: $0),
                Preprocessing(
                    size: 224, resize: 256, interpolation: .bilinear,
                    mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]))
        }
    }

    package static let layouts = [
        WeightLayout(of: [.torchvision, .timm]),
        // ResNetForImageClassification of transformers 4 and 5.
        WeightLayout(
            of: [.huggingface],
            renamed: [
                "conv1.*": "resnet.embedder.embedder.convolution.*",
                "bn1.*": "resnet.embedder.embedder.normalization.*",
                "layer#.#.conv#.*":
                    "resnet.encoder.stages.#-1.layers.#.layer.#-1.convolution.*",
                "layer#.#.bn#.*":
                    "resnet.encoder.stages.#-1.layers.#.layer.#-1.normalization.*",
                "layer#.#.downsample.0.*":
                    "resnet.encoder.stages.#-1.layers.#.shortcut.convolution.*",
                "layer#.#.downsample.1.*":
                    "resnet.encoder.stages.#-1.layers.#.shortcut.normalization.*",
                "fc.*": "classifier.1.*",
            ]),
        WeightLayout(
            of: [.supergradients],
            renamed: ["layer#.#.downsample.*": "layer#.#.shortcut.*", "fc.*": "linear.*"]),
    ]

    package static let huggingFace: HuggingFaceReading<Self>? = HuggingFaceReading(of: "resnet") {
        (file) throws(HuggingFaceProblem) in
        try file.require("hidden_act", is: "relu")
        try file.require("downsample_in_first_stage", is: false)
        try file.require("downsample_in_bottleneck", is: false)
        let depths = try file.integers("depths", [3, 4, 6, 3])
        let isBottleneck = try file.text("layer_type", "bottleneck") == "bottleneck"
        let widths = try file.integers("hidden_sizes", [256, 512, 1024, 2048])
        let found = Depth.allCases.map { Self(depth: $0) }
            .first { $0.blocks == depths && $0.isBottleneck == isBottleneck }
        guard let found, widths == [64, 128, 256, 512].map({ isBottleneck ? 4 * $0 : $0 }),
            try file.integer("embedding_size", 64) == 64, try file.integer("num_channels", 3) == 3
        else {
            throw HuggingFaceProblem(
                "a ResNet of depths \(depths) and widths \(widths), which is none of the published ones"
            )
        }
        return found
    }

    package static func configuration(of weights: WeightShapes) -> Self? {
        guard weights["conv1.weight"] == [64, 3, 7, 7] else { return nil }
        let blocks = (1...4).map { weights.count("layer\($0).#.bn1.weight") }
        let isBottleneck = weights["layer1.0.conv3.weight"] != nil
        // A ResNeXt, or a wider one, has the same names.
        guard weights["layer1.0.conv2.weight"] == [64, 64, 3, 3] else { return nil }
        return Depth.allCases.map { Self(depth: $0) }
            .first { $0.blocks == blocks && $0.isBottleneck == isBottleneck }
    }

    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        let name = "resnet\(depth.rawValue)"
        return switch library {
        case .torchvision, .supergradients: Counterpart(name)
        case .timm: Counterpart(name, layers: (first: "conv1", head: "fc"))
        case .microsoft: nil
        case .huggingface:
            Counterpart(
                "ResNetForImageClassification",
                arguments: [
                    "model_type": "resnet", "num_channels": 3, "embedding_size": 64,
                    "hidden_sizes": .list(
                        (0..<4).map { .integer((64 << $0) * (isBottleneck ? 4 : 1)) }),
                    "depths": .list(blocks.map { .integer($0) }),
                    "layer_type": isBottleneck ? "bottleneck" : "basic", "hidden_act": "relu",
                    "downsample_in_first_stage": false, "downsample_in_bottleneck": false,
                ])
        }
    }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try ResNet(
            self, classes: classes, store: store, initialization: initialization ?? .pytorch,
            dropPath: dropPath)
    }
}

// ConvNeXt: blocks of a 7x7 convolution of each channel and an MLP, in four stages.
//
// Paper: Liu et al., A ConvNet for the 2020s, 2022.
// Reference: timm 1.0.31 `models/convnext.py`, whose parameter names these are.
import Base
import Graphs
import StrictYAML
import Torch

/// A ConvNeXt with timm's parameter names.
final class ConvNeXt: ImageClassifier {
    /// Every parameter, under timm's names.
    let store: ParameterStore
    /// The width of the logits.
    let classes: Int
    /// Empty: only vectors are exempt from weight decay, the layer scales among them.
    let undecayed: Set<String> = []
    let architecture: Architecture
    private let stem: Convolution
    private let stemNorm: LayerNorm
    private let stages: [(downsample: (norm: LayerNorm, conv: Convolution)?, blocks: [Block])]
    private let norm: LayerNorm
    private let head: Linear

    /// Makes a network with freshly drawn weights, as timm's constructor draws them.
    ///
    /// - Parameters:
    ///   - initialization: nil and `.timm` mean the same; there is no other.
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` for another initialization, for a configuration with a fault, or if
    ///   the store holds a parameter of the same name.
    init(
        _ configuration: ConvNeXtConfiguration, classes: Int, store: ParameterStore,
        initialization: Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) {
        try Initialization.check(initialization, against: .timm, of: "a", "ConvNeXt")
        if let fault = configuration.fault(classes: classes) {
            throw TorchError(operation: "ConvNeXt", message: fault.message)
        }
        let root: ParameterPath = ""
        let widths = configuration.widths
        self.store = store
        self.classes = classes
        architecture = Architecture(configuration)
        stem = try Convolution(
            store, root / "stem" / 0, in: 3, out: widths[0], kernel: 4, stride: 4,
            padding: .even(0), weight: .standard, bias: .zeros)
        stemNorm = try LayerNorm(
            store, root / "stem" / 1, widths[0], epsilon: ConvNeXtConfiguration.epsilon)
        let count = configuration.depths.reduce(0, +)
        var number = 0
        var stages: [(downsample: (norm: LayerNorm, conv: Convolution)?, blocks: [Block])] = []
        for (stage, depth) in configuration.depths.enumerated() {
            let path = root / "stages" / stage
            var downsample: (norm: LayerNorm, conv: Convolution)?
            if stage > 0 {
                downsample = (
                    try LayerNorm(
                        store, path / "downsample" / 0, widths[stage - 1],
                        epsilon: ConvNeXtConfiguration.epsilon),
                    try Convolution(
                        store, path / "downsample" / 1, in: widths[stage - 1],
                        out: widths[stage], kernel: 2, stride: 2, padding: .even(0),
                        weight: .standard, bias: .zeros)
                )
            }
            var blocks: [Block] = []
            for index in 0..<depth {
                blocks.append(
                    try Block(
                        store, path / "blocks" / index, widths[stage],
                        layerScale: configuration.layerScale,
                        dropPath: DropPath.rate(dropPath, block: number, of: count)))
                number += 1
            }
            stages.append((downsample, blocks))
        }
        self.stages = stages
        let width = widths[widths.count - 1]
        norm = try LayerNorm(
            store, root / "head" / "norm", width, epsilon: ConvNeXtConfiguration.epsilon)
        head = try Linear(
            store, root / "head" / "fc", in: width, out: classes, weight: .standard, bias: .zeros)
    }

    /// Computes class logits, `[N, classes]`, of images of any size from `[N, 3, 32, 32]` up.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = try stemNorm.ofChannels(stem(images.contiguous(.channelsLast)))
        for (index, stage) in stages.enumerated() {
            let mode = mode.ofStage(index + 1)
            if let (norm, conv) = stage.downsample { y = try conv(norm.ofChannels(y)) }
            for block in stage.blocks { y = try block(y, mode) }
        }
        return try head(norm(y.mean(dimensions: [2, 3])))
    }
}

extension Initializer {
    /// timm's for every matrix of a ConvNeXt.
    fileprivate static let standard = Initializer.truncatedNormal(std: 0.02)
}

extension LayerNorm {
    /// Normalizes the channels of every pixel of `[N, C, H, W]`.
    fileprivate func ofChannels(_ x: Tensor) throws(TorchError) -> Tensor {
        try self(x.permuted([0, 2, 3, 1])).permuted([0, 3, 1, 2])
    }
}

/// A convolution of each channel, a norm and an MLP over the channels, scaled and added to the input.
private struct Block {
    let depthwise: Convolution
    let norm: LayerNorm
    let fc1: Linear
    let fc2: Linear
    let scale: Tensor
    let dropPath: Double

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ width: Int, layerScale: Double,
        dropPath: Double
    ) throws(TorchError) {
        let hidden = 4 * width
        depthwise = try Convolution(
            store, path / "conv_dw", in: width, out: width, kernel: 7, groups: width,
            weight: .standard, bias: .zeros)
        norm = try LayerNorm(
            store, path / "norm", width, epsilon: ConvNeXtConfiguration.epsilon)
        fc1 = try Linear(
            store, path / "mlp" / "fc1", in: width, out: hidden, weight: .standard, bias: .zeros)
        fc2 = try Linear(
            store, path / "mlp" / "fc2", in: hidden, out: width, weight: .standard, bias: .zeros)
        scale = try store.parameter(
            path / "gamma", shape: [width], initializer: .constant(layerScale))
        self.dropPath = dropPath
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        let pixels = try depthwise(x).permuted([0, 2, 3, 1])
        let y = try (fc2(fc1(norm(pixels)).gelu()) * scale).permuted([0, 3, 1, 2])
        return try residual(x, y, rate: dropPath, mode: mode)
    }
}

// MARK: - The graph

extension ConvNeXt: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        var y = try stemNorm.ofChannels(stem(images))
        for stage in stages {
            if let (norm, conv) = stage.downsample { y = try conv(norm.ofChannels(y)) }
            for block in stage.blocks { y = try block(y) }
        }
        return try head(norm(y.globalAveragePool()))
    }
}

extension LayerNorm {
    fileprivate func ofChannels(_ x: GraphValue) throws(TorchError) -> GraphValue {
        try self(x.permuted([1, 2, 0])).permuted([2, 0, 1])
    }
}

extension Block {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let pixels = try depthwise(x).permuted([1, 2, 0])
        let y = try fc2(fc1(norm(pixels)).gelu()) * x.builder.weight(scale)
        return try x + y.permuted([2, 0, 1])
    }
}

// MARK: - The family

/// The dimensions of a ConvNeXt.
package struct ConvNeXtConfiguration: NetworkFamily {
    package var depths: [Int]
    package var widths: [Int]
    package var layerScale: Double

    package init(depths: [Int], widths: [Int], layerScale: Double = 1e-6) {
        self.depths = depths
        self.widths = widths
        self.layerScale = layerScale
    }

    package static let kind = "convnext"
    package static let version = 1
    package static let head = "head.fc.weight"

    /// What layer norms add to the variance.
    static let epsilon = 1e-6

    package static let initial = Self(depths: [1, 1, 1, 1], widths: [1, 1, 1, 1])

    package static let keys: [Key<Self>] = [
        Key("depths", \.depths, .integers(4, in: 1...1000), "blocks of each stage"),
        Key("widths", \.widths, .integers(4, in: 1...65_536), "channels of each stage"),
        // No logit depends on it once weights are loaded.
        .added(
            "layer_scale", \.layerScale, .number(in: .above(0, to: 100)), field: .never,
            "the initial layer scale"),
    ]

    package static var published: [PublishedNetwork] {
        [
            timm("convnext_tiny", [3, 3, 9, 3], 96, cropShare: 0.95),
            timm("convnext_small", [3, 3, 27, 3], 96, cropShare: 0.95),
            timm("convnext_base", [3, 3, 27, 3], 128, cropShare: 0.875),
            timm("convnext_large", [3, 3, 27, 3], 192, cropShare: 0.875),
            timm("convnext_xlarge", [3, 3, 27, 3], 256, cropShare: 0.875),
        ]
    }

    /// A ConvNeXt of timm's, with its default weights' evaluation; torchvision's are evaluated with
    /// bilinear resampling to 236, 230 or 232 pixels.
    private static func timm(
        _ name: String, _ depths: [Int], _ width: Int, cropShare: Double
    ) -> PublishedNetwork {
        PublishedNetwork(
            name, Self(depths: depths, widths: (0..<4).map { width << $0 }),
            .imageNet(224, resize: Int(224 / cropShare), .bicubic))
    }

    package static let layouts = [
        WeightLayout(of: [.timm]),
        // The authors'.
        WeightLayout(
            of: [.facebook],
            renamed: [
                "stem.#.*": "downsample_layers.0.#.*",
                "stages.#.downsample.#.*": "downsample_layers.#.#.*",
                "stages.#.blocks.#.conv_dw.*": "stages.#.#.dwconv.*",
                "stages.#.blocks.#.norm.*": "stages.#.#.norm.*",
                "stages.#.blocks.#.mlp.fc1.*": "stages.#.#.pwconv1.*",
                "stages.#.blocks.#.mlp.fc2.*": "stages.#.#.pwconv2.*",
                "stages.#.blocks.#.gamma": "stages.#.#.gamma",
                "head.norm.*": "norm.*",
                "head.fc.*": "head.*",
            ]),
        torchvision,
        // ConvNextForImageClassification of transformers 4 and 5.
        WeightLayout(
            of: [.huggingface],
            renamed: [
                "stem.0.*": "convnext.embeddings.patch_embeddings.*",
                "stem.1.*": "convnext.embeddings.layernorm.*",
                "stages.#.downsample.#.*": "convnext.encoder.stages.#.downsampling_layer.#.*",
                "stages.#.blocks.#.conv_dw.*": "convnext.encoder.stages.#.layers.#.dwconv.*",
                "stages.#.blocks.#.norm.*": "convnext.encoder.stages.#.layers.#.layernorm.*",
                "stages.#.blocks.#.mlp.fc1.*": "convnext.encoder.stages.#.layers.#.pwconv1.*",
                "stages.#.blocks.#.mlp.fc2.*": "convnext.encoder.stages.#.layers.#.pwconv2.*",
                "stages.#.blocks.#.gamma":
                    "convnext.encoder.stages.#.layers.#.layer_scale_parameter",
                "head.norm.*": "convnext.layernorm.*",
                "head.fc.*": "classifier.*",
            ]),
    ]

    /// torchvision counts stages and what lies between them: the stem, a stage, a downsampling, ….
    private static let torchvision = WeightLayout(
        of: [.torchvision],
        renaming: [
            ("stem.#.*", "features.0.#.*"), ("head.norm.*", "classifier.0.*"),
            ("head.fc.*", "classifier.2.*"),
        ]
            + (0..<4).flatMap { stage in
                let (block, theirs) = ("stages.\(stage).blocks.#", "features.\(2 * stage + 1).#")
                return [
                    ("stages.\(stage).downsample.#.*", "features.\(2 * stage).#.*"),
                    ("\(block).conv_dw.*", "\(theirs).block.0.*"),
                    ("\(block).norm.*", "\(theirs).block.2.*"),
                    ("\(block).mlp.fc1.*", "\(theirs).block.3.*"),
                    ("\(block).mlp.fc2.*", "\(theirs).block.5.*"),
                    ("\(block).gamma", "\(theirs).layer_scale"),
                ]
            }, perPixel: ["stages.#.blocks.#.gamma"])

    package static let huggingFace = [HuggingFaceReading<Self>(of: "convnext", read: read)]

    private static func read(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Self {
        try file.require("hidden_act", is: "gelu")
        try file.requireNormEpsilon()
        let scale = try file.number("layer_scale_init_value", 1e-6)
        let read = Self(
            depths: try file.integers("depths", [3, 3, 9, 3]),
            widths: try file.integers("hidden_sizes", [96, 192, 384, 768]), layerScale: scale)
        guard try file.integer("patch_size", 4) == 4, try file.integer("num_channels", 3) == 3,
            try file.integer("num_stages", 4) == 4, read.hasBounds, scale > 0
        else {
            throw HuggingFaceProblem(
                "a ConvNeXt of depths \(read.depths) and widths \(read.widths), which is not one, or "
                    + "has other patches, channels or no layer scale")
        }
        return read
    }

    package static func configuration(of weights: WeightShapes) -> Self? {
        guard weights["stem.0.weight"]?.dropFirst() == [3, 4, 4] else { return nil }
        let found = Self(
            depths: (0..<4).map { weights.count("stages.\($0).blocks.#.gamma") },
            widths: (0..<4).map { weights["stages.\($0).blocks.0.gamma"]?.first ?? 0 })
        return found.hasBounds ? found : nil
    }

    /// Whether there are four stages, of dimensions that a card may have.
    private var hasBounds: Bool {
        depths.count == 4 && depths.allSatisfy((1...1000).contains)
            && widths.count == 4 && widths.allSatisfy((1...65_536).contains)
    }

    /// The stem and the four stages.
    package var stages: [[String]] { [["stem."]] + depths.indices.map { ["stages.\($0)."] } }

    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        let list = { (numbers: [Int]) in JSONValue.list(numbers.map { .integer($0) }) }
        let name = PublishedNetwork.name(of: Architecture(self))
        switch library {
        case .timm:
            return Counterpart(
                name ?? "convnext_tiny",
                arguments: name == nil ? ["depths": list(depths), "dims": list(widths)] : [:],
                layers: (first: "stem.0", head: "head.fc"))
        // Which has no larger one.
        case .torchvision: return name == "convnext_xlarge" ? nil : name.map { Counterpart($0) }
        case .huggingface:
            return Counterpart(
                "ConvNextForImageClassification",
                arguments: [
                    "model_type": "convnext", "image_size": 224, "patch_size": 4,
                    "num_channels": 3, "num_stages": 4, "depths": list(depths),
                    "hidden_sizes": list(widths), "hidden_act": "gelu",
                    "layer_norm_eps": .number(Self.epsilon),
                    "layer_scale_init_value": .number(layerScale), "drop_path_rate": 0.0,
                ])
        case .microsoft, .supergradients, .facebook, .efficientNetLite: return nil
        }
    }

    package static var initialization: Initialization { .timm }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try ConvNeXt(
            self, classes: classes, store: store, initialization: initialization,
            dropPath: dropPath)
    }
}

// MARK: - Limits

extension ConvNeXtConfiguration {
    package func fault(classes: Int) -> NetworkFault? {
        guard depths.count == 4, widths.count == 4, (depths + widths).allSatisfy({ $0 >= 1 }) else {
            return NetworkFault(key: "depths", message: "a ConvNeXt has four stages")
        }
        var parameters = Double(widths[3]) * Double(classes)
        for (depth, width) in zip(depths, widths) {
            parameters += Double(depth) * 8 * Double(width) * Double(width)
        }
        for (one, next) in zip(widths, widths.dropFirst()) {
            parameters += 4 * Double(one) * Double(next)
        }
        return .ofSize(parameters: parameters, key: "widths")
    }
}

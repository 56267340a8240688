// Residual networks, v1.5: the stride of a bottleneck sits in its 3x3 convolution; with ResNeXt's
// groups, wide bottlenecks, and ResNet-D's stem of three convolutions and averaging shortcuts.
//
// Papers: He et al., Deep Residual Learning for Image Recognition, 2015; Xie et al., Aggregated
// Residual Transformations, 2016; Zagoruyko and Komodakis, Wide Residual Networks, 2016; He et al.,
// Bag of Tricks for Image Classification (D), 2018.
// Reference: torchvision 0.26 `models/resnet.py`, and for D timm 1.0.31 `models/resnet.py`, whose
// parameter names these are.
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
    private let stem: [(Convolution, BatchNorm)]
    private let blocks: [(stage: Int, block: Block)]
    private let fc: Linear

    /// Makes a network with freshly drawn weights.
    ///
    /// - Parameters:
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` for a configuration with a fault, or if the store holds a parameter of
    ///   the same name.
    init(
        _ configuration: ResNetConfiguration, classes: Int, store: ParameterStore,
        initialization: Initialization = .pytorch, dropPath: Double = 0
    ) throws(TorchError) {
        if let fault = configuration.fault(classes: classes) {
            throw TorchError(operation: "ResNet", message: fault.message)
        }
        let root: ParameterPath = ""
        self.store = store
        self.classes = classes
        architecture = Architecture(configuration)
        var stem: [(Convolution, BatchNorm)] = []
        for layer in configuration.stem.layers {
            let conv = try Convolution(
                store, root / layer.convolution, in: layer.input, out: layer.output,
                kernel: layer.kernel, stride: layer.stride,
                weight: initialization.convolution(
                    in: layer.input, out: layer.output, kernel: layer.kernel))
            stem.append((conv, try BatchNorm(store, root / layer.norm, layer.output)))
        }
        self.stem = stem
        let count = configuration.blocks.reduce(0, +)
        var blocks: [(stage: Int, block: Block)] = []
        var width = ResNetConfiguration.stemWidth
        for (stage, depth) in configuration.blocks.enumerated() {
            let planes = ResNetConfiguration.stemWidth << stage
            for index in 0..<depth {
                let block = try Block(
                    store, root / "layer\(stage + 1)" / index, configuration, in: width,
                    planes: planes, stride: stage > 0 && index == 0 ? 2 : 1,
                    initialization: initialization,
                    dropPath: DropPath.rate(dropPath, block: blocks.count, of: count))
                blocks.append((stage + 1, block))
                width = planes * configuration.expansion
            }
        }
        self.blocks = blocks
        fc = try Linear(store, root / "fc", in: width, out: classes)
    }

    func valuesPerChannel(imageSize: Int) -> Int? {
        BatchNorm.valuesOfLastStage(imageSize: imageSize)
    }

    /// Computes class logits, `[N, classes]`, of images of any size from `[N, 3, 32, 32]` up.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = try images.contiguous(.channelsLast)
        for (conv, norm) in stem { y = try norm(conv(y), mode.ofStage(0)).relu() }
        y = try y.maxPool2d(size: 3, stride: 2, padding: 1)
        for (stage, block) in blocks { y = try block(y, mode.ofStage(stage)) }
        return try fc(y.adaptiveAveragePool2d([1, 1]).flattened(from: 1))
    }
}

/// One residual block: `relu(shortcut(x) + branch(x))`.
private struct Block {
    let layers: [(Convolution, BatchNorm)]
    let shortcut: Shortcut?
    let dropPath: Double

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ configuration: ResNetConfiguration,
        in input: Int, planes: Int, stride: Int, initialization: Initialization, dropPath: Double
    ) throws(TorchError) {
        let output = planes * configuration.expansion
        let width = configuration.width(planes: planes)
        // (kernel, in, out, stride, groups) of each convolution of the branch.
        let plan =
            configuration.blockKind == .bottleneck
            ? [
                (1, input, width, 1, 1), (3, width, width, stride, configuration.groups),
                (1, width, output, 1, 1),
            ]
            : [(3, input, planes, stride, 1), (3, planes, planes, 1, 1)]
        var layers: [(Convolution, BatchNorm)] = []
        for (index, layer) in plan.enumerated() {
            let isLast = index == plan.count - 1
            let conv = try Convolution(
                store, path / "conv\(index + 1)", in: layer.1, out: layer.2, kernel: layer.0,
                stride: layer.3, groups: layer.4,
                weight: initialization.convolution(
                    in: layer.1, out: layer.2, kernel: layer.0, groups: layer.4))
            let norm = try BatchNorm(
                store, path / "bn\(index + 1)", layer.2,
                scale: isLast && initialization == .timm ? 0 : 1)
            layers.append((conv, norm))
        }
        self.layers = layers
        self.dropPath = dropPath
        shortcut =
            stride == 1 && input == output
            ? nil
            : try Shortcut(
                store, path / "downsample", in: input, out: output, stride: stride,
                configuration.downsample, initialization)
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = x
        for (index, (conv, norm)) in layers.enumerated() {
            y = try norm(conv(y), mode)
            if index < layers.count - 1 { y = try y.relu() }
        }
        let skip = try shortcut?(x, mode) ?? x
        return try residual(skip, y, rate: dropPath, mode: mode).relu()
    }
}

/// The shortcut of a block that changes the shape: a 1x1 convolution and its normalization.
private struct Shortcut {
    let averages: Bool
    let conv: Convolution
    let norm: BatchNorm

    init(
        _ store: ParameterStore, _ path: ParameterPath, in input: Int, out output: Int,
        stride: Int, _ downsample: ResNetConfiguration.Downsample, _ initialization: Initialization
    ) throws(TorchError) {
        // timm's place of the average stays, and is counted, where there is nothing to average.
        let first = downsample == .averagePool ? 1 : 0
        averages = downsample == .averagePool && stride > 1
        conv = try Convolution(
            store, path / first, in: input, out: output, kernel: 1,
            stride: downsample == .averagePool ? 1 : stride,
            weight: initialization.convolution(in: input, out: output, kernel: 1))
        norm = try BatchNorm(store, path / (first + 1), output)
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        guard averages else { return try norm(conv(x), mode) }
        let pooled = try x.averagePool2d(size: 2, stride: 2, ceil: true, countsPadding: false)
        return try norm(conv(pooled), mode)
    }
}

// MARK: - The graph

extension ResNet: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        var y = images
        for (conv, norm) in stem { y = try norm(conv(y)).relu() }
        y = try y.maxPool2d(size: 3, stride: 2, padding: 1)
        for (_, block) in blocks { y = try block(y) }
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
        let skip = if let shortcut { try shortcut(x) } else { x }
        return try (skip + y).relu()
    }
}

extension Shortcut {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        guard averages else { return try norm(conv(x)) }
        return try norm(conv(x.averagePool2d(size: 2, stride: 2)))
    }
}

// MARK: - The family

/// The shape of a residual network.
package struct ResNetConfiguration: NetworkFamily {
    package var depth: Depth
    /// Of `Depth.blocks`; a named depth has its own.
    package var block: Block
    package var groups: Int
    package var groupWidth: Int
    package var stem: Stem
    package var downsample: Downsample

    package init(
        depth: Depth, block: Block = .bottleneck, groups: Int = 1, groupWidth: Int = 64,
        stem: Stem = .single, downsample: Downsample = .convolution
    ) {
        self.depth = depth
        self.block = block
        self.groups = groups
        self.groupWidth = groupWidth
        self.stem = stem
        self.downsample = downsample
    }

    /// How many blocks there are in each of the four stages.
    package enum Depth: Sendable, Equatable {
        /// By the convolutions from the images on, and the head: the published ones.
        case layers18, layers34, layers50, layers101, layers152
        /// One by one.
        case blocks([Int])

        package static let published: [Depth] = [
            .layers18, .layers34, .layers50, .layers101, .layers152,
        ]

        /// As a card has it.
        package var text: String {
            switch self {
            case .layers18: "18"
            case .layers34: "34"
            case .layers50: "50"
            case .layers101: "101"
            case .layers152: "152"
            case .blocks(let counts): Self.counts.write(counts)
            }
        }

        private static let counts = Form<[Int]>.integers(4, in: 1...1000)

        static let form = Form<Depth>(
            expected: "one of \(published.map(\.text).joined(separator: ", ")), or a list of the "
                + "blocks of each of four stages",
            read: { (given) throws(YAMLError) in
                if case .list = given.node.content { return .blocks(try counts.read(given)) }
                let text = try Form<String>.oneOf(published.map(\.text)).read(given)
                return published.first { $0.text == text } ?? .layers50
            }, write: \.text)
    }

    package enum Block: String, CaseIterable, Sendable {
        /// 1x1, 3x3, 1x1 with fourfold expansion.
        case bottleneck
        /// Two 3x3.
        case basic
    }

    /// The convolutions before the first block.
    package enum Stem: String, CaseIterable, Sendable {
        /// One of 7x7.
        case single
        /// Three of 3x3, with 32, 32 and 64 channels.
        case deep

        var layers:
            [(
                convolution: String, norm: String, input: Int, output: Int, kernel: Int, stride: Int
            )]
        {
            switch self {
            case .single: [("conv1", "bn1", 3, stemWidth, 7, 2)]
            case .deep:
                [
                    ("conv1.0", "conv1.1", 3, stemWidth / 2, 3, 2),
                    ("conv1.3", "conv1.4", stemWidth / 2, stemWidth / 2, 3, 1),
                    ("conv1.6", "bn1", stemWidth / 2, stemWidth, 3, 1),
                ]
            }
        }
    }

    /// How a shortcut halves the sides.
    package enum Downsample: String, CaseIterable, Sendable {
        /// By the stride of its convolution.
        case convolution
        /// By an average of 2x2 before it.
        case averagePool = "average_pool"
    }

    /// Channels after the stem, and in the first stage's blocks.
    static let stemWidth = 64

    /// Residual blocks in each of the four stages.
    var blocks: [Int] {
        switch depth {
        case .layers18: [2, 2, 2, 2]
        case .layers34, .layers50: [3, 4, 6, 3]
        case .layers101: [3, 4, 23, 3]
        case .layers152: [3, 8, 36, 3]
        case .blocks(let counts): counts
        }
    }

    /// What its blocks are.
    var blockKind: Block {
        switch depth {
        case .layers18, .layers34: .basic
        case .layers50, .layers101, .layers152: .bottleneck
        case .blocks: block
        }
    }

    /// A block's channels over those of its stage.
    var expansion: Int { blockKind == .bottleneck ? 4 : 1 }

    /// Channels of a bottleneck's 3x3 convolution.
    func width(planes: Int) -> Int { planes * groupWidth / Self.stemWidth * groups }

    /// The stem and the four stages.
    package var stages: [[String]] {
        [["conv1.", "bn1."]] + (1...4).map { ["layer\($0)."] }
    }

    package static let kind = "resnet"
    package static let version = 1
    package static let head = "fc.weight"

    package static let initial = Self(depth: .layers50)

    package static let keys: [Key<Self>] = [
        Key("depth", \.depth, Depth.form, "layers with weights, from the images to the logits"),
        .added(
            "block", \.block, .choice,
            "what `depth` counts where it is a list; a number has its own"),
        .added(
            "groups", \.groups, .integer(in: 1...1024),
            "groups of a bottleneck's 3x3 convolution"),
        .added(
            "group_width", \.groupWidth, .integer(in: 1...4096),
            "channels of such a group in the first stage"),
        .added("stem", \.stem, .choice, "convolutions before the first block"),
        .added("downsample", \.downsample, .choice, "how a shortcut halves the sides"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("depth", "block") { () throws(YAMLError) in
            if case .blocks = depth { return }
            guard section.has("block") else { return }
            throw section.error(
                "block", "architecture.block means something with a list of blocks only")
        }
    }

    package static var published: [PublishedNetwork] {
        Depth.published.map { torchvision("resnet\($0.text)", Self(depth: $0)) } + [
            torchvision(
                "resnext50_32x4d", Self(depth: .layers50, groups: 32, groupWidth: 4)),
            torchvision(
                "resnext101_32x8d", Self(depth: .layers101, groups: 32, groupWidth: 8)),
            torchvision(
                "resnext101_64x4d", Self(depth: .layers101, groups: 64, groupWidth: 4),
                resize: 232),
            torchvision("wide_resnet50_2", Self(depth: .layers50, groupWidth: 128)),
            torchvision("wide_resnet101_2", Self(depth: .layers101, groupWidth: 128)),
            timm("resnet18d", .layers18), timm("resnet34d", .layers34),
            timm("resnet26d", .blocks([2, 2, 2, 2])), timm("resnet50d", .layers50),
            timm("resnet101d", .layers101, size: 256, cropShare: 0.95),
            timm("resnet152d", .layers152, size: 256, cropShare: 0.95),
            timm("resnet200d", .blocks([3, 24, 36, 3]), size: 256, cropShare: 0.95),
        ]
    }

    private static func torchvision(
        _ name: String, _ configuration: Self, resize: Int = 256
    ) -> PublishedNetwork {
        PublishedNetwork(name, configuration, .imageNet(224, resize: resize, .bilinear))
    }

    /// A ResNet-D of timm's.
    private static func timm(
        _ name: String, _ depth: Depth, size: Int = 224, cropShare: Double = 0.875
    ) -> PublishedNetwork {
        PublishedNetwork(
            name, Self(depth: depth, stem: .deep, downsample: .averagePool),
            .imageNet(size, resize: Int(Double(size) / cropShare), .bicubic))
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

    /// Hugging Face and SuperGradients have neither groups nor a deep stem.
    package var layouts: [WeightLayout] {
        isPlain ? Self.layouts : Array(Self.layouts.prefix(1))
    }

    /// Whether it is of the first paper.
    private var isPlain: Bool { groups == 1 && groupWidth == Self.stemWidth && !isD }

    /// Whether it has something of ResNet-D, which torchvision has not.
    private var isD: Bool { stem == .deep || downsample == .averagePool }

    package static let huggingFace = [HuggingFaceReading<Self>(of: "resnet", read: read)]

    private static func read(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Self {
        try file.require("hidden_act", is: "relu")
        try file.require("downsample_in_first_stage", is: false)
        try file.require("downsample_in_bottleneck", is: false)
        let depths = try file.integers("depths", [3, 4, 6, 3])
        let type = try file.text("layer_type", Block.bottleneck.rawValue)
        guard let block = Block(rawValue: type) else {
            throw HuggingFaceProblem("'layer_type' is \(type.quoted); known: basic and bottleneck")
        }
        let widths = try file.integers("hidden_sizes", [256, 512, 1024, 2048])
        let found = Self.of(blocks: depths, block)
        guard depths.count == 4, depths.allSatisfy((1...1000).contains),
            widths == [64, 128, 256, 512].map({ $0 * found.expansion }),
            try file.integer("embedding_size", 64) == 64, try file.integer("num_channels", 3) == 3
        else {
            throw HuggingFaceProblem(
                "a ResNet of depths \(depths) and widths \(widths), which are not a ResNet's")
        }
        return found
    }

    package static func configuration(of weights: WeightShapes) -> Self? {
        let stem: Stem
        switch (weights["conv1.weight"], weights["conv1.0.weight"]) {
        case ([64, 3, 7, 7]?, nil): stem = .single
        case (nil, [32, 3, 3, 3]?): stem = .deep
        default: return nil
        }
        let blocks = (1...4).map { weights.count("layer\($0).#.bn1.weight") }
        guard blocks.allSatisfy((1...1000).contains) else { return nil }
        let isBottleneck = weights["layer1.0.conv3.weight"] != nil
        var found = Self.of(blocks: blocks, isBottleneck ? .bottleneck : .basic)
        found.stem = stem
        // timm counts the average that stands before a shortcut's convolution.
        if weights["layer2.0.downsample.1.weight"]?.count == 4 { found.downsample = .averagePool }
        guard isBottleneck else { return found }
        guard let middle = weights["layer1.0.conv2.weight"], middle.count == 4,
            (1...4096).contains(middle[1]), middle[0] % middle[1] == 0,
            (1...1024).contains(middle[0] / middle[1])
        else { return nil }
        (found.groupWidth, found.groups) = (middle[1], middle[0] / middle[1])
        return found
    }

    /// The published network of so many blocks in each stage, or another.
    private static func of(blocks: [Int], _ block: Block) -> Self {
        Depth.published.map { Self(depth: $0) }
            .first { $0.blocks == blocks && $0.blockKind == block }
            ?? Self(depth: .blocks(blocks), block: block)
    }

    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        let name = PublishedNetwork.name(of: Architecture(self))
        switch library {
        case .torchvision: return isD ? nil : name.map { Counterpart($0) }
        case .timm:
            return Counterpart(
                name ?? (blockKind == .basic ? "resnet18" : "resnet50"),
                arguments: name == nil ? timmArguments : [:],
                layers: (first: stem == .deep ? "conv1.0" : "conv1", head: "fc"))
        case .supergradients: return isPlain ? name.map { Counterpart($0) } : nil
        case .microsoft, .facebook, .efficientNetLite: return nil
        case .huggingface:
            guard isPlain else { return nil }
            return Counterpart(
                "ResNetForImageClassification",
                arguments: [
                    "model_type": "resnet", "num_channels": 3, "embedding_size": 64,
                    "hidden_sizes": .list((0..<4).map { .integer((64 << $0) * expansion) }),
                    "depths": .list(blocks.map { .integer($0) }),
                    "layer_type": blockKind == .bottleneck ? "bottleneck" : "basic",
                    "hidden_act": "relu", "downsample_in_first_stage": false,
                    "downsample_in_bottleneck": false,
                ])
        }
    }

    /// What timm's constructors are told of one that no name stands for.
    private var timmArguments: [String: JSONValue] {
        [
            "layers": .list(blocks.map { .integer($0) }), "cardinality": .integer(groups),
            "base_width": .integer(groupWidth),
            "stem_width": .integer(Self.stemWidth / (stem == .deep ? 2 : 1)),
            "stem_type": stem == .deep ? "deep" : "",
            "avg_down": .truth(downsample == .averagePool),
        ]
    }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try ResNet(
            self, classes: classes, store: store, initialization: initialization ?? .pytorch,
            dropPath: dropPath)
    }
}

// MARK: - Limits

extension ResNetConfiguration {
    package func fault(classes: Int) -> NetworkFault? {
        if blockKind == .basic, groups != 1 || groupWidth != Self.stemWidth {
            return NetworkFault(
                key: groups != 1 ? "groups" : "group_width",
                message: "architecture.\(groups != 1 ? "groups" : "group_width") needs "
                    + "bottlenecks; the blocks are basic")
        }
        // The smallest stage's must be whole numbers; the others' are multiples of them.
        guard width(planes: Self.stemWidth) >= 1 else {
            return NetworkFault(
                key: "group_width", message: "architecture.group_width leaves no channel")
        }
        return .ofSize(parameters: parameters(classes: classes), key: "depth")
    }

    /// The parameters of blocks and head, in numbers that cannot overflow.
    private func parameters(classes: Int) -> Double {
        var total = 0.0
        for (stage, count) in blocks.enumerated() {
            let planes = Self.stemWidth << stage
            let (width, output) = (Double(width(planes: planes)), Double(planes * expansion))
            let branch =
                blockKind == .bottleneck
                ? 2 * output * width + 9 * width * width / Double(groups)
                : 18 * output * output
            total += Double(count) * branch + (stage == 0 ? 64 : output / 2) * output
        }
        return total + Double(512 * expansion) * Double(classes)
    }
}

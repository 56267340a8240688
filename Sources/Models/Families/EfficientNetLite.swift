// EfficientNet-Lite: EfficientNet without squeeze-excitation and with ReLU6, a stem and a head that do
// not grow, and TensorFlow's padding.
//
// Paper: Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019;
// the Lite variants: tensorflow/tpu, models/official/efficientnet/lite, 2020.
// Reference: timm 1.0.31 `models/efficientnet.py`, `tf_efficientnet_lite*`, whose parameter names
// these are.
import Graphs
import StrictYAML
import Torch

/// An EfficientNet-Lite with timm's parameter names.
final class EfficientNetLite: ImageClassifier {
    /// Every parameter and buffer, under timm's names.
    let store: ParameterStore
    /// The width of the logits.
    let classes: Int
    /// Empty: only vectors are exempt from weight decay.
    let undecayed: Set<String> = []
    let architecture: Architecture
    private let stem: Unit
    private let blocks: [(stage: Int, block: Block)]
    private let top: Unit
    private let classifier: Linear

    /// Makes a network with freshly drawn weights, as timm's constructor draws them.
    ///
    /// - Parameters:
    ///   - initialization: nil and `.timm` mean the same; there is no other.
    ///   - dropPath: stochastic depth's rate; block k of n has `k / n` of it.
    /// - Throws: `TorchError` for another initialization, for a configuration with a fault, or if
    ///   the store holds a parameter of the same name.
    init(
        _ configuration: EfficientNetLiteConfiguration, classes: Int, store: ParameterStore,
        initialization: Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) {
        try Initialization.check(initialization, against: .timm, of: "an", "EfficientNet-Lite")
        if let fault = configuration.fault(classes: classes) {
            throw TorchError(operation: "EfficientNet-Lite", message: fault.message)
        }
        let root: ParameterPath = ""
        self.store = store
        self.classes = classes
        architecture = Architecture(configuration)
        stem = try Unit(
            store, root / "conv_stem", root / "bn1", in: 3,
            out: EfficientNetLiteConfiguration.stemWidth, kernel: 3, stride: 2, isActive: true)
        let plan = configuration.blocks
        var blocks: [(stage: Int, block: Block)] = []
        for (index, block) in plan.enumerated() {
            // timm counts one block more.
            let made = try Block(
                store, block,
                dropPath: DropPath.rate(dropPath, block: index, of: plan.count + 1))
            blocks.append((block.stage + 1, made))
        }
        self.blocks = blocks
        let width = EfficientNetLiteConfiguration.topWidth
        top = try Unit(
            store, root / "conv_head", root / "bn2", in: plan.last?.output ?? 0, out: width,
            kernel: 1, isActive: true)
        // timm draws the head by the number of its outputs.
        classifier = try Linear(
            store, root / "classifier", in: width, out: classes,
            weight: .uniform(bound: 1 / Double(classes).squareRoot()), bias: .zeros)
    }

    func valuesPerChannel(imageSize: Int) -> Int? {
        BatchNorm.valuesOfLastStage(imageSize: imageSize)
    }

    /// Computes class logits, `[N, classes]`, of images of any size.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = try stem(images.contiguous(.channelsLast), mode.ofStage(0))
        for (stage, block) in blocks { y = try block(y, mode.ofStage(stage)) }
        return try classifier(top(y, mode).adaptiveAveragePool2d([1, 1]).flattened(from: 1))
    }
}

/// A convolution, its normalization and, but where a block ends, ReLU6.
private struct Unit {
    let conv: Convolution
    let norm: BatchNorm
    let isActive: Bool

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ normPath: ParameterPath,
        in input: Int, out output: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
        isActive: Bool
    ) throws(TorchError) {
        // timm's init_weight_goog: the fan-out is a group's.
        let fanOut = Double(kernel * kernel * output / groups)
        conv = try Convolution(
            store, path, in: input, out: output, kernel: kernel, stride: stride, groups: groups,
            padding: .tensorFlow, weight: .normal(std: (2 / fanOut).squareRoot()))
        norm = try BatchNorm(store, normPath, output, epsilon: 1e-3)
        self.isActive = isActive
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        let y = try norm(conv(x), mode)
        return isActive ? try y.relu6() : y
    }
}

/// An inverted residual: expansion, a convolution of each channel, projection.
private struct Block {
    let units: [Unit]
    let hasShortcut: Bool
    let dropPath: Double

    init(
        _ store: ParameterStore, _ plan: EfficientNetLiteConfiguration.Block, dropPath: Double
    ) throws(TorchError) {
        let hidden = plan.input * plan.expansion
        let path = ParameterPath(plan.path)
        let names = plan.convolutions
        // (in, out, kernel, stride, groups) of each convolution.
        let depthwise = (hidden, hidden, plan.kernel, plan.stride, hidden)
        let shapes =
            (plan.expansion == 1 ? [] : [(plan.input, hidden, 1, 1, 1)])
            + [depthwise, (hidden, plan.output, 1, 1, 1)]
        var units: [Unit] = []
        for (index, shape) in shapes.enumerated() {
            units.append(
                try Unit(
                    store, path / names[index], path / "bn\(index + 1)", in: shape.0, out: shape.1,
                    kernel: shape.2, stride: shape.3, groups: shape.4,
                    isActive: index < shapes.count - 1))
        }
        self.units = units
        hasShortcut = plan.stride == 1 && plan.input == plan.output
        self.dropPath = dropPath
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = x
        for unit in units { y = try unit(y, mode) }
        return hasShortcut ? try residual(x, y, rate: dropPath, mode: mode) : y
    }
}

// MARK: - The graph

extension EfficientNetLite: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        var y = try stem(images)
        for (_, block) in blocks { y = try block(y) }
        return try classifier(top(y).globalAveragePool())
    }
}

extension Unit {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let y = try norm(conv(x))
        return isActive ? try y.relu6() : y
    }
}

extension Block {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        var y = x
        for unit in units { y = try unit(y) }
        return hasShortcut ? try x + y : y
    }
}

// MARK: - The family

/// The dimensions of an EfficientNet-Lite.
package struct EfficientNetLiteConfiguration: NetworkFamily {
    package var width: Double
    package var depth: Double

    package init(width: Double, depth: Double) {
        self.width = width
        self.depth = depth
    }

    package static let kind = "efficientnet_lite"
    package static let version = 1
    package static let head = "classifier.weight"

    package static let initial = Self(width: 1, depth: 1)

    package static let keys: [Key<Self>] = [
        Key(
            "width", \.width, .number(in: .above(0, to: 64)),
            "channels of the stages over those of lite0, rounded to multiples of 8"),
        Key(
            "depth", \.depth, .number(in: .above(0, to: 64)),
            "blocks of all stages but the first and the last over those of lite0, rounded up"),
    ]

    /// Lite0 to lite4, with timm's evaluation of them.
    private static let sizes: [(network: Self, preprocessing: Preprocessing)] = [
        (Self(width: 1, depth: 1), .inception(224, resize: 256, .bicubic)),
        (Self(width: 1, depth: 1.1), .inception(240, resize: 272, .bicubic)),
        (Self(width: 1.1, depth: 1.2), .inception(260, resize: 292, .bicubic)),
        (Self(width: 1.2, depth: 1.4), .inception(300, resize: 331, .bilinear)),
        (Self(width: 1.4, depth: 1.8), .inception(380, resize: 413, .bilinear)),
    ]

    package static var published: [PublishedNetwork] {
        sizes.enumerated().map {
            PublishedNetwork("tf_efficientnet_lite\($0)", $1.network, $1.preprocessing)
        }
    }

    package static let layouts = [WeightLayout(of: [.timm])]

    package var layouts: [WeightLayout] { Self.layouts + [counted] }

    package static let namings = layouts + sizes.map { $0.network.counted }

    /// That of `efficientnet_lite_pytorch`, which counts blocks through all stages.
    private var counted: WeightLayout {
        var names = [
            ("conv_stem.*", "_conv_stem.*"), ("bn1.*", "_bn0.*"), ("conv_head.*", "_conv_head.*"),
            ("bn2.*", "_bn1.*"), ("classifier.*", "_fc.*"),
        ]
        for (number, block) in blocks.enumerated() {
            let theirs = ["_expand_conv", "_depthwise_conv", "_project_conv"]
            for (index, conv) in block.convolutions.enumerated() {
                let step = index + 3 - block.convolutions.count
                names += [
                    ("\(block.path).\(conv).*", "_blocks.\(number).\(theirs[step]).*"),
                    ("\(block.path).bn\(index + 1).*", "_blocks.\(number)._bn\(step).*"),
                ]
            }
        }
        return WeightLayout(of: [.efficientNetLite], renaming: names)
    }

    package static func configuration(of weights: WeightShapes) -> Self? {
        guard weights["conv_stem.weight"] == [stemWidth, 3, 3, 3] else { return nil }
        // The last convolution of each stage's first block, and how many blocks have one.
        let projections = stages.enumerated().map { stage, shape in
            "blocks.\(stage).#.\(Block.convolutions(expansion: shape.3).last ?? "").weight"
        }
        let counts = projections.map { weights.count($0) }
        let widths = projections.compactMap { weights[$0.replacing("#", with: "0")]?.first }
        func isWidth(_ width: Double) -> Bool {
            stages.map { (Double($0.4) * width).roundedChannels } == widths
        }
        func isDepth(_ depth: Double) -> Bool {
            stages.indices.map { blocks(ofStage: $0, depth: depth) } == counts
        }
        // Several factors may mean the same blocks.
        let published = sizes.first { isWidth($0.network.width) && isDepth($0.network.depth) }
        if let published { return published.network }
        guard let width = Double.multipliers.first(where: isWidth),
            let depth = Double.multipliers.first(where: isDepth)
        else { return nil }
        return Self(width: width, depth: depth)
    }

    /// The stem and the seven stages.
    package var stages: [[String]] {
        [["conv_stem.", "bn1."]] + (0...(blocks.last?.stage ?? 0)).map { ["blocks.\($0)."] }
    }

    /// timm makes the published ones, by their names alone.
    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        guard library == .timm else { return nil }
        return PublishedNetwork.name(of: Architecture(self)).map {
            Counterpart($0, layers: (first: "conv_stem", head: "classifier"))
        }
    }

    package static var initialization: Initialization { .timm }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try EfficientNetLite(
            self, classes: classes, store: store, initialization: initialization,
            dropPath: dropPath)
    }
}

// MARK: - Stages

extension EfficientNetLiteConfiguration {
    static let stemWidth = 32
    static let topWidth = 1280

    /// A block as the network and its layouts have it.
    struct Block {
        /// The stage, from 0.
        let stage: Int
        /// timm's: `blocks.1.0`.
        let path: String
        let input: Int
        let output: Int
        let kernel: Int
        let stride: Int
        /// Channels between its convolutions over those of its input.
        let expansion: Int

        /// timm's names of its convolutions.
        var convolutions: [String] { Self.convolutions(expansion: expansion) }

        static func convolutions(expansion: Int) -> [String] {
            expansion == 1 ? ["conv_dw", "conv_pw"] : ["conv_pw", "conv_dw", "conv_pwl"]
        }
    }

    /// Of lite0: (blocks, kernel, stride of the first block, expansion, channels).
    private static let stages = [
        (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
    ]

    /// Every block, from the stem on.
    var blocks: [Block] {
        var blocks: [Block] = []
        var input = Self.stemWidth
        for (stage, shape) in Self.stages.enumerated() {
            let output = (Double(shape.4) * width).roundedChannels
            for index in 0..<Self.blocks(ofStage: stage, depth: depth) {
                blocks.append(
                    Block(
                        stage: stage, path: "blocks.\(stage).\(index)", input: input,
                        output: output,
                        kernel: shape.1, stride: index == 0 ? shape.2 : 1, expansion: shape.3))
                input = output
            }
        }
        return blocks
    }

    /// The blocks of a stage; the first and the last stage do not grow.
    private static func blocks(ofStage stage: Int, depth: Double) -> Int {
        let count = stages[stage].0
        let isScaled = stage > 0 && stage < stages.count - 1
        return isScaled ? Int((Double(count) * depth).rounded(.up)) : count
    }

    package func fault(classes: Int) -> NetworkFault? {
        var parameters = Double(Self.topWidth) * Double(classes)
        for block in blocks {
            let hidden = Double(block.input * block.expansion)
            parameters += hidden * Double(block.input + block.output)
        }
        return .ofSize(parameters: parameters, key: "width")
    }
}

// MobileNetV3, large and small: inverted residuals with squeeze-excitation and hard swish.
//
// Paper: Howard et al., Searching for MobileNetV3, 2019.
// Reference: torchvision 0.26 `models/mobilenetv3.py`, whose parameter names these are.
import Base
import Graphs
import StrictYAML
import Torch

/// A MobileNetV3 with torchvision's parameter names.
final class MobileNetV3: ImageClassifier {
    /// Every parameter and buffer, under torchvision's names.
    let store: ParameterStore
    /// The width of the logits.
    let classes: Int
    /// Empty: only vectors are exempt from weight decay.
    let undecayed: Set<String> = []
    let architecture: Architecture
    private let stem: Unit
    private let blocks: [Block]
    private let top: Unit
    private let hidden: Linear
    private let head: Linear

    /// Makes a network with freshly drawn weights, as torchvision's constructor draws them.
    ///
    /// - Parameters:
    ///   - initialization: nil and `.torchvision` mean the same; there is no other.
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` for another initialization, for a configuration with a fault, or if
    ///   the store holds a parameter of the same name.
    init(
        _ configuration: MobileNetV3Configuration, classes: Int, store: ParameterStore,
        initialization: Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) {
        try Initialization.check(initialization, against: .torchvision, of: "a", "MobileNetV3")
        if let fault = configuration.fault(classes: classes) {
            throw TorchError(operation: "MobileNetV3", message: fault.message)
        }
        let features: ParameterPath = "features"
        self.store = store
        self.classes = classes
        architecture = Architecture(configuration)
        let plan = configuration.blocks
        stem = try Unit(
            store, features / 0, in: 3, out: plan[0].input, kernel: 3, stride: 2,
            activation: .hardSwish)
        var blocks: [Block] = []
        for (index, block) in plan.enumerated() {
            blocks.append(
                try Block(
                    store, features / (index + 1) / "block", block,
                    dropPath: DropPath.rate(dropPath, block: index, of: plan.count)))
        }
        self.blocks = blocks
        let last = plan[plan.count - 1].output
        top = try Unit(
            store, features / (plan.count + 1), in: last, out: 6 * last, kernel: 1,
            activation: .hardSwish)
        let standard = Initializer.normal(std: 0.01)
        let classifier: ParameterPath = "classifier"
        let width = configuration.topWidth
        hidden = try Linear(
            store, classifier / 0, in: 6 * last, out: width, weight: standard, bias: .zeros)
        head = try Linear(
            store, classifier / 3, in: width, out: classes, weight: standard, bias: .zeros)
    }

    func valuesPerChannel(imageSize: Int) -> Int? {
        BatchNorm.valuesOfLastStage(imageSize: imageSize)
    }

    /// Computes class logits, `[N, classes]`, of images of any size.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = try stem(images.contiguous(.channelsLast), mode.ofStage(0))
        for (index, block) in blocks.enumerated() { y = try block(y, mode.ofStage(index + 1)) }
        let pooled = try top(y, mode).adaptiveAveragePool2d([1, 1]).flattened(from: 1)
        return try head(hidden(pooled).hardSwish())
    }
}

/// A convolution, its normalization and what follows.
private struct Unit {
    let conv: Convolution
    let norm: BatchNorm
    let activation: MobileNetV3Configuration.Activation?

    /// - Parameter path: of the convolution (`path.0`) and its normalization (`path.1`).
    init(
        _ store: ParameterStore, _ path: ParameterPath, in input: Int, out output: Int,
        kernel: Int, stride: Int = 1, groups: Int = 1,
        activation: MobileNetV3Configuration.Activation?
    ) throws(TorchError) {
        conv = try Convolution(
            store, path / 0, in: input, out: output, kernel: kernel, stride: stride,
            groups: groups,
            weight: Initialization.torchvision.convolution(
                in: input, out: output, kernel: kernel, groups: groups))
        norm = try BatchNorm(store, path / 1, output, momentum: 0.01, epsilon: 1e-3)
        self.activation = activation
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        let y = try norm(conv(x), mode)
        return switch activation {
        case .relu: try y.relu()
        case .hardSwish: try y.hardSwish()
        case nil: y
        }
    }
}

/// Scales channels by what their means say of them.
private struct SqueezeExcitation {
    let squeeze: Convolution
    let excite: Convolution

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ channels: Int, squeezed: Int
    ) throws(TorchError) {
        func layer(_ name: String, _ input: Int, _ output: Int) throws(TorchError) -> Convolution {
            try Convolution(
                store, path / name, in: input, out: output, kernel: 1,
                weight: Initialization.torchvision.convolution(in: input, out: output, kernel: 1),
                bias: .zeros)
        }
        squeeze = try layer("fc1", channels, squeezed)
        excite = try layer("fc2", squeezed, channels)
    }

    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x * excite(squeeze(x.adaptiveAveragePool2d([1, 1])).relu()).hardSigmoid()
    }
}

/// An inverted residual: expansion, a convolution of each channel, excitation, projection.
private struct Block {
    let expansion: Unit?
    let depthwise: Unit
    let excitation: SqueezeExcitation?
    let projection: Unit
    let hasShortcut: Bool
    let dropPath: Double

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ plan: MobileNetV3Configuration.Block,
        dropPath: Double
    ) throws(TorchError) {
        // torchvision counts the layers that are there.
        var index = 0
        func next() -> ParameterPath {
            defer { index += 1 }
            return path / index
        }
        expansion =
            plan.isExpanding
            ? try Unit(
                store, next(), in: plan.input, out: plan.hidden, kernel: 1,
                activation: plan.activation) : nil
        depthwise = try Unit(
            store, next(), in: plan.hidden, out: plan.hidden, kernel: plan.kernel,
            stride: plan.stride, groups: plan.hidden, activation: plan.activation)
        excitation =
            if let squeezed = plan.squeezed {
                try SqueezeExcitation(store, next(), plan.hidden, squeezed: squeezed)
            } else {
                nil
            }
        projection = try Unit(
            store, next(), in: plan.hidden, out: plan.output, kernel: 1, activation: nil)
        hasShortcut = plan.stride == 1 && plan.input == plan.output
        self.dropPath = dropPath
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        var y = try expansion?(x, mode) ?? x
        y = try depthwise(y, mode)
        if let excitation { y = try excitation(y) }
        y = try projection(y, mode)
        return hasShortcut ? try residual(x, y, rate: dropPath, mode: mode) : y
    }
}

// MARK: - The graph

extension MobileNetV3: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        var y = try stem(images)
        for block in blocks { y = try block(y) }
        return try head(hidden(top(y).globalAveragePool()).hardSwish())
    }
}

extension Unit {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let y = try norm(conv(x))
        return switch activation {
        case .relu: try y.relu()
        case .hardSwish: try y.hardSwish()
        case nil: y
        }
    }
}

extension SqueezeExcitation {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        try x * excite(squeeze(x.globalAveragePool(keepsSides: true)).relu()).hardSigmoid()
    }
}

extension Block {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        var y = try expansion?(x) ?? x
        y = try depthwise(y)
        if let excitation { y = try excitation(y) }
        y = try projection(y)
        return hasShortcut ? try x + y : y
    }
}

// MARK: - The family

/// The dimensions of a MobileNetV3.
package struct MobileNetV3Configuration: NetworkFamily {
    package var size: Size
    package var width: Double

    package enum Size: String, CaseIterable, Sendable {
        case small, large
    }

    enum Activation {
        case relu, hardSwish
    }

    package init(size: Size, width: Double = 1) {
        self.size = size
        self.width = width
    }

    package static let kind = "mobilenet_v3"
    package static let version = 1
    package static let head = "classifier.3.weight"

    package static let initial = Self(size: .large)

    package static let keys: [Key<Self>] = [
        Key("size", \.size, .choice, "which of the paper's two plans of blocks it has"),
        .added(
            "width", \.width, .number(in: .above(0, to: 64)),
            "channels over those of the plan, rounded to multiples of 8"),
    ]

    package static var published: [PublishedNetwork] {
        Size.allCases.map {
            PublishedNetwork(
                "mobilenet_v3_\($0.rawValue)", Self(size: $0),
                .imageNet(224, resize: 256, .bilinear))
        }
    }

    /// The stem and each block.
    package var stages: [[String]] { (0...blocks.count).map { ["features.\($0)."] } }

    package static let layouts = [WeightLayout(of: [.torchvision])]

    package static func configuration(of weights: WeightShapes) -> Self? {
        guard weights["features.0.0.weight"] != nil else { return nil }
        for size in Size.allCases {
            let found = Double.multipliers.lazy.map { Self(size: size, width: $0) }
                .first { $0.isPlan(of: weights) }
            if let found { return found }
        }
        return nil
    }

    /// Whether stem, blocks and classifier have the channels of this plan.
    private func isPlan(of weights: WeightShapes) -> Bool {
        let blocks = blocks
        guard let last = blocks.last, weights["features.0.0.weight"] == [blocks[0].input, 3, 3, 3],
            weights["classifier.0.weight"] == [topWidth, 6 * last.output],
            weights["features.\(blocks.count + 1).0.weight"] == [
                6 * last.output, last.output, 1, 1,
            ]
        else { return false }
        return blocks.enumerated().allSatisfy { index, block in
            weights["features.\(index + 1).block.\(block.layers - 1).0.weight"]
                == [block.output, block.hidden, 1, 1]
        }
    }

    /// timm's and Hugging Face's MobileNets have other names, which no layout has.
    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        guard library == .torchvision else { return nil }
        return Counterpart(
            "mobilenet_v3_\(size.rawValue)",
            arguments: width == 1 ? [:] : ["width_mult": .number(width)])
    }

    package static var initialization: Initialization { .torchvision }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try MobileNetV3(
            self, classes: classes, store: store, initialization: initialization,
            dropPath: dropPath)
    }
}

// MARK: - Blocks

extension MobileNetV3Configuration {
    /// A row of the paper's tables 1 and 2, with the channels of this width.
    struct Block {
        let input: Int
        let kernel: Int
        let hidden: Int
        let output: Int
        /// Channels between the two layers of the excitation; nil without one.
        let squeezed: Int?
        let activation: Activation
        let stride: Int

        /// Whether channels are added before the convolution of each.
        var isExpanding: Bool { hidden != input }

        /// Its layers, an excitation being one.
        var layers: Int { (isExpanding ? 3 : 2) + (squeezed == nil ? 0 : 1) }
    }

    /// The rows: (kernel, hidden, out, excitation, activation, stride).
    private var rows: [(Int, Int, Int, Bool, Activation, Int)] {
        switch size {
        case .large:
            [
                (3, 16, 16, false, .relu, 1), (3, 64, 24, false, .relu, 2),
                (3, 72, 24, false, .relu, 1), (5, 72, 40, true, .relu, 2),
                (5, 120, 40, true, .relu, 1), (5, 120, 40, true, .relu, 1),
                (3, 240, 80, false, .hardSwish, 2), (3, 200, 80, false, .hardSwish, 1),
                (3, 184, 80, false, .hardSwish, 1), (3, 184, 80, false, .hardSwish, 1),
                (3, 480, 112, true, .hardSwish, 1), (3, 672, 112, true, .hardSwish, 1),
                (5, 672, 160, true, .hardSwish, 2), (5, 960, 160, true, .hardSwish, 1),
                (5, 960, 160, true, .hardSwish, 1),
            ]
        case .small:
            [
                (3, 16, 16, true, .relu, 2), (3, 72, 24, false, .relu, 2),
                (3, 88, 24, false, .relu, 1), (5, 96, 40, true, .hardSwish, 2),
                (5, 240, 40, true, .hardSwish, 1), (5, 240, 40, true, .hardSwish, 1),
                (5, 120, 48, true, .hardSwish, 1), (5, 144, 48, true, .hardSwish, 1),
                (5, 288, 96, true, .hardSwish, 2), (5, 576, 96, true, .hardSwish, 1),
                (5, 576, 96, true, .hardSwish, 1),
            ]
        }
    }

    /// Every block, from the stem on.
    var blocks: [Block] {
        var input = channels(16)
        return rows.map { kernel, hidden, output, isExcited, activation, stride in
            let (scaled, out) = (channels(hidden), channels(output))
            defer { input = out }
            return Block(
                input: input, kernel: kernel, hidden: scaled, output: out,
                squeezed: isExcited ? Double(scaled / 4).roundedChannels : nil,
                activation: activation, stride: stride)
        }
    }

    /// Channels of the classifier's hidden layer.
    var topWidth: Int { channels(size == .large ? 1280 : 1024) }

    private func channels(_ base: Int) -> Int { (Double(base) * width).roundedChannels }

    package func fault(classes: Int) -> NetworkFault? {
        var parameters = Double(topWidth) * Double(classes)
        for block in blocks {
            parameters +=
                Double(block.hidden)
                * Double(block.input + block.output + 2 * (block.squeezed ?? 0))
        }
        return .ofSize(parameters: parameters, key: "width")
    }
}

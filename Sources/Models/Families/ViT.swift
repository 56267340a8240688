// ViT, DeiT, distilled DeiT and DeiT III: transformers over patches with learnt position embeddings.
//
// Papers: Dosovitskiy et al., An Image is Worth 16x16 Words, 2020; Touvron et al., Training
// Data-Efficient Image Transformers & Distillation through Attention, 2020, and DeiT III: Revenge of
// the ViT, 2022.
// Reference: timm 1.0.31 `models/vision_transformer.py` and `models/deit.py`, whose parameter names
// these are.
import Base
import Graphs
import StrictYAML
import Torch

/// A vision transformer with timm's parameter names.
final class ViT: ImageClassifier {
    /// Every parameter, under timm's names.
    let store: ParameterStore
    /// The width of the logits.
    let classes: Int
    /// What stands for places and whole images, as timm's `no_weight_decay`.
    let undecayed: Set<String> = ["pos_embed", "cls_token", "dist_token"]
    private let configuration: ViTConfiguration
    /// The class token and, of a distilled network, the distillation token.
    private let tokens: [Tensor]
    private let positions: Tensor
    private let patches: Convolution
    private let firstNorm: LayerNorm?
    private let blocks: [Block]
    /// Before the pooling or after it, as the pooling wants it.
    private let norm: LayerNorm
    private let head: Linear
    private let distilledHead: Linear?

    /// Makes a network with freshly drawn weights, as timm's constructor draws them.
    ///
    /// - Parameters:
    ///   - initialization: nil and `.timm` mean the same; there is no other.
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` for another initialization, for a configuration with a fault, or if
    ///   the store holds a parameter of the same name.
    init(
        _ configuration: ViTConfiguration, classes: Int, store: ParameterStore,
        initialization: Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) {
        try Initialization.check(initialization, against: .timm, of: "a", "ViT")
        if let fault = configuration.fault(classes: classes) {
            throw TorchError(operation: "ViT", message: fault.message)
        }
        let root: ParameterPath = ""
        let width = configuration.width
        let standard = Initializer.truncatedNormal(std: 0.02)
        self.store = store
        self.classes = classes
        self.configuration = configuration
        var tokens = [
            try store.parameter(
                root / "cls_token", shape: [1, 1, width], initializer: .normal(std: 1e-6))
        ]
        if configuration.distilled {
            tokens.append(
                try store.parameter(
                    root / "dist_token", shape: [1, 1, width], initializer: standard))
        }
        self.tokens = tokens
        let side = configuration.side
        positions = try store.parameter(
            root / "pos_embed",
            shape: [1, side * side + configuration.prefixPositions, width], initializer: standard)
        // timm leaves the patch projection at PyTorch's convolution default.
        let bound = 1 / (3 * Double(configuration.patch * configuration.patch)).squareRoot()
        patches = try Convolution(
            store, root / "patch_embed" / "proj", in: 3, out: width, kernel: configuration.patch,
            stride: configuration.patch, padding: .even(0), weight: .uniform(bound: bound),
            bias: configuration.preNorm ? nil : .uniform(bound: bound))
        firstNorm =
            configuration.preNorm
            ? try LayerNorm(store, root / "norm_pre", width, epsilon: ViTConfiguration.epsilon)
            : nil
        var blocks: [Block] = []
        for depth in 0..<configuration.depth {
            blocks.append(
                try Block(
                    store, root / "blocks" / depth, configuration,
                    dropPath: DropPath.rate(dropPath, block: depth, of: configuration.depth)))
        }
        self.blocks = blocks
        norm = try LayerNorm(
            store, root / (configuration.pool == .mean ? "fc_norm" : "norm"), width,
            epsilon: ViTConfiguration.epsilon)
        head = try Linear(
            store, root / "head", in: width, out: classes, weight: standard, bias: .zeros)
        distilledHead =
            configuration.distilled
            ? try Linear(
                store, root / "head_dist", in: width, out: classes, weight: standard, bias: .zeros)
            : nil
    }

    var architecture: Architecture { Architecture(configuration) }

    /// Computes class logits, `[N, classes]`, of images of the configuration's size: of a distilled
    /// network the mean of its two heads', in training as well.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        try configuration.check(images, of: "ViT")
        var x = try embedded(images)
        if let firstNorm { x = try firstNorm(x) }
        for (index, block) in blocks.enumerated() {
            x = try block(x, mode.ofStage(index + 1))
        }
        switch configuration.pool {
        case .token: break
        case .mean: return try head(norm(patchMean(of: x)))
        case .normedMean: return try head(patchMean(of: norm(x)))
        }
        let y = try norm(x)
        let logits = try head(y.selected(dimension: 1, index: 0))
        guard let distilledHead else { return logits }
        return try (logits + distilledHead(y.selected(dimension: 1, index: 1))) / 2
    }

    /// Patches and tokens with their positions, `[N, tokens, width]`.
    private func embedded(_ images: Tensor) throws(TorchError) -> Tensor {
        var x = try patches(images).flattened(from: 2).transposed(1, 2)
        let shape = [images.shape[0], 1, configuration.width]
        let positions = try positions.to(x.dtype)
        if configuration.prefixPositions == 0 { x = try x + positions }
        var all: [Tensor] = []
        for token in tokens { all.append(try token.to(x.dtype).expanded(shape)) }
        x = try .concatenated(all + [x], dimension: 1)
        return configuration.prefixPositions == 0 ? x : try x + positions
    }

    private func patchMean(of x: Tensor) throws(TorchError) -> Tensor {
        try x.narrowed(dimension: 1, start: tokens.count, count: x.shape[1] - tokens.count)
            .mean(dimensions: [1])
    }
}

/// Pre-norm attention and MLP, each added to its input, scaled per channel where the network does so.
private struct Block {
    let heads: Int
    let dropPath: Double
    let norm1: LayerNorm
    let norm2: LayerNorm
    let scale1: Tensor?
    let scale2: Tensor?
    let qkv: Tensor
    let qkvBias: Tensor?
    let projection: Linear
    let fc1: Linear
    let fc2: Linear

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ configuration: ViTConfiguration,
        dropPath: Double
    ) throws(TorchError) {
        let width = configuration.width
        let hidden = configuration.hidden
        let attention = path / "attn"
        let standard = Initializer.truncatedNormal(std: 0.02)
        func scale(_ name: String) throws(TorchError) -> Tensor? {
            guard let initial = configuration.layerScale else { return nil }
            return try store.parameter(
                path / name / "gamma", shape: [width], initializer: .constant(initial))
        }
        heads = configuration.heads
        self.dropPath = dropPath
        norm1 = try LayerNorm(store, path / "norm1", width, epsilon: ViTConfiguration.epsilon)
        qkv = try store.parameter(
            attention / "qkv" / "weight", shape: [3 * width, width], initializer: standard)
        qkvBias =
            configuration.qkvBias
            ? try store.parameter(
                attention / "qkv" / "bias", shape: [3 * width], initializer: .zeros)
            : nil
        projection = try Linear(
            store, attention / "proj", in: width, out: width, weight: standard, bias: .zeros)
        scale1 = try scale("ls1")
        norm2 = try LayerNorm(store, path / "norm2", width, epsilon: ViTConfiguration.epsilon)
        fc1 = try Linear(
            store, path / "mlp" / "fc1", in: width, out: hidden, weight: standard, bias: .zeros)
        fc2 = try Linear(
            store, path / "mlp" / "fc2", in: hidden, out: width, weight: standard, bias: .zeros)
        scale2 = try scale("ls2")
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        func add(_ branch: Tensor, _ scale: Tensor?, to x: Tensor) throws(TorchError) -> Tensor {
            let scaled = if let scale { try branch * scale } else { branch }
            return try residual(x, scaled, rate: dropPath, mode: mode)
        }
        let y = try add(attend(norm1(x)), scale1, to: x)
        return try add(fc2(fc1(norm2(y)).gelu()), scale2, to: y)
    }

    /// Multi-head attention over `[N, tokens, width]`.
    private func attend(_ x: Tensor) throws(TorchError) -> Tensor {
        try projection(x.linear(qkv, bias: qkvBias).attention(heads: heads))
    }
}

// MARK: - The graph

extension ViT: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        var x = try embedded(images)
        if let firstNorm { x = try firstNorm(x) }
        for block in blocks { x = try block(x) }
        // A norm looks at each token alone, and so only at those that count.
        let last = try x.slice(tokens.count..<x.shape[0], dimension: 0)
        switch configuration.pool {
        case .token: break
        case .mean: return try head(norm(last.mean(dimension: 0)))
        case .normedMean: return try head(norm(last).mean(dimension: 0))
        }
        let first = try norm(x.slice(0..<tokens.count, dimension: 0))
        func token(_ index: Int) throws(TorchError) -> GraphValue {
            try first.slice(index..<index + 1, dimension: 0).reshaped([configuration.width])
        }
        let logits = try head(token(0))
        guard let distilledHead else { return logits }
        return try (logits + distilledHead(token(1))) * 0.5
    }

    /// Patches and tokens with their positions, `[tokens, width]`.
    ///
    /// The tokens and all positions are one constant, added to patches with zeros before them.
    private func embedded(_ images: GraphValue) throws(TorchError) -> GraphValue {
        let grid = try patches(images)
        let (width, count) = (configuration.width, grid.shape[1] * grid.shape[2])
        var rows: [Tensor] = []
        for token in tokens { rows.append(try token.detached().reshaped([1, width])) }
        var constant = try Tensor.concatenated(rows, dimension: 0)
        let prefix = configuration.prefixPositions
        let all = try positions.detached().reshaped([prefix + count, width])
        if prefix > 0 {
            constant = try constant + all.narrowed(dimension: 0, start: 0, count: prefix)
        }
        constant = try .concatenated(
            [constant, all.narrowed(dimension: 0, start: prefix, count: count)], dimension: 0)
        return try grid.reshaped([width, count]).permuted([1, 0]).padded(before: tokens.count)
            + GraphWeight("pos_embed", constant)
    }
}

extension Block {
    fileprivate func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let graph = x.builder
        func add(
            _ branch: GraphValue, _ scale: Tensor?, to x: GraphValue
        ) throws(TorchError) -> GraphValue {
            if let scale { try x + branch * graph.weight(scale) } else { try x + branch }
        }
        let bias = if let qkvBias { graph.weight(qkvBias) } else { nil as GraphWeight? }
        let joined = try norm1(x).linear(graph.weight(qkv), bias: bias)
        let y = try add(projection(joined.attention(heads: heads)), scale1, to: x)
        return try add(fc2(fc1(norm2(y)).gelu()), scale2, to: y)
    }
}

// MARK: - The family

/// The dimensions of a ViT.
package struct ViTConfiguration: NetworkFamily, TransformerDimensions {
    package var imageSize: Int
    package var patch: Int
    package var width: Int
    package var depth: Int
    package var heads: Int
    package var mlpRatio: Double
    /// What each channel's scale of a branch begins with; nil for branches without scales.
    package var layerScale: Double?
    package var pool: Pool
    package var distilled: Bool
    /// Whether the class token, and a distillation token, have position embeddings too.
    package var tokenPositions: Bool
    package var preNorm: Bool
    package var qkvBias: Bool

    /// What the head sees.
    package enum Pool: String, CaseIterable, Sendable {
        /// The normalized class token.
        case token
        /// The mean of the patches, normalized.
        case mean
        /// The mean of the normalized patches.
        case normedMean = "normed_mean"
    }

    package init(
        imageSize: Int, patch: Int, width: Int, depth: Int, heads: Int, mlpRatio: Double = 4,
        layerScale: Double? = nil, pool: Pool = .token, distilled: Bool = false,
        tokenPositions: Bool = true, preNorm: Bool = false, qkvBias: Bool = true
    ) {
        self.imageSize = imageSize
        self.patch = patch
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlpRatio = mlpRatio
        self.layerScale = layerScale
        self.pool = pool
        self.distilled = distilled
        self.tokenPositions = tokenPositions
        self.preNorm = preNorm
        self.qkvBias = qkvBias
    }

    package static let kind = "vit"
    package static let version = 1
    package static let head = "head.weight"
    package static let furtherHeads = ["head_dist.weight"]

    /// What layer norms add to the variance. Hugging Face's published configurations say 1e-12, for
    /// which the weights were trained with 1e-6.
    static let epsilon = 1e-6

    package static let initial = Self(imageSize: 1, patch: 1, width: 1, depth: 1, heads: 1)

    package static let keys: [Key<Self>] =
        dimensionKeys + [
            .added(
                "mlp_ratio", \.mlpRatio, .number(in: .above(0, to: 64)),
                "hidden channels of the feed-forward layer over `width`"),
            // Its value is nothing to a logit once weights are loaded; that there is one is.
            .added(
                "layer_scale", \.layerScale, .orNone(.number(in: .above(0, to: 100))),
                field: .text { $0.layerScale == nil ? "none" : "some" },
                "the initial layer scale; none where branches have no scales"),
            .added("pool", \.pool, .choice, "what the head sees"),
            .added(
                "distilled", \.distilled, .boolean,
                "whether there is a distillation token with a head of its own"),
            .added(
                "token_positions", \.tokenPositions, .boolean,
                "whether the class token has a position embedding"),
            .added(
                "pre_norm", \.preNorm, .boolean,
                "whether a norm stands before the first block, and patches have no bias"),
            .added("qkv_bias", \.qkvBias, .boolean, "whether query, key and value have a bias"),
        ]

    package static var published: [PublishedNetwork] {
        [
            vit("vit_tiny_patch16_224", 224, .tiny), vit("vit_tiny_patch16_384", 384, .tiny),
            vit("vit_small_patch32_224", 224, .small, patch: 32),
            vit("vit_small_patch32_384", 384, .small, patch: 32),
            vit("vit_small_patch16_224", 224, .small), vit("vit_small_patch16_384", 384, .small),
            vit("vit_base_patch32_224", 224, .base, patch: 32),
            vit("vit_base_patch32_384", 384, .base, patch: 32),
            vit("vit_base_patch16_224", 224, .base), vit("vit_base_patch16_384", 384, .base),
            vit("vit_base_patch8_224", 224, .base, patch: 8),
            vit("vit_large_patch32_384", 384, .large, patch: 32),
            vit("vit_large_patch16_224", 224, .large), vit("vit_large_patch16_384", 384, .large),
            deit("deit_tiny_patch16_224", 224, .tiny), deit("deit_small_patch16_224", 224, .small),
            deit("deit_base_patch16_224", 224, .base), deit("deit_base_patch16_384", 384, .base),
            deit("deit_tiny_distilled_patch16_224", 224, .tiny, distilled: true),
            deit("deit_small_distilled_patch16_224", 224, .small, distilled: true),
            deit("deit_base_distilled_patch16_224", 224, .base, distilled: true),
            deit("deit_base_distilled_patch16_384", 384, .base, distilled: true),
            deit("deit3_small_patch16_224", 224, .small, version: 3),
            deit("deit3_small_patch16_384", 384, .small, version: 3),
            deit("deit3_medium_patch16_224", 224, .medium, version: 3),
            deit("deit3_base_patch16_224", 224, .base, version: 3),
            deit("deit3_base_patch16_384", 384, .base, version: 3),
            deit("deit3_large_patch16_224", 224, .large, version: 3),
            deit("deit3_large_patch16_384", 384, .large, version: 3),
            // The like of beit_micro_patch4_32, for any images.
            PublishedNetwork(
                "deit_micro_patch4_32",
                Self(imageSize: 32, patch: 4, width: 64, depth: 4, heads: 4),
                Preprocessing(
                    size: 32, resize: 32, interpolation: .bilinear, mean: [0.5, 0.5, 0.5],
                    std: [0.5, 0.5, 0.5]),
                isKnownElsewhere: false),
        ]
    }

    private enum Size {
        case tiny, small, medium, base, large

        var width: Int {
            switch self {
            case .tiny: 192
            case .small: 384
            case .medium: 512
            case .base: 768
            case .large: 1024
            }
        }

        var depth: Int { self == .large ? 24 : 12 }

        /// Each has 64 channels.
        var heads: Int { width / 64 }
    }

    /// A ViT of timm's, with its default weights' evaluation.
    private static func vit(
        _ name: String, _ imageSize: Int, _ size: Size, patch: Int = 16
    ) -> PublishedNetwork {
        PublishedNetwork(
            name,
            Self(
                imageSize: imageSize, patch: patch, width: size.width, depth: size.depth,
                heads: size.heads),
            .inception(imageSize, resize: resize(imageSize), .bicubic))
    }

    /// A DeiT, with timm's evaluation of its authors' weights; theirs has other crop shares, 0.875 of
    /// the first paper's.
    ///
    /// - Parameter version: of DeiT; the third has layer scales, and no position of the class token.
    private static func deit(
        _ name: String, _ imageSize: Int, _ size: Size, distilled: Bool = false, version: Int = 1
    ) -> PublishedNetwork {
        PublishedNetwork(
            name,
            Self(
                imageSize: imageSize, patch: 16, width: size.width, depth: size.depth,
                heads: size.heads, layerScale: version == 3 ? 1e-6 : nil, distilled: distilled,
                tokenPositions: version < 3),
            .imageNet(imageSize, resize: resize(imageSize), .bicubic))
    }

    /// timm's crop share: 0.9 at 224 pixels, 1 above.
    private static func resize(_ imageSize: Int) -> Int {
        imageSize == 224 ? Int(224 / 0.9) : imageSize
    }

    package static let layouts = authors + [torchvision] + vitTransformers + deitTransformers

    /// Of other libraries those that have the network.
    package var layouts: [WeightLayout] {
        guard layerScale == nil, tokenPositions, !preNorm, pool == .token else {
            return Self.authors
        }
        if distilled { return Self.authors + Self.deitTransformers }
        return Self.authors + (qkvBias ? [Self.torchvision] : []) + Self.vitTransformers
    }

    private static let authors = [
        WeightLayout(of: [.timm]),
        // The authors' files of DeiT III.
        WeightLayout(
            of: [.facebook],
            renamed: [
                "blocks.#.ls1.gamma": "blocks.#.gamma_1",
                "blocks.#.ls2.gamma": "blocks.#.gamma_2",
            ]),
    ]

    private static let torchvision = WeightLayout(
        of: [.torchvision],
        renamed: [
            "cls_token": "class_token",
            "pos_embed": "encoder.pos_embedding",
            "patch_embed.proj.*": "conv_proj.*",
            "blocks.#.norm1.*": "encoder.layers.encoder_layer_#.ln_1.*",
            "blocks.#.attn.qkv.weight":
                "encoder.layers.encoder_layer_#.self_attention.in_proj_weight",
            "blocks.#.attn.qkv.bias":
                "encoder.layers.encoder_layer_#.self_attention.in_proj_bias",
            "blocks.#.attn.proj.*": "encoder.layers.encoder_layer_#.self_attention.out_proj.*",
            "blocks.#.norm2.*": "encoder.layers.encoder_layer_#.ln_2.*",
            "blocks.#.mlp.fc1.*": "encoder.layers.encoder_layer_#.mlp.0.*",
            "blocks.#.mlp.fc2.*": "encoder.layers.encoder_layer_#.mlp.3.*",
            "norm.*": "encoder.ln.*",
            "head.*": "heads.head.*",
        ])

    /// ViTForImageClassification.
    private static let vitTransformers = [false, true].map {
        transformers("vit", head: "classifier", isInMemory: $0)
    }

    /// DeiTForImageClassificationWithTeacher.
    private static let deitTransformers = [false, true].map {
        transformers("deit", head: "cls_classifier", isInMemory: $0)
    }

    /// A transformer of Hugging Face's, whose names begin with its kind.
    ///
    /// - Parameter isInMemory: with the names that transformers 5 has in memory; its files keep those
    ///   of 4.
    private static func transformers(
        _ kind: String, head: String, isInMemory: Bool
    ) -> WeightLayout {
        let layer = isInMemory ? "\(kind).layers.#." : "\(kind).encoder.layer.#."
        let parts =
            isInMemory
            ? ["q_proj", "k_proj", "v_proj"].map { "\(layer)attention.\($0)." }
            : ["query", "key", "value"].map { "\(layer)attention.attention.\($0)." }
        return WeightLayout(
            of: [.huggingface],
            renamed: [
                "cls_token": "\(kind).embeddings.cls_token",
                "dist_token": "\(kind).embeddings.distillation_token",
                "pos_embed": "\(kind).embeddings.position_embeddings",
                "patch_embed.proj.*": "\(kind).embeddings.patch_embeddings.projection.*",
                "blocks.#.norm1.*": "\(layer)layernorm_before.*",
                "blocks.#.attn.proj.*":
                    layer + (isInMemory ? "attention.o_proj.*" : "attention.output.dense.*"),
                "blocks.#.norm2.*": "\(layer)layernorm_after.*",
                "blocks.#.mlp.fc1.*": layer + (isInMemory ? "mlp.fc1.*" : "intermediate.dense.*"),
                "blocks.#.mlp.fc2.*": layer + (isInMemory ? "mlp.fc2.*" : "output.dense.*"),
                "norm.*": "\(kind).layernorm.*",
                "head.*": "\(head).*",
                "head_dist.*": "distillation_classifier.*",
            ],
            joined: [
                "blocks.#.attn.qkv.weight": parts.map { "\($0)weight" },
                "blocks.#.attn.qkv.bias": parts.map { "\($0)bias" },
            ],
            ignored: ["\(kind).pooler.*"])
    }

    /// `vit` is also the type of a DeiT that is not distilled.
    package static let huggingFace = [
        HuggingFaceReading<Self>(of: "vit") { (file) throws(HuggingFaceProblem) in
            try Self.read(file, of: "a ViT")
        },
        HuggingFaceReading<Self>(of: "deit") { (file) throws(HuggingFaceProblem) in
            // A DeiT has both tokens; without a teacher it has a head for one of them.
            let networks = try file.texts("architectures", [Self.withTeacher])
            guard networks.contains(Self.withTeacher) else {
                throw HuggingFaceProblem(
                    "'architectures' are \(networks.map(\.quoted).listed); of a DeiT only "
                        + "'\(Self.withTeacher)' is known")
            }
            var found = try Self.read(file, of: "a DeiT")
            found.distilled = true
            return found
        },
    ]

    private static let withTeacher = "DeiTForImageClassificationWithTeacher"

    private static func read(
        _ file: HuggingFaceConfiguration, of network: String
    ) throws(HuggingFaceProblem) -> Self {
        let size = try HuggingFaceTransformer(file, of: network)
        return Self(
            imageSize: size.imageSize, patch: size.patch, width: size.width, depth: size.depth,
            heads: size.heads, mlpRatio: size.mlpRatio, qkvBias: try file.flag("qkv_bias", true))
    }

    /// Shapes tell neither the heads, of which every published network has one for each 64 channels, nor
    /// a mean of normalized patches from the class token.
    package static func configuration(of weights: WeightShapes) -> Self? {
        guard let patch = weights["patch_embed.proj.weight"], patch.count == 4, patch[1] == 3,
            let positions = weights["pos_embed"], positions.count == 3,
            weights["cls_token"] != nil,
            let hidden = weights["blocks.0.mlp.fc1.weight"], hidden.count == 2
        else { return nil }
        let width = patch[0]
        let depth = weights.count("blocks.#.norm1.weight")
        let mlpRatio = Double.ratio(of: hidden[0], to: width)
        let distilled = weights["dist_token"] != nil
        let tokens = distilled ? 2 : 1
        let withTokens = (positions[1] - tokens).squareRoot
        guard let side = withTokens ?? positions[1].squareRoot, Limits.sides.contains(patch[2]),
            Limits.sides.contains(side), Limits.sides.contains(side * patch[2]),
            (1...65_536).contains(width), width.isMultiple(of: 64),
            (1...1000).contains(depth), (0...64).contains(mlpRatio)
        else { return nil }
        return Self(
            imageSize: side * patch[2], patch: patch[2], width: width, depth: depth,
            heads: width / 64, mlpRatio: mlpRatio,
            layerScale: weights["blocks.0.ls1.gamma"] == nil ? nil : 1e-6,
            pool: weights["fc_norm.weight"] == nil ? .token : .mean, distilled: distilled,
            tokenPositions: withTokens != nil, preNorm: weights["norm_pre.weight"] != nil,
            qkvBias: weights["blocks.0.attn.qkv.bias"] != nil)
    }

    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        switch library {
        case .timm: timmCounterpart
        case .torchvision: torchvisionCounterpart
        case .huggingface: huggingFaceCounterpart
        case .microsoft, .supergradients, .facebook, .efficientNetLite: nil
        }
    }

    /// A name that stands for its dimensions, or they one by one.
    private var timmCounterpart: Counterpart? {
        // timm's distilled networks have positions of both tokens, or cannot be run.
        guard !distilled || tokenPositions else { return nil }
        let layers = (first: "patch_embed.proj", head: "head")
        if let name = PublishedNetwork.nameElsewhere(of: Architecture(self)) {
            return Counterpart(name, layers: layers)
        }
        return Counterpart(
            distilled ? "deit_base_distilled_patch16_224" : "vit_base_patch16_224",
            arguments: [
                "img_size": .integer(imageSize), "patch_size": .integer(patch),
                "embed_dim": .integer(width), "depth": .integer(depth),
                "num_heads": .integer(heads), "mlp_ratio": .number(mlpRatio),
                "qkv_bias": .truth(qkvBias), "pre_norm": .truth(preNorm),
                "init_values": layerScale.map { .number($0) } ?? .null,
                "no_embed_class": .truth(!tokenPositions),
                "global_pool": pool == .token ? "token" : "avg", "fc_norm": .truth(pool == .mean),
            ], layers: layers)
    }

    /// Whether it is one of the first paper's, as the other libraries build them.
    private var isPlain: Bool {
        layerScale == nil && pool == .token && tokenPositions && !preNorm
    }

    /// torchvision's constructors take other image sizes, but no other dimensions.
    private var torchvisionCounterpart: Counterpart? {
        guard isPlain, !distilled, qkvBias, hidden == 4 * width else { return nil }
        let name: String
        switch (width, depth, heads, patch) {
        case (768, 12, 12, 16): name = "vit_b_16"
        case (768, 12, 12, 32): name = "vit_b_32"
        case (1024, 24, 16, 16): name = "vit_l_16"
        case (1024, 24, 16, 32): name = "vit_l_32"
        case (1280, 32, 16, 14): name = "vit_h_14"
        default: return nil
        }
        return Counterpart(
            name, arguments: imageSize == 224 ? [:] : ["image_size": .integer(imageSize)])
    }

    /// The mean of a distilled network's two heads is what transformers calls "with teacher".
    private var huggingFaceCounterpart: Counterpart? {
        guard isPlain else { return nil }
        return Counterpart(
            distilled ? Self.withTeacher : "ViTForImageClassification",
            arguments: [
                "model_type": distilled ? "deit" : "vit", "image_size": .integer(imageSize),
                "patch_size": .integer(patch), "num_channels": 3, "hidden_size": .integer(width),
                "num_hidden_layers": .integer(depth), "num_attention_heads": .integer(heads),
                "intermediate_size": .integer(hidden), "hidden_act": "gelu",
                "layer_norm_eps": .number(Self.epsilon), "qkv_bias": .truth(qkvBias),
                "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
            ])
    }

    package static var initialization: Initialization { .timm }

    package var fixedImageSize: Int? { imageSize }

    /// The tokens' making and each block.
    package var stages: [[String]] {
        [["cls_token", "dist_token", "pos_embed", "patch_embed.", "norm_pre."]]
            + (0..<depth).map { ["blocks.\($0)."] }
    }

    package func resampled(
        _ name: String, _ found: () throws(TorchError) -> Tensor, to shape: [Int]
    ) throws(TorchError) -> Tensor? {
        guard name == "pos_embed" else { return nil }
        return try found().resampledPositions(prefix: prefixPositions, side: side)
    }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try ViT(
            self, classes: classes, store: store, initialization: initialization,
            dropPath: dropPath)
    }
}

// MARK: - Limits

/// What a ViT's dimensions come to, in numbers that cannot overflow whatever they are.
extension ViTConfiguration {
    /// Position embeddings before the patches'.
    var prefixPositions: Int { tokenPositions ? prefixTokens : 0 }

    /// Those before the patches'.
    var prefixTokens: Int { distilled ? 2 : 1 }

    /// The weights of blocks, patches, positions and heads; norms and biases are nothing to them.
    private func parameters(classes: Int) -> Double {
        let (width, patch) = (Double(width), Double(patch))
        let block = 4 * width * width + 2 * width * exactHidden
        return Double(depth) * block
            + width * (3 * patch * patch + tokens + Double(classes) * (distilled ? 2 : 1))
    }

    package func fault(classes: Int) -> NetworkFault? {
        if let fault = dimensionFault(classes: classes) { return fault }
        guard !distilled || pool == .token else {
            return NetworkFault(
                key: "pool", message: "architecture.pool must be token where distilled is true")
        }
        return .ofSize(parameters: parameters(classes: classes), key: "width")
            ?? .ofAttention(heads: heads, tokens: tokens, patch: patch)
    }
}

// BEiT, versions 1 and 2: a vision transformer with a relative position bias in every block, or one
// for all of them, layer scale, no key bias, and mean pooling followed by a norm.
//
// Papers: Bao et al., BEiT: BERT Pre-Training of Image Transformers, 2021; Peng et al., BEiT v2: Masked
// Image Modeling with Vector-Quantized Visual Tokenizers, 2022.
// Reference: timm 1.0.31 `models/beit.py`, whose parameter names these are.
import Base
import Graphs
import StrictYAML
import Torch

/// A BEiT classifier with timm's parameter names.
final class BEiT: ImageClassifier {
    /// Every parameter, under timm's names.
    let store: ParameterStore
    /// The width of the logits.
    let classes: Int
    /// The class token and the bias tables, as timm's `no_weight_decay`.
    let undecayed: Set<String>
    private let configuration: BEiTConfiguration
    private let classToken: Tensor
    private let patches: Convolution
    /// The bias of all blocks, where they share it.
    private let sharedBias: PositionBias?
    private let blocks: [Block]
    let norm: LayerNorm
    private let head: Linear

    /// Makes a network with freshly drawn weights, as timm's constructor draws them.
    ///
    /// - Parameters:
    ///   - initialization: nil and `.timm` mean the same; there is no other.
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` for another initialization, for a configuration with a fault, or if
    ///   the store holds a parameter of the same name.
    init(
        _ configuration: BEiTConfiguration, classes: Int, store: ParameterStore,
        initialization: Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) {
        try Initialization.check(initialization, against: .timm, of: "a", "BEiT")
        if let fault = configuration.fault(classes: classes) {
            throw TorchError(operation: "BEiT", message: fault.message)
        }
        let root: ParameterPath = ""
        let width = configuration.width
        let patch = configuration.patch
        let side = configuration.side
        self.store = store
        self.classes = classes
        self.configuration = configuration
        classToken = try store.parameter(
            root / "cls_token", shape: [1, 1, width], initializer: .truncatedNormal(std: 0.02))
        // timm leaves the patch projection at PyTorch's convolution default.
        let patchBound = 1 / Double(3 * patch * patch).squareRoot()
        patches = try Convolution(
            store, root / "patch_embed" / "proj", in: 3, out: width, kernel: patch, stride: patch,
            padding: .even(0), weight: .uniform(bound: patchBound),
            bias: .uniform(bound: patchBound))
        let index = try relativePositionIndex(side: side, device: store.device)
        let square = try index.reshaped([side * side + 1, side * side + 1])
        let isShared = configuration.positionBias == .shared
        if isShared {
            sharedBias = try PositionBias(
                store, root / "rel_pos_bias", configuration, index: index)
            try store.constant(root / "rel_pos_bias" / "relative_position_index", square)
        } else {
            sharedBias = nil
        }
        var blocks: [Block] = []
        for depth in 0..<configuration.depth {
            blocks.append(
                try Block(
                    store, root / "blocks" / depth, configuration, depth: depth,
                    index: isShared ? nil : index,
                    dropPath: DropPath.rate(dropPath, block: depth, of: configuration.depth)))
            // The authors' files hold it in every block; timm's do not.
            if !isShared {
                try store.constant(
                    root / "blocks" / depth / "attn" / "relative_position_index", square)
            }
        }
        self.blocks = blocks
        norm = try LayerNorm(store, root / "fc_norm", width, epsilon: 1e-6)
        // timm draws the head at 0.02 and scales it by 0.001.
        head = try Linear(
            store, root / "head", in: width, out: classes,
            weight: .truncatedNormal(std: 0.02 * 0.001), bias: .zeros)
        undecayed = Set(
            store.parameters.map(\.name).filter {
                $0 == "cls_token" || $0.hasSuffix("relative_position_bias_table")
            })
    }

    var architecture: Architecture { Architecture(configuration) }

    /// Computes class logits, `[N, classes]`, of images of the configuration's size.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        try configuration.check(images, of: "BEiT")
        let batch = images.shape[0]
        let grid = try patches(images).flattened(from: 2).transposed(1, 2)
        let token = try classToken.to(grid.dtype).expanded([batch, 1, configuration.width])
        var x = try Tensor.concatenated([token, grid], dimension: 1)
        let bias = try sharedBias?(tokens: x.shape[1])
        for (index, block) in blocks.enumerated() {
            x = try block(x, bias, mode.ofStage(index + 1))
        }
        let count = x.shape[1] - 1
        let pooled = try x.narrowed(dimension: 1, start: 1, count: count).mean(dimensions: [1])
        return try head(norm(pooled))
    }
}

/// Pre-norm attention and MLP, each scaled per channel and added to its input.
private struct Block {
    let heads: Int
    let dropPath: Double
    let norm1: LayerNorm
    let norm2: LayerNorm
    let scale1: Tensor
    let scale2: Tensor
    let qkv: Tensor
    let queryBias: Tensor
    let valueBias: Tensor
    /// Nil where all blocks share one.
    let positionBias: PositionBias?
    let projection: Linear
    let fc1: Linear
    let fc2: Linear

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ configuration: BEiTConfiguration,
        depth: Int, index: Tensor?, dropPath: Double
    ) throws(TorchError) {
        let width = configuration.width
        let hidden = configuration.hidden
        let attention = path / "attn"
        let standard = Initializer.truncatedNormal(std: 0.02)
        // timm's fix_init_weight: outputs of a block are drawn smaller the deeper it sits.
        let scaled = Initializer.truncatedNormal(std: 0.02 / (2 * Double(depth + 1)).squareRoot())
        heads = configuration.heads
        self.dropPath = dropPath
        scale1 = try store.parameter(
            path / "gamma_1", shape: [width], initializer: .constant(configuration.layerScale))
        scale2 = try store.parameter(
            path / "gamma_2", shape: [width], initializer: .constant(configuration.layerScale))
        norm1 = try LayerNorm(store, path / "norm1", width, epsilon: 1e-6)
        queryBias = try store.parameter(
            attention / "q_bias", shape: [width], initializer: .zeros)
        valueBias = try store.parameter(
            attention / "v_bias", shape: [width], initializer: .zeros)
        positionBias =
            if let index {
                try PositionBias(store, attention, configuration, index: index)
            } else {
                nil
            }
        qkv = try store.parameter(
            attention / "qkv" / "weight", shape: [3 * width, width], initializer: standard)
        projection = try Linear(
            store, attention / "proj", in: width, out: width, weight: scaled, bias: .zeros)
        norm2 = try LayerNorm(store, path / "norm2", width, epsilon: 1e-6)
        fc1 = try Linear(
            store, path / "mlp" / "fc1", in: width, out: hidden, weight: standard, bias: .zeros)
        fc2 = try Linear(
            store, path / "mlp" / "fc2", in: hidden, out: width, weight: scaled, bias: .zeros)
    }

    /// - Parameter shared: `[1, heads, tokens, tokens]`, where all blocks share a bias.
    func callAsFunction(
        _ x: Tensor, _ shared: Tensor?, _ mode: ForwardMode
    ) throws(TorchError) -> Tensor {
        let y = try residual(x, attend(norm1(x), shared) * scale1, rate: dropPath, mode: mode)
        return try residual(y, fc2(fc1(norm2(y)).gelu()) * scale2, rate: dropPath, mode: mode)
    }

    /// Multi-head attention over `[N, tokens, width]` with the relative position bias.
    private func attend(_ x: Tensor, _ shared: Tensor?) throws(TorchError) -> Tensor {
        let (tokens, width) = (x.shape[1], x.shape[2])
        let zeros = try Tensor.zeros([width], dtype: queryBias.dtype, device: queryBias.device)
        let bias = try Tensor.concatenated([queryBias, zeros, valueBias], dimension: 0)
        let joined = try x.linear(qkv, bias: bias)
        let position = if let shared { shared } else { try positionBias?(tokens: tokens) }
        return try projection(joined.attention(heads: heads, bias: position?.to(joined.dtype)))
    }
}

/// A bias of attention that is learnt for each distance between patches.
private struct PositionBias {
    let index: Tensor
    let table: Tensor

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ configuration: BEiTConfiguration,
        index: Tensor
    ) throws(TorchError) {
        self.index = index
        table = try store.parameter(
            path / "relative_position_bias_table",
            shape: [configuration.biasRows, configuration.heads], initializer: .zeros)
    }

    /// The bias between all tokens, `[1, heads, tokens, tokens]`.
    func callAsFunction(tokens: Int) throws(TorchError) -> Tensor {
        try table.indexSelected(dimension: 0, index: index)
            .reshaped([1, tokens, tokens, table.shape[1]]).permuted([0, 3, 1, 2])
    }

    /// The same as a constant of a graph, `[heads, tokens, tokens]`.
    func weight(tokens: Int, _ name: String) throws(TorchError) -> GraphWeight {
        GraphWeight(
            name,
            try table.detached().indexSelected(dimension: 0, index: index)
                .reshaped([tokens, tokens, table.shape[1]]).permuted([2, 0, 1]).contiguous())
    }
}

// MARK: - The graph

extension BEiT: GraphDescribed {
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue {
        let width = configuration.width
        let grid = try patches(images)
        let count = grid.shape[1] * grid.shape[2]
        // [1 + patches, width], the class token first.
        let tokens = try classToken.detached().reshaped([1, width])
        let room = try Tensor.zeros([count, width], device: tokens.device)
        let token = GraphWeight(
            "cls_token", try .concatenated([tokens, room], dimension: 0))
        var x = try grid.reshaped([width, count]).permuted([1, 0]).padded(before: 1) + token
        let shared = try sharedBias?.weight(tokens: x.shape[0], "rel_pos_bias")
        for (depth, block) in blocks.enumerated() {
            x = try block(x, shared, "blocks.\(depth)")
        }
        return try head(norm(x.slice(1..<1 + count, dimension: 0).mean(dimension: 0)))
    }
}

extension Block {
    fileprivate func callAsFunction(
        _ x: GraphValue, _ shared: GraphWeight?, _ path: String
    ) throws(TorchError) -> GraphValue {
        let graph = x.builder
        let y = try x + attend(norm1(x), shared, path) * graph.weight(scale1)
        return try y + fc2(fc1(norm2(y)).gelu()) * graph.weight(scale2)
    }

    private func attend(
        _ x: GraphValue, _ shared: GraphWeight?, _ path: String
    ) throws(TorchError) -> GraphValue {
        let (tokens, width) = (x.shape[0], x.shape[1])
        let zeros = try Tensor.zeros([width], device: queryBias.device)
        let bias = GraphWeight(
            "\(path).attn.qkv.bias",
            try .concatenated(
                [queryBias.detached(), zeros, valueBias.detached()], dimension: 0))
        let position =
            if let shared { shared } else {
                try positionBias?.weight(tokens: tokens, "\(path).attn.relative_position_bias")
            }
        let joined = try x.linear(x.builder.weight(qkv), bias: bias)
        return try projection(joined.attention(heads: heads, bias: position))
    }
}

/// For each pair of tokens, the row of the bias table: `[tokens * tokens]`, int64.
///
/// Token 0 is the class token; the last three rows of the table hold its bias to the patches,
/// the patches' to it, and its own. Source: timm `gen_relative_position_index`.
func relativePositionIndex(side: Int, device: Device) throws(TorchError) -> Tensor {
    let tokens = side * side + 1
    let rows = (2 * side - 1) * (2 * side - 1) + 3
    var index = [Int64](repeating: 0, count: tokens * tokens)
    for i in 0..<tokens {
        for j in 0..<tokens {
            let row =
                switch (i, j) {
                case (0, 0): rows - 1
                case (0, _): rows - 3
                case (_, 0): rows - 2
                default:
                    ((i - 1) / side - (j - 1) / side + side - 1) * (2 * side - 1)
                        + (i - 1) % side - (j - 1) % side + side - 1
                }
            index[i * tokens + j] = Int64(row)
        }
    }
    return try Tensor(index, shape: [tokens * tokens]).to(device)
}

// MARK: - The family

/// The dimensions of a BEiT.
package struct BEiTConfiguration: NetworkFamily, TransformerDimensions {
    package var imageSize: Int
    package var patch: Int
    package var width: Int
    package var depth: Int
    package var heads: Int
    package var mlpRatio: Double
    package var layerScale: Double
    package var positionBias: PositionBias

    /// Whose the relative position bias is.
    package enum PositionBias: String, CaseIterable, Sendable {
        /// Each block has its own.
        case blocks
        /// All blocks have the same, as in the authors' pretraining.
        case shared
    }

    package init(
        imageSize: Int, patch: Int, width: Int, depth: Int, heads: Int, mlpRatio: Double,
        layerScale: Double, positionBias: PositionBias = .blocks
    ) {
        self.positionBias = positionBias
        self.imageSize = imageSize
        self.patch = patch
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlpRatio = mlpRatio
        self.layerScale = layerScale
    }

    package static let kind = "beit"
    package static let version = 1
    package static let head = "head.weight"

    package static let initial = Self(
        imageSize: 1, patch: 1, width: 1, depth: 1, heads: 1, mlpRatio: 1, layerScale: 1)

    package static let keys: [Key<Self>] =
        dimensionKeys + [
            Key(
                "mlp_ratio", \.mlpRatio,
                .number(in: .above(0, to: 64)),
                field: .text { "\($0.mlpRatio)" },
                "hidden channels of the feed-forward layer over `width`"),
            // No logit depends on it once weights are loaded.
            Key(
                "layer_scale", \.layerScale,
                .number(in: .above(0, to: 100)), field: .never,
                "the initial layer scale"),
            .added(
                "position_bias", \.positionBias, .choice,
                "whether each block has its own relative position bias"),
        ]

    package static var published: [PublishedNetwork] {
        [
            timm("beit_base_patch16_224", 224, .base, cropShare: 0.9),
            timm("beit_base_patch16_384", 384, .base, cropShare: 1),
            timm("beit_large_patch16_224", 224, .large, cropShare: 0.9),
            timm("beit_large_patch16_384", 384, .large, cropShare: 1),
            timm("beit_large_patch16_512", 512, .large, cropShare: 1),
            timm("beitv2_base_patch16_224", 224, .base, version: 2, cropShare: 0.9),
            timm("beitv2_large_patch16_224", 224, .large, version: 2, cropShare: 0.95),
            // That of teachers/beit_micro_patches.yaml, for any images.
            PublishedNetwork(
                "beit_micro_patch4_32",
                Self(
                    imageSize: 32, patch: 4, width: 64, depth: 4, heads: 4, mlpRatio: 4,
                    layerScale: 1),
                Preprocessing(
                    size: 32, resize: 32, interpolation: .bilinear, mean: [0.5, 0.5, 0.5],
                    std: [0.5, 0.5, 0.5]),
                isKnownElsewhere: false),
        ]
    }

    private enum Size { case base, large }

    /// A BEiT of timm's.
    ///
    /// - Parameters:
    ///   - version: of the paper; the second's layer scale begins at 1e-5, as the large first's does,
    ///     and its images have ImageNet's mean.
    ///   - cropShare: timm's `crop_pct`: the crop's side over the resized short side, which timm
    ///     rounds down.
    private static func timm(
        _ name: String, _ imageSize: Int, _ size: Size, version: Int = 1, cropShare: Double
    ) -> PublishedNetwork {
        let isLarge = size == .large
        let resize = Int(Double(imageSize) / cropShare)
        return PublishedNetwork(
            name,
            Self(
                imageSize: imageSize, patch: 16, width: isLarge ? 1024 : 768,
                depth: isLarge ? 24 : 12, heads: isLarge ? 16 : 12, mlpRatio: 4,
                layerScale: isLarge || version == 2 ? 1e-5 : 0.1),
            version == 2
                ? .imageNet(imageSize, resize: resize, .bicubic)
                : .inception(imageSize, resize: resize, .bicubic))
    }

    /// The authors' files, and SuperGradients', have timm's names, and the relative position index in
    /// every block.
    package static let layouts = [
        WeightLayout(of: [.timm]),
        WeightLayout(of: [.microsoft, .supergradients], holdsConstants: true),
        // BeitForImageClassification of transformers 4, as the hub's files are. Its configurations
        // say 1e-12 for the norms, for which the weights were trained with 1e-6.
        transformers(
            block: "beit.encoder.layer.#",
            attention: ["query", "key", "value"].map { "attention.attention.\($0)" },
            bias: "attention.attention.relative_position_bias.relative_position_*",
            sharedBias: "beit.encoder.relative_position_bias.relative_position_*",
            projection: "attention.output.dense",
            feedForward: ("intermediate.dense", "output.dense")
        ),
        // That of transformers 5, in memory; it still writes files as those of 4.
        transformers(
            block: "beit.layers.#", attention: ["q", "k", "v"].map { "attention.\($0)_proj" },
            bias: "relative_position_bias.relative_position_*",
            sharedBias: "beit.shared_position_bias.relative_position_*",
            projection: "attention.o_proj",
            feedForward: ("mlp.fc1", "mlp.fc2")),
    ]

    /// A layout of Hugging Face's.
    ///
    /// - Parameters:
    ///   - block: a block's name; the other names follow it.
    ///   - attention: query, key and value.
    ///   - bias: the bias table and, in older files, the index.
    ///   - sharedBias: the same of a bias that all blocks share, in full.
    private static func transformers(
        block: String, attention: [String], bias: String, sharedBias: String,
        projection: String, feedForward: (String, String)
    ) -> WeightLayout {
        WeightLayout(
            of: [.huggingface],
            renamed: [
                "cls_token": "beit.embeddings.cls_token",
                "patch_embed.proj.*": "beit.embeddings.patch_embeddings.projection.*",
                // Of a bias that all blocks share.
                "rel_pos_bias.relative_position_*": sharedBias,
                "blocks.#.gamma_1": "\(block).lambda_1",
                "blocks.#.gamma_2": "\(block).lambda_2",
                "blocks.#.norm1.*": "\(block).layernorm_before.*",
                "blocks.#.norm2.*": "\(block).layernorm_after.*",
                "blocks.#.attn.q_bias": "\(block).\(attention[0]).bias",
                "blocks.#.attn.v_bias": "\(block).\(attention[2]).bias",
                "blocks.#.attn.relative_position_*": "\(block).\(bias)",
                "blocks.#.attn.proj.*": "\(block).\(projection).*",
                "blocks.#.mlp.fc1.*": "\(block).\(feedForward.0).*",
                "blocks.#.mlp.fc2.*": "\(block).\(feedForward.1).*",
                "fc_norm.*": "beit.pooler.layernorm.*",
                "head.*": "classifier.*",
            ],
            joined: ["blocks.#.attn.qkv.weight": attention.map { "\(block).\($0).weight" }])
    }

    package func counterpart(in library: WeightOrigin) -> Counterpart? {
        let timmName = PublishedNetwork.nameElsewhere(of: Architecture(self))
        let isShared = positionBias == .shared
        switch library {
        case .torchvision, .microsoft, .facebook, .efficientNetLite: return nil
        case .timm:
            let arguments: [String: JSONValue] = [
                "img_size": .integer(imageSize), "patch_size": .integer(patch),
                "embed_dim": .integer(width), "depth": .integer(depth),
                "num_heads": .integer(heads), "mlp_ratio": .number(mlpRatio),
                "init_values": .number(layerScale),
                "use_rel_pos_bias": .truth(!isShared), "use_shared_rel_pos_bias": .truth(isShared),
            ]
            return Counterpart(
                timmName ?? "beit_base_patch16_224", arguments: timmName == nil ? arguments : [:],
                layers: (first: "patch_embed.proj", head: "head"))
        case .supergradients:
            return superGradientsName.map { Counterpart($0) }
        case .huggingface:
            return Counterpart(
                "BeitForImageClassification",
                arguments: [
                    "model_type": "beit", "image_size": .integer(imageSize),
                    "patch_size": .integer(patch), "num_channels": 3,
                    "hidden_size": .integer(width), "num_hidden_layers": .integer(depth),
                    "num_attention_heads": .integer(heads), "intermediate_size": .integer(hidden),
                    "hidden_act": "gelu", "layer_norm_eps": 1e-6,
                    "layer_scale_init_value": .number(layerScale),
                    "use_relative_position_bias": .truth(!isShared),
                    "use_shared_relative_position_bias": .truth(isShared),
                    "use_absolute_position_embeddings": false, "use_mask_token": false,
                    "use_mean_pooling": true, "drop_path_rate": 0.0, "hidden_dropout_prob": 0.0,
                    "attention_probs_dropout_prob": 0.0,
                ])
        }
    }

    /// SuperGradients has two BEiTs, without other dimensions; the paper's second version is one of
    /// them with other weights.
    private var superGradientsName: String? {
        guard positionBias == .blocks, imageSize == 224, patch == 16, hidden == 4 * width else {
            return nil
        }
        switch (width, depth, heads) {
        case (768, 12, 12): return "beit_base_patch16_224"
        case (1024, 24, 16): return "beit_large_patch16_224"
        default: return nil
        }
    }

    package static var initialization: Initialization { .timm }

    package static let huggingFace = [HuggingFaceReading<Self>(of: "beit", read: read)]

    private static func read(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Self {
        // Their own standards are false, which no published file leaves of both.
        let isShared = try file.flag("use_shared_relative_position_bias", false)
        guard try file.flag("use_relative_position_bias", false) != isShared else {
            throw HuggingFaceProblem(
                "one of 'use_relative_position_bias' and 'use_shared_relative_position_bias' must be "
                    + "true")
        }
        try file.require("use_absolute_position_embeddings", is: false)
        try file.require("use_mean_pooling", is: true)
        let size = try HuggingFaceTransformer(file, of: "a BEiT")
        return Self(
            imageSize: size.imageSize, patch: size.patch, width: size.width, depth: size.depth,
            heads: size.heads, mlpRatio: size.mlpRatio,
            layerScale: try file.number("layer_scale_init_value", 0.1),
            positionBias: isShared ? .shared : .blocks)
    }

    /// The most patches in a row that weights are taken for a BEiT's with: twice as many as of any that
    /// was published. The index of all pairs of tokens is made to hold it against a file.
    private static let longestSide = 64

    package static func configuration(of weights: WeightShapes) -> Self? {
        let ownTable = "blocks.0.attn.relative_position_bias_table"
        let sharedTable = "rel_pos_bias.relative_position_bias_table"
        guard let patch = weights["patch_embed.proj.weight"], patch.count == 4, patch[1] == 3,
            let table = weights[ownTable] ?? weights[sharedTable], table.count == 2,
            let hidden = weights["blocks.0.mlp.fc1.weight"], hidden.count == 2,
            weights["blocks.0.gamma_1"] != nil
        else { return nil }
        let (width, depth) = (patch[0], weights.count("blocks.#.gamma_1"))
        let mlpRatio = Double.ratio(of: hidden[0], to: width)
        guard (1...65_536).contains(width), (1...1000).contains(depth),
            (1...1024).contains(table[1]), (0...64).contains(mlpRatio)
        else { return nil }
        // The table has (2 side - 1)² rows for pairs of patches, and three of the class token.
        let span = Int(Double(max(table[0] - 3, 0)).squareRoot().rounded())
        let side = (span + 1) / 2
        guard Limits.sides.contains(patch[2]), (1...longestSide).contains(side), span % 2 == 1,
            span * span == table[0] - 3, Limits.sides.contains(side * patch[2])
        else { return nil }
        return Self(
            imageSize: side * patch[2], patch: patch[2], width: width, depth: depth,
            heads: table[1], mlpRatio: mlpRatio, layerScale: 0.1,
            positionBias: weights[ownTable] == nil ? .shared : .blocks)
    }

    package var fixedImageSize: Int? { imageSize }

    /// The tokens' making, with a bias that all blocks share, and each block.
    package var stages: [[String]] {
        [["cls_token", "patch_embed.", "rel_pos_bias."]] + (0..<depth).map { ["blocks.\($0)."] }
    }

    package func resampled(
        _ name: String, _ found: () throws(TorchError) -> Tensor, to shape: [Int]
    ) throws(TorchError) -> Tensor? {
        guard name.hasSuffix("relative_position_bias_table") else { return nil }
        return try found().resampledPositionBias(side: side)
    }

    package func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier {
        try BEiT(
            self, classes: classes, store: store, initialization: initialization,
            dropPath: dropPath)
    }
}

// MARK: - Limits

/// What a BEiT's dimensions come to, in numbers that cannot overflow whatever they are.
extension BEiTConfiguration {
    /// The rows of a bias table: a distance in each of two directions, and three for the class token.
    fileprivate var biasRows: Int {
        let distances = 2 * side - 1
        return distances * distances + 3
    }

    /// The class token.
    var prefixTokens: Int { 1 }

    /// The network's parameters.
    func parameters(classes: Int) -> Double {
        let (width, hidden, patch) = (Double(width), exactHidden, Double(patch))
        let side = (Double(imageSize) / patch).rounded(.down)
        let table = ((2 * side - 1) * (2 * side - 1) + 3) * Double(heads)
        let tables = positionBias == .shared ? 1 : Double(depth)
        // Norms, layer scales, biases of query, value and projection; then the MLP's two layers.
        let block =
            9 * width + 4 * width * width + 2 * width * hidden + hidden + width
        let head = (width + 1) * Double(classes)
        return width + width * 3 * patch * patch + width + Double(depth) * block + tables * table
            + 2 * width + head
    }

    package func fault(classes: Int) -> NetworkFault? {
        if let fault = dimensionFault(classes: classes) { return fault }
        return .ofSize(parameters: parameters(classes: classes), key: "width")
            ?? .ofAttention(heads: heads, tokens: tokens, patch: patch)
    }
}

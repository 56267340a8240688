// BEiT: a vision transformer with a relative position bias in every block, layer scale, no key
// bias, and mean pooling followed by a norm.
//
// Paper: Bao et al., BEiT: BERT Pre-Training of Image Transformers, 2021.
// Reference: timm 1.0.31 `models/beit.py`, whose parameter names these are.
import Recipes
import Torch

/// A BEiT classifier with timm's parameter names.
package final class BEiT: ImageClassifier {
    /// Version of the code from images to logits. It rises with any change, to this file or to the
    /// layers that it uses, that can alter a logit by more than rounding.
    package static let version = 1

    /// Every parameter, under timm's names.
    package let store: ParameterStore
    /// The width of the logits.
    package let classes: Int
    /// The class token and the bias tables, as timm's `no_weight_decay`.
    package let undecayed: Set<String>
    /// The head's matrix, a row for each class.
    package static let head = "head.weight"
    private let architecture: TeacherCard.BEiTArchitecture
    private let classToken: Tensor
    private let patchWeight: Tensor
    private let patchBias: Tensor
    private let blocks: [Block]
    let norm: LayerNorm
    private let head: Linear

    /// Makes a network with freshly drawn weights, as timm's constructor draws them.
    ///
    /// - Parameters:
    ///   - initialization: nil and `.timm` mean the same; there is no other.
    ///   - dropPath: stochastic depth's rate at the last block; block k of n has `k / (n - 1)` of it.
    /// - Throws: `TorchError` for another initialization, for an architecture with a fault, or if
    ///   the store holds a parameter of the same name.
    package init(
        _ architecture: TeacherCard.BEiTArchitecture, classes: Int, store: ParameterStore,
        initialization: Recipe.Model.Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) {
        guard initialization == nil || initialization == .timm else {
            throw TorchError(
                operation: "BEiT",
                message: "model.init \(initialization?.rawValue ?? "") does not exist for a BEiT; "
                    + "known: timm")
        }
        if let fault = architecture.fault(classes: classes) {
            throw TorchError(operation: "BEiT", message: fault.message)
        }
        let root: ParameterPath = ""
        let width = architecture.width
        let patch = architecture.patch
        let side = architecture.imageSize / patch
        self.store = store
        self.classes = classes
        self.architecture = architecture
        classToken = try store.parameter(
            root / "cls_token", shape: [1, 1, width], initializer: .truncatedNormal(std: 0.02))
        // timm leaves the patch projection at PyTorch's convolution default.
        let patchBound = 1 / Double(3 * patch * patch).squareRoot()
        patchWeight = try store.parameter(
            root / "patch_embed" / "proj" / "weight", shape: [width, 3, patch, patch],
            initializer: .uniform(bound: patchBound))
        patchBias = try store.parameter(
            root / "patch_embed" / "proj" / "bias", shape: [width],
            initializer: .uniform(bound: patchBound))
        let index = try relativePositionIndex(side: side, device: store.device)
        let square = try index.reshaped([side * side + 1, side * side + 1])
        var blocks: [Block] = []
        for depth in 0..<architecture.depth {
            blocks.append(
                try Block(
                    store, root / "blocks" / depth, architecture, depth: depth, index: index,
                    dropPath: dropPath * Double(depth) / Double(max(architecture.depth - 1, 1))))
            // The authors' files hold it in every block; timm's do not.
            try store.constant(
                root / "blocks" / depth / "attn" / "relative_position_index", square)
        }
        self.blocks = blocks
        norm = try LayerNorm(store, root / "fc_norm", width, epsilon: 1e-6)
        // timm draws the head at 0.02 and scales it by 0.001.
        head = try Linear(
            store, root / "head", in: width, out: classes,
            weight: .truncatedNormal(std: 0.02 * 0.001), bias: .zeros)
        undecayed = Set(
            ["cls_token"]
                + (0..<architecture.depth).map { "blocks.\($0).attn.relative_position_bias_table" })
    }

    /// The only side that images may have, in pixels.
    package var imageSize: Int? { architecture.imageSize }

    /// Computes class logits, `[N, classes]`, of images of the architecture's size.
    package func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        let size = architecture.imageSize
        guard images.rank == 4, images.shape[2] == size, images.shape[3] == size else {
            throw TorchError(
                operation: "BEiT",
                message: "expected images [N, 3, \(size), \(size)], found \(images.shape)")
        }
        let batch = images.shape[0]
        let patches = try images.conv2d(patchWeight, bias: patchBias, stride: architecture.patch)
            .flattened(from: 2).transposed(1, 2)
        let token = try classToken.to(patches.dtype).expanded([batch, 1, architecture.width])
        var x = try Tensor.concatenated([token, patches], dimension: 1)
        for block in blocks { x = try block(x, mode) }
        let count = x.shape[1] - 1
        let pooled = try x.narrowed(dimension: 1, start: 1, count: count).mean(dimensions: [1])
        return try head(norm(pooled))
    }
}

/// Pre-norm attention and MLP, each scaled per channel and added to its input.
private struct Block {
    let heads: Int
    let dropPath: Double
    let index: Tensor
    let norm1: LayerNorm
    let norm2: LayerNorm
    let scale1: Tensor
    let scale2: Tensor
    let qkv: Tensor
    let queryBias: Tensor
    let valueBias: Tensor
    let biasTable: Tensor
    let projection: Linear
    let fc1: Linear
    let fc2: Linear

    init(
        _ store: ParameterStore, _ path: ParameterPath,
        _ architecture: TeacherCard.BEiTArchitecture,
        depth: Int, index: Tensor, dropPath: Double
    ) throws(TorchError) {
        let width = architecture.width
        let hidden = architecture.hidden
        let side = architecture.imageSize / architecture.patch
        let attention = path / "attn"
        let standard = Initializer.truncatedNormal(std: 0.02)
        // timm's fix_init_weight: outputs of a block are drawn smaller the deeper it sits.
        let scaled = Initializer.truncatedNormal(std: 0.02 / (2 * Double(depth + 1)).squareRoot())
        heads = architecture.heads
        self.dropPath = dropPath
        self.index = index
        scale1 = try store.parameter(
            path / "gamma_1", shape: [width], initializer: .constant(architecture.layerScale))
        scale2 = try store.parameter(
            path / "gamma_2", shape: [width], initializer: .constant(architecture.layerScale))
        norm1 = try LayerNorm(store, path / "norm1", width, epsilon: 1e-6)
        queryBias = try store.parameter(
            attention / "q_bias", shape: [width], initializer: .zeros)
        valueBias = try store.parameter(
            attention / "v_bias", shape: [width], initializer: .zeros)
        biasTable = try store.parameter(
            attention / "relative_position_bias_table",
            shape: [(2 * side - 1) * (2 * side - 1) + 3, heads], initializer: .zeros)
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

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        let y = try residual(x, attend(norm1(x)) * scale1, rate: dropPath, mode: mode)
        return try residual(y, fc2(fc1(norm2(y)).gelu()) * scale2, rate: dropPath, mode: mode)
    }

    /// Multi-head attention over `[N, tokens, width]` with the relative position bias.
    private func attend(_ x: Tensor) throws(TorchError) -> Tensor {
        let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
        let zeros = try Tensor.zeros([width], dtype: queryBias.dtype, device: queryBias.device)
        let bias = try Tensor.concatenated([queryBias, zeros, valueBias], dimension: 0)
        // [3, N, heads, tokens, width / heads]
        let parts = try x.linear(qkv, bias: bias)
            .reshaped([batch, tokens, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4])
        // [1, heads, tokens, tokens]
        let position = try biasTable.indexSelected(dimension: 0, index: index)
            .reshaped([1, tokens, tokens, heads]).permuted([0, 3, 1, 2])
        let attended = try Tensor.attention(
            parts.selected(dimension: 0, index: 0), parts.selected(dimension: 0, index: 1),
            parts.selected(dimension: 0, index: 2), bias: position.to(parts.dtype))
        return try projection(attended.transposed(1, 2).reshaped([batch, tokens, width]))
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

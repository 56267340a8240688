import Base
import StrictYAML
import Torch

/// The dimensions that all transformers over patches have.
protocol TransformerDimensions: Section {
    /// The side of the square images, in pixels.
    var imageSize: Int { get set }
    /// The side of a patch, in pixels.
    var patch: Int { get set }
    /// Channels of a token.
    var width: Int { get set }
    /// Blocks.
    var depth: Int { get set }
    /// Of the attention of each block.
    var heads: Int { get set }
    /// Hidden channels of the feed-forward layer over `width`.
    var mlpRatio: Double { get }
    /// Tokens before the patches.
    var prefixTokens: Int { get }
}

extension TransformerDimensions {
    /// The keys of the whole numbers among them.
    static var dimensionKeys: [Key<Self>] {
        [
            Key(
                "image_size", \.imageSize, .integer(in: Limits.sides),
                "the side of the square input in pixels, a multiple of `patch`"),
            Key("patch", \.patch, .integer(in: Limits.sides), "the side of a patch, in pixels"),
            Key(
                "width", \.width, .integer(in: 1...65_536),
                "channels of a token, a multiple of `heads`"),
            Key("depth", \.depth, .integer(in: 1...1000), "transformer blocks"),
            Key("heads", \.heads, .integer(in: 1...1024), "attention heads of a block"),
        ]
    }

    /// Patches in a row.
    var side: Int { imageSize / patch }

    /// Hidden channels of the feed-forward layer, at least 1.
    var hidden: Int { Int(min(max(exactHidden, 1), 1e9)) }

    /// The same, in a number that cannot overflow and may be 0.
    var exactHidden: Double { (Double(width) * mlpRatio).rounded(.down) }

    /// Patches and the tokens before them, in a number that cannot overflow.
    var tokens: Double {
        let side = (Double(imageSize) / Double(patch)).rounded(.down)
        return side * side + Double(prefixTokens)
    }

    /// The first reason why these make no network; nil if there is none.
    func dimensionFault(classes: Int) -> NetworkFault? {
        guard imageSize >= 1, patch >= 1, width >= 1, depth >= 1, heads >= 1, classes >= 1 else {
            return NetworkFault(key: "width", message: "every dimension must be at least 1")
        }
        guard imageSize % patch == 0 else {
            return NetworkFault(
                key: "patch",
                message: "architecture.image_size \(imageSize) is not a multiple of patch \(patch)")
        }
        guard width % heads == 0 else {
            return NetworkFault(
                key: "heads",
                message: "architecture.width \(width) is not a multiple of heads \(heads)")
        }
        guard exactHidden >= 1 else {
            return NetworkFault(
                key: "mlp_ratio",
                message: "architecture.mlp_ratio \(YAMLText.scalar(mlpRatio)) leaves no channel of "
                    + "width \(width)")
        }
        return nil
    }

    /// Refuses images of another size.
    ///
    /// - Parameter network: its name.
    func check(_ images: Tensor, of network: String) throws(TorchError) {
        guard images.rank == 4, images.shape[2] == imageSize, images.shape[3] == imageSize else {
            throw TorchError(
                operation: network,
                message: "expected images [N, 3, \(imageSize), \(imageSize)], found "
                    + "\(images.shape)")
        }
    }
}

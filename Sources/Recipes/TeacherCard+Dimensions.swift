import StrictYAML

/// What a BEiT's dimensions come to, in numbers that cannot overflow whatever they are.
extension TeacherCard.BEiTArchitecture {
    /// A fault of the dimensions: the key it lies at, and what is wrong.
    package struct Fault: Sendable, Equatable {
        package let key: String
        package let message: String
    }

    /// More parameters than any published network of this family has, by far: 20 GB in float32.
    static let parameterLimit = 5e9
    /// More attention weights of one image in one block: 8 GB in float32.
    static let attentionLimit = 2e9

    /// Hidden channels of the feed-forward layer, at least 1.
    package var hidden: Int { Int(min(max(exactHidden, 1), 1e9)) }

    /// Patches and the class token.
    var tokens: Double {
        let side = (Double(imageSize) / Double(patch)).rounded(.down)
        return side * side + 1
    }

    private var exactHidden: Double { (Double(width) * mlpRatio).rounded(.down) }

    /// The network's parameters.
    func parameters(classes: Int) -> Double {
        let (width, hidden, patch) = (Double(width), exactHidden, Double(patch))
        let side = (Double(imageSize) / patch).rounded(.down)
        let table = ((2 * side - 1) * (2 * side - 1) + 3) * Double(heads)
        // Norms, layer scales, biases of query, value and projection; then the MLP's two layers.
        let block =
            9 * width + 4 * width * width + 2 * width * hidden + hidden + width + table
        let head = (width + 1) * Double(classes)
        return width + width * 3 * patch * patch + width + Double(depth) * block + 2 * width + head
    }

    /// The first reason why no such network can be made; nil if there is none.
    package func fault(classes: Int) -> Fault? {
        guard imageSize >= 1, patch >= 1, width >= 1, depth >= 1, heads >= 1, classes >= 1 else {
            return Fault(key: "width", message: "every dimension must be at least 1")
        }
        guard imageSize % patch == 0 else {
            return Fault(
                key: "patch",
                message: "architecture.image_size \(imageSize) is not a multiple of patch \(patch)")
        }
        guard width % heads == 0 else {
            return Fault(
                key: "heads",
                message: "architecture.width \(width) is not a multiple of heads \(heads)")
        }
        guard exactHidden >= 1 else {
            return Fault(
                key: "mlp_ratio",
                message: "architecture.mlp_ratio \(YAMLText.scalar(mlpRatio)) leaves no channel of "
                    + "width \(width)")
        }
        let parameters = parameters(classes: classes)
        guard parameters <= Self.parameterLimit else {
            return Fault(
                key: "width",
                message: "the network would have \(Self.text(parameters)) parameters; at most "
                    + "\(Self.text(Self.parameterLimit)) are made")
        }
        let attention = Double(heads) * tokens * tokens
        guard attention <= Self.attentionLimit else {
            return Fault(
                key: "patch",
                message: "\(Self.text(tokens)) tokens of patch \(patch) would take "
                    + "\(Self.text(attention)) attention weights an image; at most "
                    + "\(Self.text(Self.attentionLimit)) are computed")
        }
        return nil
    }

    /// A count in digits, or, where that would be endless, as a power of ten.
    private static func text(_ count: Double) -> String {
        count < 1e15 ? "\(Int64(count))" : "\(count)"
    }
}

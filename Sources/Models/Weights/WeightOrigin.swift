/// A library whose files lay out weights in a way of its own.
package enum WeightOrigin: String, Sendable, CaseIterable {
    case timm
    case torchvision
    /// `transformers`, and the files of the hub.
    case huggingface
    /// The authors' own code of BEiT.
    case microsoft
    case supergradients

    /// Whose files they are, as messages say it.
    package var owner: String {
        switch self {
        case .timm: "timm's"
        case .torchvision: "torchvision's"
        case .huggingface: "Hugging Face's"
        case .microsoft: "Microsoft's"
        case .supergradients: "SuperGradients'"
        }
    }
}

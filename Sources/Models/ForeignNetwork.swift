import Base

/// Libraries of Python that have networks of ours under names, and in layouts, of their own.
package enum ForeignLibrary: String, Sendable, CaseIterable {
    case torchvision, timm, huggingface, supergradients

    /// As a layout's `origins` name it.
    package var owner: String {
        switch self {
        case .torchvision: "torchvision"
        case .timm: "timm"
        case .huggingface: "Hugging Face"
        case .supergradients: "SuperGradients"
        }
    }
}

/// What a network is in another library.
package struct ForeignNetwork: Sendable {
    /// What makes it there: a model's name; of Hugging Face, a class.
    package let name: String
    /// What has to be said besides the number of classes: arguments, or entries of Hugging Face's
    /// `config.json`.
    package let arguments: [String: JSONValue]
    /// The layer that takes the images, and the one that gives the logits, where a library asks for
    /// them.
    package let layers: (first: String, head: String)?
    /// Whether its files hold the constants of the architecture, too.
    package let savesConstants: Bool

    package init(
        _ name: String, arguments: [String: JSONValue] = [:],
        layers: (first: String, head: String)? = nil, savesConstants: Bool = false
    ) {
        (self.name, self.arguments, self.layers) = (name, arguments, layers)
        self.savesConstants = savesConstants
    }
}

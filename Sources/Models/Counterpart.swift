import Base

/// What a network is in another library, whose layout of weights is one of the family's.
package struct Counterpart: Sendable {
    /// What makes it there: a model's name; of Hugging Face, a class.
    package let name: String
    /// What has to be said besides the number of classes: arguments, or entries of Hugging Face's
    /// `config.json`.
    package let arguments: [String: JSONValue]
    /// The layer that takes the images, and the one that gives the logits, where a library asks for
    /// them.
    package let layers: (first: String, head: String)?

    package init(
        _ name: String, arguments: [String: JSONValue] = [:],
        layers: (first: String, head: String)? = nil
    ) {
        (self.name, self.arguments, self.layers) = (name, arguments, layers)
    }
}

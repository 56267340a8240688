/// A fault of a network's dimensions.
package struct NetworkFault: Sendable, Equatable {
    /// The key of the section `architecture` at which it lies.
    package let key: String
    /// What is wrong.
    package let message: String
}

extension NetworkFault {
    /// More parameters than any published network has, by far: 20 GB in float32.
    static let parameterLimit = 5e9
    /// More attention weights of one image in one block: 8 GB in float32.
    static let attentionLimit = 2e9

    /// The fault of a network that is too large to be made; nil where it is not.
    ///
    /// - Parameters:
    ///   - parameters: how many it would have; a number that cannot overflow.
    ///   - key: at which the fault lies.
    static func ofSize(parameters: Double, key: String) -> NetworkFault? {
        guard parameters > parameterLimit else { return nil }
        return NetworkFault(
            key: key,
            message: "the network would have \(text(parameters)) parameters; at most "
                + "\(text(parameterLimit)) are made")
    }

    /// The fault of attention that is too large to be computed; nil where it is not.
    static func ofAttention(heads: Int, tokens: Double, patch: Int) -> NetworkFault? {
        let attention = Double(heads) * tokens * tokens
        guard attention > attentionLimit else { return nil }
        return NetworkFault(
            key: "patch",
            message: "\(text(tokens)) tokens of patch \(patch) would take \(text(attention)) "
                + "attention weights an image; at most \(text(attentionLimit)) are computed")
    }

    /// A count in digits, or, where that would be endless, as a power of ten.
    private static func text(_ count: Double) -> String {
        count < 1e15 ? "\(Int64(count))" : "\(count)"
    }
}

/// How a family's networks of one type stand in Hugging Face's `config.json`.
package struct HuggingFaceReading<Family: Sendable>: Sendable {
    /// The `model_type` of the file.
    package let modelType: String
    /// The configuration of a file of that type.
    ///
    /// - Throws: `HuggingFaceProblem` for a network that the family has not.
    package let read: @Sendable (HuggingFaceConfiguration) throws(HuggingFaceProblem) -> Family

    package init(
        of modelType: String,
        read: @escaping @Sendable (HuggingFaceConfiguration) throws(HuggingFaceProblem) -> Family
    ) {
        self.modelType = modelType
        self.read = read
    }
}

/// What is wrong with a file of a Hugging Face directory, without its path.
package struct HuggingFaceProblem: Error, Sendable, Equatable {
    package let message: String

    package init(_ message: String) { self.message = message }
}

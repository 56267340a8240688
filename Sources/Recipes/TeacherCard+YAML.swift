import StrictYAML

extension TeacherCard {
    /// A card of responses that somebody computed, as a file that reads back to the same card; `nil`
    /// for a network's.
    ///
    /// Every text is quoted that YAML could take for something else, such as a name `384`.
    package var precomputedYAML: String? {
        guard case .precomputed(let responses) = architecture else { return nil }
        return """
            name: \(YAMLText.scalar(name))
            kind: precomputed
            classes: \(classes)
            responses:
              dataset: \(YAMLText.scalar(responses.dataset))
              keys: \(responses.keys.map { YAMLText.scalar($0) } ?? "null")
              values: \(responses.values.rawValue)
              temperature: \(YAMLText.scalar(responses.temperature))
            weights:
              file: \(YAMLText.scalar(weightsFile))
              sha256: \(weightsSHA256.map { YAMLText.scalar($0) } ?? "null")
            source: \(YAMLText.scalar(source))

            """
    }

    /// A card of responses that somebody computed.
    package init(
        name: String, classes: Int, responses: Responses, file: String, sha256: String?,
        source: String
    ) {
        self.name = name
        architecture = .precomputed(responses)
        self.classes = classes
        preprocessing = .none
        weightsFile = file
        weightsSHA256 = sha256
        self.source = source
        top1 = nil
    }
}

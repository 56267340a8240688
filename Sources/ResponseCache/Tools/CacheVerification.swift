/// What a check of every part that is there found.
package struct CacheVerification: Codable, Equatable, Sendable {
    /// Parts that were read.
    package let parts: Int
    /// Parts of the complete cache.
    package let partsInAll: Int
    /// Responses that were decoded and are sound.
    package let responses: Int
    /// What is wrong, in the order of epochs and parts; at most one fault for each part.
    package let faults: [CacheFault]

    private enum CodingKeys: String, CodingKey {
        case parts
        case partsInAll = "parts_in_all"
        case responses, faults
    }
}

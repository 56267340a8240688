/// How much of a cache is there, and what it weighs.
package struct CacheInfo: Codable, Equatable, Sendable {
    /// Parts that are there.
    package let parts: Int
    /// Parts of the complete cache.
    package let partsInAll: Int
    /// Responses that are there: rows of the parts that are there.
    package let responses: Int
    /// Responses of the complete cache.
    package let responsesInAll: Int
    /// Epochs that lie in one file each.
    package let epochFiles: Int
    /// Bytes of the files in which they are: of an epoch's file, or of part files.
    package let bytes: Int
    /// Epochs of which every part is there.
    package let completeEpochs: Int
    /// Bytes on disk per response, with all overhead; nil where nothing is there.
    package let bytesPerResponse: Double?
    /// Bytes per response that the encoding alone asks for; nil where they depend on the response.
    package let encodedBytesPerResponse: Int?

    /// The mean divergence of a teacher's response from the stored one, in nats; nil where nothing
    /// is there.
    package let meanKL: Double?
    /// The largest such divergence, in nats.
    package let maxKL: Double?
    /// Classes stored per response.
    package let meanEntries: Double?

    private enum CodingKeys: String, CodingKey {
        case parts
        case meanKL = "mean_kl"
        case maxKL = "max_kl"
        case meanEntries = "mean_entries"
        case partsInAll = "parts_in_all"
        case responses
        case responsesInAll = "responses_in_all"
        case epochFiles = "epoch_files"
        case bytes
        case completeEpochs = "complete_epochs"
        case bytesPerResponse = "bytes_per_response"
        case encodedBytesPerResponse = "encoded_bytes_per_response"
    }
}

import Base

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

extension CacheReader {
    /// Counts and sizes of what is there now, and what storing it cost in accuracy.
    ///
    /// Opens every file for its parts' attributes; rows are not read.
    ///
    /// - Throws: `CacheError` naming a part that cannot be read.
    package func info() throws(CacheError) -> CacheInfo {
        var (parts, responses, bytes, complete, epochFiles) = (0, 0, 0, 0, 0)
        var (divergence, worst, entries) = (0.0, 0.0, 0.0)
        func count(_ part: PartID, _ cost: RowStatistics.Stored) {
            let rows = manifest.slots(of: part).count
            parts += 1
            responses += rows
            divergence += cost.meanKL * Double(rows)
            entries += cost.meanEntries * Double(rows)
            worst = max(worst, cost.maxKL)
        }
        for epoch in 0..<manifest.epochs {
            let before = parts
            let file = EpochFile(manifest: manifest, epoch: epoch)
            let path = "\(directory)/\(file.name)"
            if let size = RegularFile.bytes(at: path) {
                epochFiles += 1
                bytes += size
                for (part, cost) in zip(file.parts, try file.statistics(path: path)) {
                    count(part, cost)
                }
            } else {
                for part in file.parts {
                    guard let size = self.bytes(of: part) else { continue }
                    bytes += size
                    let cost = try folder.read(part) { place throws(CacheError) in
                        try PartFile(manifest: manifest, part: part).statistics(at: place)
                    }
                    count(part, cost)
                }
            }
            if parts - before == manifest.partsPerEpoch { complete += 1 }
        }
        return CacheInfo(
            parts: parts, partsInAll: manifest.epochs * manifest.partsPerEpoch,
            responses: responses, responsesInAll: manifest.epochs * manifest.slotsPerEpoch,
            epochFiles: epochFiles, bytes: bytes, completeEpochs: complete,
            bytesPerResponse: responses > 0 ? Double(bytes) / Double(responses) : nil,
            encodedBytesPerResponse: manifest.encoding.bytesPerRow(classes: manifest.classes),
            meanKL: responses > 0 ? divergence / Double(responses) : nil,
            maxKL: responses > 0 ? worst : nil,
            meanEntries: responses > 0 ? entries / Double(responses) : nil)
    }
}

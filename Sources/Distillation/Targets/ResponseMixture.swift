import ResponseCache

/// The distribution that a student is to match: the mean of its teachers' responses.
///
/// The mean is weighted and taken of probabilities. A cache that stores some classes only still
/// decodes to whole distributions, with the remainder spread over the others, and those are what is
/// averaged: the mean of stored entries alone would give a class that one cache stores and another
/// leaves out too little.
struct ResponseMixture {
    /// A teacher's share.
    struct Source {
        /// The teacher's cache; all have the same classes.
        let reader: CacheReader
        /// Above 0; those of all sources sum to 1.
        let weight: Double
    }

    let sources: [Source]

    /// The responses to consecutive slots of a view epoch.
    ///
    /// - Returns: `[slots.count, classes]`, rows that sum to 1. A single source's are its own, bit
    ///   for bit.
    func rows(epoch: Int, slots: Range<Int>) throws(CacheError) -> [Float] {
        guard let first = sources.first else { return [] }
        guard sources.count > 1 else { return try first.reader.rows(epoch: epoch, slots: slots) }
        var mean = [Double](repeating: 0, count: slots.count * first.reader.manifest.classes)
        for source in sources {
            let rows = try source.reader.rows(epoch: epoch, slots: slots)
            for index in rows.indices { mean[index] += source.weight * Double(rows[index]) }
        }
        return mean.map(Float.init)
    }

    /// Checks that a group's pixels are those that every teacher saw.
    ///
    /// - Parameters:
    ///   - checksum: CRC-32C of the group's uint8 pixels.
    ///   - epoch: the view epoch.
    /// - Throws: `TrainingError` naming group and cache if they are not.
    func check(pixels checksum: UInt32, epoch: Int, group: Int) throws {
        for reader in sources.map(\.reader) {
            guard try reader.pixelChecksum(epoch: epoch, group: group) == checksum else {
                throw TrainingError(
                    "group \(group) of epoch \(epoch): the pixels differ from those the teacher "
                        + "saw; an image changed or a decoder drifted: restore it, or remove "
                        + "\(reader.directory) and build it again")
            }
        }
    }
}

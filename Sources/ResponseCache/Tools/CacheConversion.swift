import Base

/// Stores the responses of a cache in another encoding, in another folder.
///
/// What is converted is what the cache decodes to, so the losses add up: the new parts' statistics
/// say how far they diverge from the old ones, and the manifest says what those were. Parts are
/// published one by one, and one that is there is checked and left, so a conversion that was killed
/// is finished by the same call.
package struct CacheConversion: Sendable {
    /// What a conversion did.
    package struct Summary: Codable, Equatable, Sendable {
        /// Parts converted now.
        package var converted = 0
        /// Parts that were there already.
        package var skipped = 0
        /// Parts that the source lacks.
        package var missing = 0
        /// Bytes of the source's parts.
        package var bytesBefore = 0
        /// Bytes of the new parts.
        package var bytesAfter = 0
        /// The mean of KL(old row ‖ new row) in nats, over all parts; nil without parts.
        package var addedMeanKL: Double?
        /// Its maximum.
        package var addedMaxKL: Double?

        private enum CodingKeys: String, CodingKey {
            case converted, skipped, missing
            case bytesBefore = "bytes_before"
            case bytesAfter = "bytes_after"
            case addedMeanKL = "added_mean_kl"
            case addedMaxKL = "added_max_kl"
        }
    }

    private let source: CacheReader
    private let builder: CacheBuilder

    /// Opens a cache and opens or begins the converted one.
    ///
    /// - Parameters:
    ///   - directory: the cache.
    ///   - target: a new or empty directory, or an unfinished conversion of the same.
    /// - Throws: `CacheError` if the cache cannot be opened, or its classes cannot be stored so, or
    ///   the target holds something else.
    package init(
        from directory: String, into target: String, encoding: RowEncoding
    ) throws(CacheError) {
        source = try CacheReader(directory: directory)
        let manifest = source.manifest
        let before = manifest.convertedFrom.map { "\($0), then \(manifest.encoding)" }
        builder = try CacheBuilder(
            directory: target,
            manifest: CacheManifest(
                fingerprint: manifest.fingerprint, encoding: encoding, classes: manifest.classes,
                epochs: manifest.epochs, groupsPerEpoch: manifest.groupsPerEpoch,
                groupSize: manifest.groupSize, groupsPerPart: manifest.groupsPerPart,
                teacher: manifest.teacher, createdBy: manifest.createdBy,
                convertedFrom: before ?? "\(manifest.encoding)"))
    }

    /// Converts every part of the source that the new cache lacks.
    ///
    /// - Parameter progress: told how many of how many parts are done; what it throws ends the
    ///   conversion between two parts.
    /// - Throws: `CacheError` for a part that is damaged, one that is there already as well, or
    ///   cannot be written, or where the parts that a prior is to be learnt from are missing.
    package func run(
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> Summary {
        let manifest = builder.manifest
        let all = manifest.parts
        let held = all.filter { source.isPublished($0) }
        let missing = held.filter { !builder.isPublished($0) }
        let target = try CacheReader(directory: builder.directory)
        try target.requireSound(held.filter { target.isPublished($0) })
        if !missing.isEmpty, let groups = try builder.calibrationGroups() {
            try builder.calibrate(groups) { try rows(epoch: 0, group: $0) }
        }
        for (index, part) in missing.enumerated() {
            try progress(index, missing.count)
            let writer = try builder.begin(part)
            for group in manifest.groups(of: part) {
                writer.append(
                    try rows(epoch: part.epoch, group: group),
                    pixelChecksum: try source.pixelChecksum(epoch: part.epoch, group: group))
            }
            try writer.publish()
        }
        try progress(missing.count, missing.count)
        let info = try target.info()
        return Summary(
            converted: missing.count, skipped: held.count - missing.count,
            missing: all.count - held.count,
            bytesBefore: held.reduce(0) { $0 + (source.bytes(of: $1) ?? 0) },
            bytesAfter: info.bytes, addedMeanKL: info.meanKL, addedMaxKL: info.maxKL)
    }

    private func rows(epoch: Int, group: Int) throws(CacheError) -> [Float] {
        let manifest = source.manifest
        let slots = group * manifest.groupSize..<(group + 1) * manifest.groupSize
        return try source.rows(epoch: epoch, slots: slots)
    }
}

import Foundation

extension DatasetPacker {
    /// The summary of a pack that was finished before, after a comparison of all of it with its
    /// index; what of it is damaged or gone is written again.
    ///
    /// - Returns: nil where there is no such pack.
    func finished(
        progress: (Int) throws -> Void, notice: (String) -> Void
    ) throws -> Summary? {
        let path = "\(directory)/\(ShardIndex.file)"
        guard try PackPlan(in: directory) != nil, let index = try ShardIndex(contentsOf: path)
        else { return nil }
        guard index.contentDigest != nil, index.shards.count == plan.shards else {
            throw DatasetError("\(path): is not this pack's")
        }
        try removeTemporaries()
        let names = try Descriptor.contents(of: "\(directory)/\(ClassNames.file)")
        if names != classes {
            notice(
                "\(directory)/\(ClassNames.file): is not what was written; it is written again")
            try write(Data(classes), ClassNames.file)
        }
        // Of the images that are read for shards that are written again.
        var again = Unfinished(journal: try PackJournal(in: directory))
        var written = 0
        for (number, shard) in index.shards.enumerated() {
            guard shard.name == plan.name(ofShard: number), let digest = shard.sha256 else {
                throw DatasetError("\(path): is not this pack's")
            }
            if try !isWhole(shard.name, digest, notice) {
                try renew(number, digest, &again, progress: progress)
                written += 1
            }
            try progress(plan.samples(ofShard: number).upperBound)
        }
        // A kill may have left it beside the index that says the same.
        again.journal.remove()
        return try summary(written: written, resized: again.resized)
    }

    /// Whether a shard is there with the bytes that were written; if not, a notice says so.
    ///
    /// - Parameter digest: the SHA-256 that was noted of it.
    func isWhole(
        _ name: String, _ digest: String, _ notice: (String) -> Void
    ) throws(DatasetError) -> Bool {
        let path = "\(directory)/\(name)"
        guard try isThere(name) else {
            notice("\(path): is gone; it is written again")
            return false
        }
        if try Self.sha256(ofFile: path) == digest { return true }
        notice(
            "\(path): is damaged: its SHA-256 is not the one noted when it was written; it is written "
                + "again")
        return false
    }

    /// Writes a shard of a finished pack again.
    ///
    /// - Throws: `DatasetError` if it comes to other bytes, for its index and the caches of it are of
    ///   those that were packed; then what is there stays.
    private func renew(
        _ shard: Int, _ digest: String, _ again: inout Unfinished,
        progress: (Int) throws -> Void
    ) throws {
        let path = "\(directory)/\(plan.name(ofShard: shard))"
        var writer = try ShardWriter(path)
        try fill(&writer, with: shard, into: &again, progress: progress)
        guard try writer.finish() == digest else {
            throw DatasetError(
                "\(path): cannot be written again: the images of \(dataset.path) are no longer those "
                    + "that were packed; restore the shard", cause: .pack(.imagesChanged))
        }
        try writer.publish()
    }
}

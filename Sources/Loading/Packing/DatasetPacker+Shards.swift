import Base
import Crypto
import Foundation

/// One shard of a pack: whether it is whole, and what writes it.
extension DatasetPacker {
    /// Images read before they are written.
    private static let batch = 64

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
        if try sha256(ofFile: path) == digest { return true }
        notice(
            "\(path): is damaged: its SHA-256 is not the one noted when it was written; it is written "
                + "again")
        return false
    }

    /// Writes one shard and appends it to the index.
    ///
    /// A shard of its name that is there, which no journal vouches for, is compared with it and
    /// stays if it has the same bytes.
    ///
    /// - Parameter isDamaged: whether one is there that is to be replaced.
    /// - Returns: whether the shard was written, and not there.
    func write(
        _ shard: Int, over isDamaged: Bool, into pack: inout Unfinished,
        progress: (Int) throws -> Void
    ) throws -> Bool {
        let name = plan.name(ofShard: shard)
        let path = "\(directory)/\(name)"
        var writer = try ShardWriter(path)
        try fill(&writer, with: shard, into: &pack, progress: progress)
        let digest = try writer.finish()
        pack.index.shards.append(.init(name: name, bytes: writer.size, sha256: digest))
        guard try isDamaged || !isThere(name) else {
            guard try sha256(ofFile: path) == digest else {
                throw DatasetError("\(path): is not the shard that this pack has here; remove it")
            }
            return false
        }
        try pack.journal.append(digest, of: name)
        try writer.publish()
        return true
    }

    /// Writes the images of a shard, and appends them to the index.
    private func fill(
        _ writer: inout ShardWriter, with shard: Int, into pack: inout Unfinished,
        progress: (Int) throws -> Void
    ) throws {
        let range = plan.samples(ofShard: shard)
        let number = Int32(pack.index.shards.count)
        var names = MemberNames()
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.batch) {
            let count = min(Self.batch, range.upperBound - start)
            let images = try concurrentMap(count, workers: options.workers) {
                offset throws(DatasetError) in
                try PackedImage(start + offset, of: dataset, options)
            }
            for (offset, image) in images.enumerated() {
                let sample = dataset.samples[start + offset]
                let source =
                    image.isResized ? PackedImage.path(ofResized: sample.path) : sample.path
                let place = try writer.append(
                    names.next(source, ending: image.ending), image.bytes,
                    label: sample.knownLabel)
                pack.append(
                    ImageDataset.Sample(
                        path: source, label: sample.label, bytes: image.bytes.count),
                    at: ShardStore.Place(
                        shard: number, offset: place.offset, header: place.header),
                    image.bytes.withUnsafeBytes { ($0.sha256, crc32c($0)) })
                pack.resized += image.isResized ? 1 : 0
            }
            try progress(start + count)
        }
    }

    /// Appends a shard that is there to the index.
    ///
    /// - Parameter digest: its SHA-256, which is that of what was written.
    func adopt(
        _ shard: Int, _ digest: String, into pack: inout Unfinished
    ) throws(DatasetError) {
        let name = plan.name(ofShard: shard)
        let path = "\(directory)/\(name)"
        let range = plan.samples(ofShard: shard)
        let scan = try ShardScan(path)
        let isSame =
            scan.entries.count == range.count
            && zip(range, scan.entries).allSatisfy { number, entry in
                let (source, packed) = (dataset.samples[number], entry.sample)
                // A resized image has another size, and maybe another ending.
                return source.label == packed.label
                    && (source == packed
                        || plan.maxShortSide != nil
                            && [source.path, PackedImage.path(ofResized: source.path)].contains(
                                packed.path))
            }
        guard isSame else {
            throw DatasetError("\(path): is not the shard that this pack has here; remove it")
        }
        let number = Int32(pack.index.shards.count)
        pack.index.shards.append(.init(name: name, bytes: scan.bytes, sha256: digest))
        let places = scan.entries.map {
            ShardStore.Place(shard: 0, offset: $0.offset, header: $0.header)
        }
        let file = ShardStore(
            folder: directory, shards: [pack.index.shards[Int(number)]], places: places,
            checksums: [])
        let buffer = FileBuffer()
        for (index, entry) in scan.entries.enumerated() {
            let bytes = try file.read(index, entry.sample, nil, into: buffer)
            pack.append(
                entry.sample,
                at: ShardStore.Place(shard: number, offset: entry.offset, header: entry.header),
                (bytes.sha256, crc32c(bytes)))
        }
    }

    /// Writes a shard of a finished pack again.
    ///
    /// - Throws: `DatasetError` if it comes to other bytes, for its index and the caches of it are of
    ///   those that were packed; then what is there stays.
    func renew(
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

extension UnsafeRawBufferPointer {
    /// SHA-256 of the bytes.
    fileprivate var sha256: SHA256.Digest {
        var hash = SHA256()
        hash.update(bufferPointer: self)
        return hash.finalize()
    }
}

import Base
import Foundation

/// Compares every byte of a pack with what was packed.
package struct PackVerification: Encodable, Sendable, Equatable {
    /// Shards compared.
    package let shards: Int
    /// Images in them.
    package let images: Int
    /// Their size.
    package let bytes: Int
    /// Whether the index, which was made without them, has got checksums of the images.
    package let isIndexRenewed: Bool

    private enum CodingKeys: String, CodingKey {
        case shards, images, bytes
        case isIndexRenewed = "index_renewed"
    }

    /// Compares a pack's shards with the SHA-256 that its index has of them.
    ///
    /// Reading a pack compares each image with its own checksum anyway; this finds what is damaged
    /// before anything is trained, labels and headers included. An index of version 1 gets the
    /// checksums of the images.
    ///
    /// - Parameter progress: called with the number of shards that are compared, and of all; what
    ///   it throws ends the comparison.
    /// - Throws: `DatasetError` naming the shards that are damaged, and for what is no whole pack;
    ///   `Interrupted` after a signal.
    package init(of directory: String, progress: (_ done: Int, _ all: Int) throws -> Void) throws {
        let path = "\(directory)/\(ShardIndex.file)"
        guard var index = try ShardIndex(contentsOf: path), index.contentDigest != nil else {
            throw DatasetError(
                "\(directory): is no whole pack: \(ShardIndex.file) has no SHA-256 of its shards")
        }
        var damaged: [String] = []
        for (number, shard) in index.shards.enumerated() {
            let digest = try DatasetError.stoppable { () throws(DatasetError) in
                try sha256(ofFile: "\(directory)/\(shard.name)")
            }
            if digest != shard.sha256 { damaged.append(shard.name) }
            try progress(number + 1, index.shards.count)
        }
        guard damaged.isEmpty else {
            throw DatasetError(
                "\(directory): \(damaged.count) of \(index.shards.count) shards are damaged: "
                    + damaged.prefix(5).joined(separator: ", ")
                    + (damaged.count > 5 ? " and \(damaged.count - 5) more" : "")
                    + "; restore them", cause: .pack(.damagedShards))
        }
        if let plan = try PackPlan(in: directory) {
            let names = "\(directory)/\(ClassNames.file)"
            guard let text = try Descriptor.contents(of: names), sha256(text) == plan.classes else {
                throw DatasetError(
                    "\(names): is not what was written; restore it",
                    cause: .pack(.damagedClassNames))
            }
        }
        isIndexRenewed = index.checksums.isEmpty && !index.samples.isEmpty
        if isIndexRenewed {
            index.checksums = try Self.checksums(of: index, in: directory)
            try AtomicFile.write(Data(index.text()), to: path)
        }
        shards = index.shards.count
        images = index.samples.count
        bytes = index.shards.reduce(0) { $0 + $1.bytes }
    }

    private static func checksums(
        of index: ShardIndex, in directory: String
    ) throws(DatasetError) -> [UInt32] {
        let store = ShardStore(
            folder: directory, shards: index.shards, places: index.places, checksums: [])
        let buffer = FileBuffer()
        var checksums: [UInt32] = []
        checksums.reserveCapacity(index.samples.count)
        for (number, sample) in index.samples.enumerated() {
            checksums.append(crc32c(try store.read(number, sample, nil, into: buffer)))
        }
        return checksums
    }
}

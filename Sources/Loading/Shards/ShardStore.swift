import Base
import Foundation

/// Images in tar shards, read at their offsets.
final class ShardStore: ImageStore {
    /// Where an image's data start.
    struct Place: Equatable {
        let shard: Int32
        /// Bytes from the shard's start; the header lies right before.
        let offset: Int
        /// The header's fingerprint when the shard was indexed.
        let header: UInt64
    }

    private let folder: String
    private let shards: [ShardIndex.Shard]
    private let places: [Place]
    private let checksums: [UInt32]
    private let files: OpenShards

    /// - Parameter checksums: the CRC-32C of each image, against which every read is checked; empty
    ///   where nobody has taken them.
    init(
        folder: String, shards: [ShardIndex.Shard], places: [Place], checksums: [UInt32]
    ) {
        precondition(checksums.isEmpty || checksums.count == places.count, "one for each image")
        self.folder = folder
        self.shards = shards
        self.places = places
        self.checksums = checksums
        files = OpenShards(paths: shards.map { "\(folder)/\($0.name)" })
    }

    func location(of index: Int, _ sample: ImageDataset.Sample) -> String {
        "\(folder)/\(shards[Int(places[index].shard)].name): \(sample.path)"
    }

    func read(
        _ index: Int, _ sample: ImageDataset.Sample, _ part: Range<Int>?, into buffer: FileBuffer
    ) throws(DatasetError) -> UnsafeRawBufferPointer {
        let place = places[index]
        let shard = Int(place.shard)
        // The header comes along in the same read: it tells whether this is still the member. A part
        // that does not follow it is read with as many bytes before, which are not looked at.
        let wanted = part ?? 0..<sample.bytes
        let target = try buffer.reserve(
            TarHeader.block + wanted.count, for: location(of: index, sample))
        let descriptor = try files.borrow(shard)
        let count = Descriptor.read(
            descriptor, into: target, at: place.offset + wanted.lowerBound - TarHeader.block)
        let code = errno
        files.giveBack(shard)
        guard count >= 0 else { throw .system(location(of: index, sample), "cannot be read", code) }
        let header = UnsafeRawBufferPointer(rebasing: target[..<min(count, TarHeader.block)])
        guard count == target.count,
            wanted.lowerBound > 0 || TarHeader.fingerprint(header) == place.header
        else {
            throw DatasetError(
                "\(folder)/\(shards[shard].name): sample \(sample.path) changed since the shard was "
                    + "indexed; "
                    + (checksums.isEmpty
                        ? "delete \(ShardIndex.file) to have it indexed anew"
                        : "restore the shard, or pack anew"))
        }
        let bytes = UnsafeRawBufferPointer(rebasing: target[TarHeader.block...])
        if part == nil, !checksums.isEmpty, crc32c(bytes) != checksums[index] {
            throw DatasetError(
                "\(location(of: index, sample)): damaged: its bytes are not those that were packed "
                    + "(CRC-32C); restore the shard, or pack anew")
        }
        return bytes
    }
}

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

/// The descriptors of shards, opened when first read and shared by all threads.
///
/// Sendable: all mutable state is read and written with `condition` locked.
final class OpenShards: @unchecked Sendable {
    private struct File {
        /// -1 while it is not open.
        var descriptor: Int32 = -1
        var readers = 0
        var lastUse = 0
    }

    /// The most descriptors kept open.
    let limit: Int
    private let paths: [String]
    private let openFile: @Sendable (String) -> Int32
    private let condition = NSCondition()
    private var files: [File]
    private var open = 0
    private var clock = 0

    /// - Parameters:
    ///   - limit: the most descriptors kept open.
    ///   - openFile: opens a file for reading; -1 and errno where that fails.
    init(
        paths: [String], limit: Int = OpenShards.standardLimit,
        openFile: @escaping @Sendable (String) -> Int32 = { Descriptor.open($0) }
    ) {
        precondition(limit >= 1, "at least one shard is open")
        self.paths = paths
        self.limit = limit
        self.openFile = openFile
        files = [File](repeating: File(), count: paths.count)
    }

    deinit {
        for file in files where file.descriptor >= 0 { close(file.descriptor) }
    }

    /// A quarter of the descriptors that the process may have, and 256 at most: the cache, the run
    /// and libraries open files, too.
    static var standardLimit: Int {
        let descriptors = sysconf(Int32(_SC_OPEN_MAX))
        return standardLimit(descriptors: descriptors > 0 ? descriptors : 256)
    }

    static func standardLimit(descriptors: Int) -> Int { max(1, min(256, descriptors / 4)) }

    /// Descriptors open now.
    var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return open
    }

    /// A shard's descriptor, which stays open until it is given back.
    ///
    /// Where the process has no descriptor left, one of ours is closed for it, as soon as nobody
    /// reads from it.
    func borrow(_ shard: Int) throws(DatasetError) -> Int32 {
        condition.lock()
        defer { condition.unlock() }
        while files[shard].descriptor < 0 {
            if open >= limit { closeOldest() }
            let descriptor = openFile(paths[shard])
            let code = errno
            if descriptor >= 0 {
                files[shard].descriptor = descriptor
                open += 1
                break
            }
            guard code == EMFILE || code == ENFILE, open > 0 else {
                throw .system(paths[shard], "cannot be read", code)
            }
            if !closeOldest() { condition.wait() }
        }
        clock += 1
        files[shard].lastUse = clock
        files[shard].readers += 1
        return files[shard].descriptor
    }

    /// Ends the use of a borrowed descriptor.
    func giveBack(_ shard: Int) {
        condition.lock()
        files[shard].readers -= 1
        condition.broadcast()
        condition.unlock()
    }

    /// Closes the file that has not been used for longest, unless every one is being read.
    ///
    /// - Returns: whether one was closed.
    @discardableResult
    private func closeOldest() -> Bool {
        let idle = files.indices.filter { files[$0].descriptor >= 0 && files[$0].readers == 0 }
        guard let oldest = idle.min(by: { files[$0].lastUse < files[$1].lastUse }) else {
            return false
        }
        close(files[oldest].descriptor)
        files[oldest].descriptor = -1
        open -= 1
        return true
    }
}

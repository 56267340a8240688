import Base
import Foundation

extension ImageDataset {
    /// Lists the images of tar shards through their index, which is made where there is none.
    ///
    /// - Parameter single: whether one shard was asked for by name, whatever lies beside it.
    static func shards(
        _ names: [String], in folder: String, single: Bool, expectedClasses: Int?
    ) throws(DatasetError) -> Contents {
        let places =
            single
            ? IndexPlaces(beside: "\(folder)/\(names[0]).\(ShardIndex.file)")
            : IndexPlaces(beside: "\(folder)/\(ShardIndex.file)")
        let index: ShardIndex
        if let found = try usableIndex(of: names, in: folder, at: places) {
            index = found
        } else {
            guard single || FileKind.isMissing("\(folder)/\(PackPlan.file)") else {
                throw DatasetError(
                    "\(folder): packing it is not finished", cause: .pack(.unfinished))
            }
            index = try ShardIndex(scanning: names, in: folder)
            places.store(index.text())
        }
        guard !index.samples.isEmpty else { throw DatasetError("\(folder): the shards are empty") }
        let store = ShardStore(
            folder: folder, shards: index.shards, places: index.places, checksums: index.checksums)
        var labels = LabelColumn()
        for sample in index.samples { labels.append(sample.label) }
        let (classes, _) = try labels.resolved(
            names: ClassNames(in: folder), expectedClasses: expectedClasses,
            path: single ? "\(folder)/\(names[0])" : folder
        ) { store.location(of: $0, index.samples[$0]) }
        return Contents(
            classes: classes, samples: index.samples, store: store,
            contentDigest: index.contentDigest)
    }

    /// The index of exactly these shards; nil if there is none that still fits.
    private static func usableIndex(
        of names: [String], in folder: String, at places: IndexPlaces
    ) throws(DatasetError) -> ShardIndex? {
        for path in places.all {
            guard let index = try ShardIndex(contentsOf: path) else { continue }
            guard let difference = try index.difference(from: names, in: folder) else {
                return index
            }
            // Only a scan may be repeated: a pack's hashes vouch for bytes that are no more.
            guard index.contentDigest == nil else {
                throw DatasetError(
                    "\(folder)/\(difference): changed since it was indexed; restore it, pack anew, "
                        + "or delete \(ShardIndex.file) and \(PackPlan.file) to take it as it is")
            }
        }
        return nil
    }
}

/// Where the index of shards may lie, best first.
struct IndexPlaces {
    /// The index's paths.
    let all: [String]

    /// Beside the shards; or, where that cannot be written, in the user's cache.
    init(
        beside path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        var all = [path]
        let given = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        if let cache = given ?? environment["HOME"].map({ "\($0)/.cache" }) {
            let folder = realPath(Folders.parent(of: path))
            let name = sha256("\(folder)/\(Directory.name(of: path))".utf8)
            all.append("\(cache)/understudy/indexes/\(name).tsv")
        }
        self.all = all
    }

    /// Only these paths.
    init(_ all: [String]) { self.all = all }

    /// Writes the index to the first place that can be written and holds nothing else, if any: it
    /// only saves time.
    ///
    /// - Returns: the path written.
    @discardableResult
    func store(_ text: [UInt8]) -> String? {
        for (rank, path) in all.enumerated() {
            if rank > 0 {
                try? Folders.make(Folders.parent(of: path))
            }
            guard ShardIndex.mayReplace(path) else { continue }
            if (try? AtomicFile.write(Data(text), to: path)) != nil { return path }
        }
        return nil
    }
}

/// A path without symbolic links; of what is not there, as far as its folders are.
func realPath(_ path: String) -> String {
    if let resolved = realpath(path, nil) {
        defer { free(resolved) }
        return String(cString: resolved)
    }
    let parent = Folders.parent(of: path)
    return parent == path ? path : "\(realPath(parent))/\(Directory.name(of: path))"
}

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

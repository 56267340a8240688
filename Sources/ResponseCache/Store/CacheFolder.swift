import Base
import Foundation

/// A cache's directory and its manifest: what builder and reader share.
struct CacheFolder: Sendable {
    let directory: String
    let manifest: CacheManifest
    let priors: PriorStore
    /// The epochs that the cache was to hold before it was opened to hold more; nil if it has not
    /// grown then.
    private(set) var grownFrom: Int?

    /// Opens an existing cache.
    init(opening directory: String) throws(CacheError) {
        guard try Self.isFolder(directory) else {
            throw CacheError("\(directory): there is no such cache", cause: .noCache)
        }
        guard let manifest = try ManifestFile(in: directory).read() else {
            throw CacheError(
                "\(directory): is not a response cache: it has no \(ManifestFile.name)")
        }
        self.directory = directory
        self.manifest = manifest
        priors = PriorStore(directory: directory, manifest: manifest)
        try Self.requireEpochs(in: directory)
    }

    /// Creates a cache, or opens the one that is there if it agrees with the manifest, and has it
    /// hold as many epochs.
    ///
    /// - Parameter digests: what parts that are to be brought in may have for the fingerprint's.
    init(
        creating directory: String, _ manifest: CacheManifest, accepting digests: Set<String> = []
    ) throws(CacheError) {
        if try !Self.isFolder(directory) { try CacheFiles.makeFolder(directory) }
        let file = ManifestFile(in: directory)
        try file.begin(manifest.adding(epochs: manifest.epochs, digests: digests))
        var there = try CacheFolder(opening: directory)
        let differences = there.manifest.differences(from: manifest)
        if !differences.isEmpty { throw Self.mismatch(directory, differences) }
        if try there.manifest.adding(epochs: manifest.epochs, digests: digests) != there.manifest {
            try file.add(epochs: manifest.epochs, digests: digests)
            let before = there.manifest.epochs
            there = try CacheFolder(opening: directory)
            let wanted = try there.manifest.adding(epochs: manifest.epochs, digests: digests)
            guard wanted == there.manifest else { throw ManifestFile.takenBack(in: directory) }
            there.grownFrom = before < there.manifest.epochs ? before : nil
        }
        Self.removeStale(in: directory)
        self = there
    }

    static func mismatch(_ directory: String, _ differences: [String]) -> CacheError {
        CacheError(
            "\(directory): the cache was made from other inputs; "
                + "name another directory, or restore what differs:", details: differences,
            cause: .otherInputs)
    }

    /// Whether there is a folder; false for nothing at all.
    private static func isFolder(_ directory: String) throws(CacheError) -> Bool {
        let kind: FileKind?
        do { kind = try FileKind.at(directory) } catch { throw CacheError(error) }
        guard kind == .folder || kind == nil else {
            throw CacheError("\(directory): is not a folder, and a response cache is one")
        }
        return kind != nil
    }

    /// Checks that the folders of epochs can be looked into.
    ///
    /// The parts of one that cannot, such as a link to a disk that is not mounted, would otherwise
    /// count as not built yet.
    private static func requireEpochs(in directory: String) throws(CacheError) {
        for name in try CacheFiles.names(in: directory) where PartID.isFolder(name) {
            let path = "\(directory)/\(name)"
            guard let stream = opendir(path) else {
                let code = errno
                // A compaction removes a folder that has become empty.
                var status = stat()
                if code == ENOENT, lstat(path, &status) != 0 { continue }
                throw .system("\(path): cannot list the parts in it", code)
            }
            closedir(stream)
        }
    }

    /// Removes what killed writers left in the cache's folder and in those of its epochs.
    private static func removeStale(in directory: String) {
        AtomicFile.removeStale(in: directory)
        for name in (try? CacheFiles.names(in: directory)) ?? [] where PartID.isFolder(name) {
            AtomicFile.removeStale(in: "\(directory)/\(name)")
        }
    }

    /// A part's own file.
    func path(of part: PartID) -> String { "\(directory)/\(part.path)" }

    /// The file that holds the whole epoch of a part, where a compaction has made it.
    func epochPath(of part: PartID) -> String { "\(directory)/\(part.epochFile)" }

    /// Where a part lies; nil if it is not there.
    ///
    /// A compaction removes a part only once the epoch's file has its name. So in this order of
    /// looking a part that is there is found at any moment.
    func place(of part: PartID) -> PartPlace? {
        if RegularFile.bytes(at: path(of: part)) != nil { return .file(path(of: part)) }
        let path = epochPath(of: part)
        return RegularFile.bytes(at: path) != nil ? .group(part.group, file: path) : nil
    }

    func isPublished(_ part: PartID) -> Bool { place(of: part) != nil }

    /// Reads a part where it lies.
    ///
    /// - Parameter body: reads at a place; called again after an error if a compaction may have
    ///   moved the part between the look and the reading.
    /// - Throws: `CacheError` saying what is missing, or what the body throws.
    func read<Result>(
        _ part: PartID, _ body: (PartPlace) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        guard let place = place(of: part) else {
            throw CacheError(
                "\(directory): \(part) (slots \(manifest.slots(of: part))) is not in the cache",
                cause: .missingPart)
        }
        do {
            return try body(place)
        } catch {
            guard case .file = place, RegularFile.bytes(at: epochPath(of: part)) != nil,
                let now = self.place(of: part)
            else { throw error }
            return try body(now)
        }
    }

    /// Reads and checks a part.
    func content(of part: PartID) throws(CacheError) -> PartFile.Content {
        try read(part) { place throws(CacheError) in try content(of: part, at: place) }
    }

    /// Reads and checks a part at one place.
    func content(of part: PartID, at place: PartPlace) throws(CacheError) -> PartFile.Content {
        do {
            return try PartFile(manifest: manifest, part: part).decode(at: place, priors: priors)
        } catch {
            // A merge may have brought it since, from a cache whose parts have another digest.
            guard let now = try? ManifestFile(in: directory).read(), now.digests != manifest.digests
            else { throw error }
            return try PartFile(manifest: now, part: part).decode(
                at: place, priors: PriorStore(directory: directory, manifest: now))
        }
    }

    /// The parts of these epochs that are not there, in order.
    func missingParts(epochs: Range<Int>) -> [PartID] {
        manifest.parts(epochs: epochs).filter { !isPublished($0) }
    }
}

/// Where a part lies.
enum PartPlace: Sendable, CustomStringConvertible {
    /// In a file of its own, at this path.
    case file(String)
    /// In a group of its epoch's file.
    case group(String, file: String)

    /// The file.
    var path: String {
        switch self {
        case .file(let path), .group(_, let path): path
        }
    }

    /// The file and, if any, the group, as errors begin with them.
    var description: String {
        switch self {
        case .file(let path): path
        case .group(let name, let path): "\(path), \(name)"
        }
    }

    /// What to do about a part that cannot be used.
    var remedy: String {
        switch self {
        case .file: "delete this file and build the part again"
        case .group: "delete this file and build its parts again"
        }
    }

    /// Opens the file, or the file and the group, and lends it.
    func open<Result>(
        _ body: (borrowing HDF5File) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        switch self {
        case .file(let path):
            try HDF5File.open(path: path, body)
        case .group(let name, let path):
            try HDF5File.open(path: path) { file throws(CacheError) in
                try file.group(name, body)
            }
        }
    }
}

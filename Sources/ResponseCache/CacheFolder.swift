import Foundation

/// A cache's directory and its manifest: what builder and reader share.
struct CacheFolder: Sendable {
    static let manifestName = "manifest.json"

    let directory: String
    let manifest: CacheManifest
    let priors: PriorStore

    /// Opens an existing cache.
    init(opening directory: String) throws(CacheError) {
        switch Files.kind(directory) {
        case .nothing:
            throw CacheError(
                "\(directory): there is no such cache; `understudy cache build` makes one")
        case .folder: break
        case .file, .other:
            throw CacheError("\(directory): is not a folder, and a response cache is one")
        case .unknown(let code): throw .system("\(directory): cannot be looked at", code)
        }
        guard let manifest = try Self.manifest(in: directory) else {
            throw CacheError("\(directory): is not a response cache: it has no manifest.json")
        }
        self.directory = directory
        self.manifest = manifest
        priors = PriorStore(directory: directory, manifest: manifest)
        try Self.requireEpochs(in: directory)
    }

    /// Checks that the folders of epochs can be looked into.
    ///
    /// The parts of one that cannot, such as a link to a disk that is not mounted, would otherwise
    /// count as not built yet.
    private static func requireEpochs(in directory: String) throws(CacheError) {
        for name in try Files.names(in: directory) where PartID.isFolder(name) {
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
    private static func removeStale(in directory: String) throws(CacheError) {
        try PublishedFile.removeStale(folder: directory)
        for name in try Files.names(in: directory) where PartID.isFolder(name) {
            try PublishedFile.removeStale(folder: "\(directory)/\(name)")
        }
    }

    /// Creates a cache, or opens the one that is there if it agrees with the manifest.
    init(creating directory: String, _ manifest: CacheManifest) throws(CacheError) {
        switch Files.kind(directory) {
        case .nothing: try Files.makeFolder(directory)
        case .folder: break
        case .file, .other:
            throw CacheError("\(directory): is not a folder, and a response cache is one")
        case .unknown(let code): throw .system("\(directory): cannot be looked at", code)
        }
        // Before it is known to be a cache: a builder may have died while it began one.
        try PublishedFile.removeStale(folder: directory, name: Self.manifestName)
        if Files.kind("\(directory)/\(Self.manifestName)") == .nothing {
            try Self.begin(directory, manifest)
        }
        let there = try CacheFolder(opening: directory)
        let differences = there.manifest.differences(from: manifest)
        if !differences.isEmpty { throw Self.mismatch(directory, differences) }
        try Self.removeStale(in: directory)
        self = there
    }

    static func mismatch(_ directory: String, _ differences: [String]) -> CacheError {
        CacheError(
            "\(directory): the cache was made from other inputs; "
                + "name another directory, or restore what differs:", details: differences)
    }

    private static func begin(_ directory: String, _ manifest: CacheManifest) throws(CacheError) {
        // Between the look for a manifest and this list another builder may have begun the cache.
        let foreign = try Files.names(in: directory).first { !PublishedFile.isTemporary($0) }
        if let foreign, foreign != manifestName,
            Files.kind("\(directory)/\(manifestName)") == .nothing
        {
            throw CacheError(
                "\(directory): is not a response cache (it holds \(foreign) and no manifest.json); "
                    + "name an empty or a new directory")
        }
        let bytes = try manifest.json()
        let file = try PublishedFile(folder: directory, name: manifestName)
        try file.write(bytes)
        // If another builder was first, its manifest stands and is compared with ours.
        _ = try file.publishUnlessPresent()
    }

    private static func manifest(in directory: String) throws(CacheError) -> CacheManifest? {
        let path = "\(directory)/\(manifestName)"
        guard let size = Files.size(path) else { return nil }
        guard size <= 16 << 20 else { throw CacheError("\(path): \(size) bytes are no manifest") }
        return try CacheManifest.parse(Data(Files.contents(path)), path: path)
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
        if Files.size(path(of: part)) != nil { return .file(path(of: part)) }
        let path = epochPath(of: part)
        return Files.size(path) != nil ? .group(part.group, file: path) : nil
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
                "\(directory): \(part) (slots \(manifest.slots(of: part))) is not in the cache; "
                    + "`understudy cache build` with this recipe adds what is missing")
        }
        do {
            return try body(place)
        } catch {
            guard case .file = place, Files.size(epochPath(of: part)) != nil,
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
        try PartFile(manifest: manifest, part: part).decode(at: place, priors: priors)
    }

    /// The parts of these epochs (each taken modulo the cache's) that are not there, in order.
    func missingParts(epochs: Range<Int>) -> [PartID] {
        let own =
            epochs.count >= manifest.epochs
            ? Array(0..<manifest.epochs)
            : Set(epochs.map { manifest.epoch($0) }).sorted()
        return own.flatMap { manifest.parts(epochs: $0..<$0 + 1) }.filter { !isPublished($0) }
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

extension CacheManifest {
    /// The cache's epoch that a training epoch reads.
    func epoch(_ training: Int) -> Int {
        precondition(training >= 0, "epoch \(training)")
        return training % epochs
    }
}

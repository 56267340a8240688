import Base
import Synchronization

/// The priors of a cache: files `prior-<first 16 digits of the SHA-256>.h5` in its folder.
///
/// Builders on like machines learn the same prior and so publish one file. A cache that was merged
/// from ones that were built apart may hold several; each part names the one it was stored with.
final class PriorStore: Sendable {
    private static let prefix = "prior-"
    private static let suffix = ".h5"
    static let format = "understudy-response-prior"

    private let directory: String
    private let manifest: CacheManifest
    private let loaded = Mutex<[String: ResponsePrior]>([:])

    init(directory: String, manifest: CacheManifest) {
        self.directory = directory
        self.manifest = manifest
    }

    /// The name of a prior's file.
    static func fileName(digest: String) -> String { "\(prefix)\(digest.prefix(16))\(suffix)" }

    /// The names of the files that are there, sorted.
    func files() throws(CacheError) -> [String] {
        try CacheFiles.names(in: directory).filter {
            $0.hasPrefix(Self.prefix) && $0.hasSuffix(Self.suffix)
        }
    }

    /// The prior that parts are to be stored with: the first by name; nil if there is none yet.
    func current() throws(CacheError) -> ResponsePrior? {
        guard let name = try files().first else { return nil }
        return try read(name)
    }

    /// The prior that a part names.
    ///
    /// - Throws: `CacheError` if its file is missing or damaged.
    func prior(digest: String) throws(CacheError) -> ResponsePrior {
        if let prior = loaded.withLock({ $0[digest] }) { return prior }
        let name = Self.fileName(digest: digest)
        let prior = try read(name)
        guard prior.digest == digest else {
            throw CacheError(
                "\(directory)/\(name): is not the prior that the part was stored with, of SHA-256 "
                    + "\(digest)")
        }
        loaded.withLock { $0[digest] = prior }
        return prior
    }

    /// Publishes a prior, unless there is one by now.
    ///
    /// - Returns: the prior that parts are to be stored with.
    func publish(_ prior: ResponsePrior, rows: Int) throws(CacheError) -> ResponsePrior {
        let name = Self.fileName(digest: prior.digest)
        let path = "\(directory)/\(name)"
        try HDF5File.create(
            path: path, expectedBytes: 2 * prior.table.count,
            fill: { file throws(CacheError) in
                try file.write("format", Self.format)
                try file.write("format_version", manifest.formatVersion)
                try file.write("fingerprint", manifest.fingerprint.digest)
                try file.write("teacher", manifest.teacher)
                try file.write("classes", prior.classes)
                try file.write("rows", rows)
                try file.write("created_by", manifest.createdBy)
                let chunk = max(1, (1 << 20) / (2 * prior.classes))
                try file.write(
                    "table", .half, shape: [prior.classes, prior.classes],
                    chunkRows: min(chunk, prior.classes), prior.table)
            },
            use: { bytes throws(CacheError) in
                _ = try CacheFiles.publishUnlessPresent(bytes, at: path)
            })
        return try current() ?? prior
    }

    private func read(_ name: String) throws(CacheError) -> ResponsePrior {
        let path = "\(directory)/\(name)"
        guard (try? FileKind.at(path)) == .file else {
            throw CacheError(
                "\(path): is missing, and parts were stored with it; bring it back from a copy of "
                    + "the cache, or delete those parts and build them again", cause: .damaged)
        }
        do throws(CacheError) {
            let classes = manifest.classes
            let table: [UInt16] = try HDF5File.open(path: path) { file throws(CacheError) in
                guard try file.string("format") == Self.format,
                    manifest.digests.contains(try file.string("fingerprint"))
                else {
                    throw CacheError("\(path): is not a prior of this cache")
                }
                return try file.read("table", .half, shape: [classes, classes])
            }
            guard let prior = ResponsePrior(table: table, classes: classes) else {
                throw CacheError("\(path): dataset 'table' has a row that is no distribution")
            }
            guard Self.fileName(digest: prior.digest) == name else {
                throw CacheError("\(path): dataset 'table' is not the one that the name says")
            }
            return prior
        } catch {
            throw error.damage(
                "bring the file back from a copy of the cache, or delete it and the parts that were "
                    + "stored with it")
        }
    }
}

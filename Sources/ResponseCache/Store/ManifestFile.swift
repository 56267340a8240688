import Base
import Foundation

/// The file `manifest.json` in a cache's folder.
///
/// Whoever opens it finds one state or the next whole. What is added to it is added under a lock on
/// the file, so that of several programs that add to it at once none takes back what another added.
struct ManifestFile {
    static let name = "manifest.json"

    private let directory: String
    private var path: String { "\(directory)/\(Self.name)" }

    init(in directory: String) { self.directory = directory }

    /// The manifest; nil if there is no such file.
    func read() throws(CacheError) -> CacheManifest? {
        guard let size = RegularFile.bytes(at: path) else { return nil }
        guard size <= 16 << 20 else { throw CacheError("\(path): \(size) bytes are no manifest") }
        return try CacheManifest.parse(Data(CacheFiles.contents(path)), path: path)
    }

    /// Begins a cache in a folder that holds nothing else, unless it is begun.
    func begin(_ manifest: CacheManifest) throws(CacheError) {
        // Before it is known to be a cache: a builder may have died while it began one.
        AtomicFile.removeStale(in: directory) { $0 == Self.name }
        guard FileKind.isMissing(path) else { return }
        // Between the look for a manifest and this list another builder may have begun the cache.
        let foreign = try CacheFiles.names(in: directory).first { TemporaryName($0) == nil }
        if let foreign, foreign != Self.name, FileKind.isMissing(path) {
            throw CacheError(
                "\(directory): is not a response cache (it holds \(foreign) and no \(Self.name)); "
                    + "name an empty or a new directory")
        }
        // If another builder was first, its manifest stands and is compared with ours.
        _ = try CacheFiles.publishUnlessPresent(manifest.json(), at: path)
    }

    /// Adds epochs, and digests that parts may have, to the manifest that is there.
    func add(epochs: Int, digests: Set<String>) throws(CacheError) {
        let descriptor = try locked()
        defer { close(descriptor) }
        // Where there are no locks, another program may be replacing it at this moment.
        for _ in 0..<10 {
            guard let there = try read() else { throw CacheError("\(path): has gone meanwhile") }
            let manifest = try there.adding(epochs: epochs, digests: digests)
            guard manifest != there else { return }
            try CacheFiles.publish(manifest.json(), at: path)
        }
        throw CacheError("\(path): another program takes back what is added to it; run again")
    }

    /// Seconds that another program may take for an addition of its own.
    private static let patience = 30.0

    /// The file that has the name now, open and locked, as far as there are locks.
    private func locked() throws(CacheError) -> Int32 {
        let start = ContinuousClock.now
        while true {
            var descriptor = open(path, O_RDWR | O_CLOEXEC)
            if descriptor < 0 { descriptor = try CacheFiles.openForReading(path) }
            let outcome: FileLock.Outcome
            do { outcome = try FileLock.take(descriptor, path: path) } catch {
                close(descriptor)
                throw CacheError(error)
            }
            // One that was replaced since it was opened keeps nobody from the new one.
            if outcome != .busy, FileIdentity(descriptor) == FileIdentity(path) {
                return descriptor
            }
            close(descriptor)
            guard ContinuousClock.now - start < .seconds(Self.patience) else {
                throw CacheError("\(path): another program does not let go of it; run again")
            }
            usleep(10_000)
        }
    }
}

import Base
import Foundation

/// A temporary folder for a cache that nobody keeps; removed with the value.
///
/// While it is used it is locked, so that the next one finds and removes what a killed process left.
final class ScratchFolder {
    /// Where it is.
    let path: String
    private let lock: Int32

    /// Makes the folder, and removes stale ones.
    ///
    /// - Parameter temporary: the folder in which it is made.
    init(
        in temporary: String = FileManager.default.temporaryDirectory.path
    ) throws(SystemFailure) {
        Self.removeStale(in: temporary)
        let path = "\(temporary)/\(Self.prefix)\(UUID().uuidString)"
        guard mkdir(path, 0o700) == 0 else {
            throw SystemFailure("\(path): cannot make the folder")
        }
        lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        self.path = path
        guard lock >= 0 else { throw SystemFailure("\(path): cannot open the folder") }
        _ = try FileLock.take(lock, path: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        close(lock)
    }

    private static let prefix = "understudy-bench-"
    /// What a cache's folder holds.
    private static let content = ["manifest.json", "prior-", "epoch-", ".tmp-"]

    /// Removes folders of this name and content that nobody uses.
    private static func removeStale(in temporary: String) {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: temporary)) ?? []
        where name.hasPrefix(prefix) {
            guard UUID(uuidString: String(name.dropFirst(prefix.count))) != nil else { continue }
            let path = "\(temporary)/\(name)"
            let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard folder >= 0 else { continue }
            defer { close(folder) }
            var status = stat()
            guard fstat(folder, &status) == 0, status.st_uid == getuid(),
                (try? FileLock.take(folder, path: path)) == .held,
                let names = try? files.contentsOfDirectory(atPath: path),
                names.allSatisfy({ name in content.contains { name.hasPrefix($0) } })
            else { continue }
            try? files.removeItem(atPath: path)
        }
    }
}

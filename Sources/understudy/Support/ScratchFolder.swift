import Base
import Foundation

/// A temporary folder for what nobody keeps; removed with the value.
///
/// While it is used it is locked, so that the next one finds and removes what a killed process left.
final class ScratchFolder {
    /// What it is for.
    enum Use: String {
        /// A cache.
        case cache = "bench"
        /// `SyntheticExperiment`.
        case experiment = "made"

        fileprivate var prefix: String { "understudy-\(rawValue)-" }

        /// How the names in it begin.
        fileprivate var content: [String] {
            switch self {
            case .cache: ["manifest.json", "prior-", "epoch-", ".tmp-"]
            case .experiment:
                [
                    "images", "teacher.", "recipe.yaml", "weights.safetensors", "cache", "here-",
                    "there-", "run", ".tmp-",
                ]
            }
        }
    }

    /// Where it is.
    let path: String
    private let lock: Int32

    /// Makes the folder, and removes stale ones.
    ///
    /// - Parameter temporary: the folder in which it is made.
    init(
        for use: Use, in temporary: String = FileManager.default.temporaryDirectory.path
    ) throws(SystemFailure) {
        Self.removeStale(use, in: temporary)
        let path = "\(temporary)/\(use.prefix)\(UUID().uuidString)"
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

    /// Removes folders of a use's name and content that nobody uses.
    private static func removeStale(_ use: Use, in temporary: String) {
        let files = FileManager.default
        for name in (try? Folders.names(in: temporary)) ?? []
        where name.hasPrefix(use.prefix) {
            guard UUID(uuidString: String(name.dropFirst(use.prefix.count))) != nil else {
                continue
            }
            let path = "\(temporary)/\(name)"
            let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard folder >= 0 else { continue }
            defer { close(folder) }
            var status = stat()
            guard fstat(folder, &status) == 0, status.st_uid == getuid(),
                (try? FileLock.take(folder, path: path)) == .held,
                let names = try? Folders.names(in: path),
                names.allSatisfy({ name in use.content.contains { name.hasPrefix($0) } })
            else { continue }
            try? files.removeItem(atPath: path)
        }
    }
}

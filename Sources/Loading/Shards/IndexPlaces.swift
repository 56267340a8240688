import Base
import Foundation
import Torch

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
            let folder = Directory.resolved(Folders.parent(of: path))
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

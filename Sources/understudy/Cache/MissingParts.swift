import Base
import ResponseCache

/// The parts that a complete cache would have and this one has not.
struct MissingParts {
    /// Consecutive epochs of which equally many parts are missing.
    struct Run: Encodable, Equatable {
        let firstEpoch: Int
        var lastEpoch: Int
        /// Of each epoch.
        let parts: Int
        /// That an epoch has.
        let partsInAll: Int

        private enum CodingKeys: String, CodingKey {
            case parts
            case firstEpoch = "first_epoch"
            case lastEpoch = "last_epoch"
            case partsInAll = "parts_in_all"
        }
    }

    let runs: [Run]

    /// Looks at a cache as it is now, at the names of its parts only.
    init(_ reader: CacheReader) {
        let parts = reader.manifest.partsPerEpoch
        let there = reader.coverage()
        self.init(
            missing: (0..<reader.manifest.epochs).map { parts - (there[$0]?.count ?? 0) },
            of: parts)
    }

    /// - Parameters:
    ///   - missing: for each epoch.
    ///   - parts: that an epoch has.
    init(missing: [Int], of parts: Int) {
        runs = missing.enumerated().reduce(into: []) { runs, entry in
            let (epoch, count) = entry
            if let last = runs.indices.last, runs[last].parts == count,
                runs[last].lastEpoch == epoch - 1
            {
                runs[last].lastEpoch = epoch
            } else if count > 0 {
                runs.append(
                    Run(firstEpoch: epoch, lastEpoch: epoch, parts: count, partsInAll: parts))
            }
        }
    }

    var count: Int { runs.reduce(0) { $0 + $1.parts * ($1.lastEpoch - $1.firstEpoch + 1) } }

    /// One for each run: `epochs 3 to 9: 12 of 105 parts are missing`.
    var lines: [String] {
        runs.map { run in
            let isOne = run.firstEpoch == run.lastEpoch
            let epochs =
                isOne ? "epoch \(run.firstEpoch)" : "epochs \(run.firstEpoch) to \(run.lastEpoch)"
            let parts = run.parts == run.partsInAll ? "all" : "\(run.parts) of"
            return
                "\(epochs): \(parts) \(run.partsInAll) parts\(isOne ? "" : " of each") are missing"
        }
    }
}

import Base
import StrictYAML

/// A key that follows from others, or from the data, where a recipe does not state it.
///
/// All of them stand in `all`, in an order in which each finds what it follows from. A value that a
/// cache depends on follows only from what the cache's fingerprint holds.
struct DerivedKey: Sendable {
    /// The key's dotted path.
    let key: String
    /// The keys whose errors leave nothing to derive it from.
    let inputs: [String]
    /// What it is, for the documentation; no full stop.
    let summary: String
    /// Gives the recipe its value.
    let derive: @Sendable (inout Recipe, Sources) throws -> Void

    init(
        _ key: String, from inputs: [String], _ summary: String,
        _ derive: @escaping @Sendable (inout Recipe, Sources) throws -> Void
    ) {
        self.key = key
        self.inputs = inputs
        self.summary = summary
        self.derive = derive
    }

    /// What keys follow from besides the recipe's values.
    struct Sources {
        /// The recipe's file.
        let file: SectionReader
        /// The path of the file.
        let path: String
        fileprivate let facts: DataFacts

        /// Whether the file has a key.
        func states(_ key: String) -> Bool { file.states(key) }

        func images(_ recipe: Recipe) throws -> Int {
            try counts(recipe).images(of: recipe.data)
        }

        func classes(_ recipe: Recipe) throws -> Int {
            try counts(recipe).classes(of: recipe.data)
        }

        private func counts(_ recipe: Recipe) throws -> any DataCounts {
            guard file.isSound("data.train") else { throw Missing.train }
            switch facts {
            case .unknown: throw Missing.unknown
            case .unneeded: throw Missing.unneeded
            case .counted(let counts): return counts
            }
        }
    }

    /// Why nothing is known of the data.
    private enum Missing: Error { case train, unknown, unneeded }

    /// What they are, by their keys.
    static var summaries: [String: String] {
        Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0.summary) })
    }

    /// Gives every key that the file does not state, and that follows from something, its value.
    ///
    /// - Throws: `Interrupted` while the data are counted. What else is wrong is noted.
    static func derive(
        _ recipe: inout Recipe, from file: SectionReader, path: String, data: DataFacts
    ) throws {
        let sources = Sources(file: file, path: path, facts: data)
        var failure: (any Error)?
        var open: [String] = []
        for rule in all where !file.states(rule.key) {
            guard rule.inputs.allSatisfy(file.isSound) else {
                file.findings?.distrust(rule.key)
                continue
            }
            do {
                try rule.derive(&recipe, sources)
            } catch Missing.unneeded {
                continue
            } catch let error as Interrupted {
                throw error
            } catch {
                file.findings?.distrust(rule.key)
                guard case Missing.train = error else {
                    open.append(rule.key)
                    failure = failure ?? error
                    continue
                }
            }
        }
        guard let failure else { return }
        let reason = if case Missing.unknown = failure { "" } else { "\(failure); " }
        try file.note(
            file.error(
                "data.train",
                "\(reason)\(open.listed) \(open.count == 1 ? "follows" : "follow") from the training "
                    + "images: state \(open.count == 1 ? "it" : "them"), or name images that can be "
                    + "counted"))
    }
}

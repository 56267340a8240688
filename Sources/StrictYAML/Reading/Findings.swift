import Synchronization

/// What is found wrong with a file that is read to its end in spite of it.
///
/// A section that has them notes its errors here and goes on; one without throws the first.
package final class Findings: Sendable {
    private struct State {
        var errors: [YAMLError] = []
        /// Dotted paths of keys and sections whose values mean nothing.
        var unsound: Set<String> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// The errors by their places: those of one file from its top to its end.
    package var errors: [YAMLError] {
        let errors = state.withLock { $0.errors }
        let origins = errors.reduce(into: [String?: Int]()) { origins, error in
            let origin = error.source?.origin
            origins[origin] = origins[origin] ?? origins.count
        }
        return errors.enumerated().sorted { left, right in
            let (one, other) = (left.element.source, right.element.source)
            let left = [origins[one?.origin] ?? 0, one?.line ?? 0, one?.column ?? 0, left.offset]
            let right = [
                origins[other?.origin] ?? 0, other?.line ?? 0, other?.column ?? 0, right.offset,
            ]
            return left.lexicographicallyPrecedes(right)
        }.map(\.element)
    }

    /// Notes an error, once.
    ///
    /// - Parameter key: the dotted path of what has no meaning because of it, if anything.
    func add(_ error: YAMLError, unsound key: String? = nil) {
        state.withLock { state in
            if !state.errors.contains(error) { state.errors.append(error) }
            if let key { state.unsound.insert(key) }
        }
    }

    /// Has a key count as one whose value means nothing.
    package func distrust(_ key: String) {
        state.withLock { _ = $0.unsound.insert(key) }
    }

    /// Whether a key, or everything in a section, was read without an error.
    package func isSound(_ key: String) -> Bool {
        state.withLock { state in
            state.unsound.allSatisfy { path in
                path != key && !path.hasPrefix("\(key).") && !key.hasPrefix("\(path).")
            }
        }
    }

    /// - Throws: `YAMLError` for one error, `YAMLErrors` for several.
    package func throwAny() throws {
        let errors = errors
        guard let first = errors.first else { return }
        if errors.count == 1 { throw first }
        throw YAMLErrors(all: errors)
    }
}

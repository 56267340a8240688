import Base
import Synchronization

/// The results of `body` for every index, in order, spread over `workers` threads.
///
/// Where fewer threads can be started, those that can do all the work.
///
/// - Throws: the error of the lowest index that failed.
func concurrentMap<Result: Sendable>(
    _ count: Int, workers: Int, _ body: @escaping @Sendable (Int) throws(DatasetError) -> Result
) throws(DatasetError) -> [Result] {
    let work = SharedWork<Result>(count: count)
    WorkerThread.run(min(max(workers, 1), max(count, 1))) {
        while let index = work.take() {
            work.finish(
                index, Swift.Result { () throws(DatasetError) in try body(index) })
        }
    }
    return try work.results()
}

/// Indices that threads take one by one, and what became of them.
private final class SharedWork<Result: Sendable>: Sendable {
    private struct State {
        var results: [Swift.Result<Result, DatasetError>?]
        var next = 0
        var hasFailed = false
    }

    private let state: Mutex<State>

    init(count: Int) {
        state = Mutex(
            State(
                results: [Swift.Result<Result, DatasetError>?](
                    repeating: nil, count: count)))
    }

    /// The next index; nil when none is left, or after a failure: all before it are taken.
    func take() -> Int? {
        state.withLock { state in
            guard !state.hasFailed, state.next < state.results.count else { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    func finish(_ index: Int, _ result: Swift.Result<Result, DatasetError>) {
        state.withLock { state in
            state.results[index] = result
            if case .failure = result { state.hasFailed = true }
        }
    }

    func results() throws(DatasetError) -> [Result] {
        var all: [Result] = []
        // What was not taken stands behind the failure that ended the work.
        for result in state.withLock({ $0.results }) {
            guard let result else { break }
            all.append(try result.get())
        }
        return all
    }
}

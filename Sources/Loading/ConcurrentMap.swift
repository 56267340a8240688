import Dispatch
import Synchronization

/// The results of `body` for every index, in order, spread over `workers` threads.
///
/// - Throws: the error of the lowest index that failed.
func concurrentMap<Result: Sendable>(
    _ count: Int, workers: Int, _ body: @Sendable (Int) throws(DatasetError) -> Result
) throws(DatasetError) -> [Result] {
    let results = Mutex([Swift.Result<Result, DatasetError>?](repeating: nil, count: count))
    let workers = min(max(workers, 1), count)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for index in stride(from: worker, to: count, by: workers) {
            let result = Swift.Result { () throws(DatasetError) in try body(index) }
            results.withLock { $0[index] = result }
            if case .failure = result { return }
        }
    }
    // What a thread left out stands behind the failure that ended it.
    var all: [Result] = []
    for result in results.withLock({ $0 }) {
        if let result { all.append(try result.get()) }
    }
    return all
}

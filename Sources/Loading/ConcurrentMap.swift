import Synchronization

/// The results of `body` for every index, in order, spread over `workers` threads.
///
/// - Throws: the error of the lowest index that failed.
func concurrentMap<Result: Sendable>(
    _ count: Int, workers: Int, _ body: @Sendable (Int) throws(DatasetError) -> Result
) throws(DatasetError) -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: count))
    do {
        try forEachIndex(count, workers: workers) { index in
            let result = try body(index)
            results.withLock { $0[index] = result }
        }
    } catch {
        throw error as? DatasetError ?? DatasetError("\(error)")
    }
    return results.withLock { $0.compactMap(\.self) }
}

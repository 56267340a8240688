import Foundation

/// Produces elements `0..<count` in order on a thread of its own, a few ahead of their consumer.
///
/// At most `depth` finished elements wait at any time, which bounds the memory held. Letting go of
/// the prefetcher ends the thread after the element under way.
public final class Prefetcher<Element: Sendable> {
    private let queue: Queue
    private var remaining: Int

    /// Starts producing.
    ///
    /// - Parameters:
    ///   - count: the number of elements.
    ///   - depth: finished elements that may wait.
    ///   - produce: makes the element of an index; called in order, on one background thread. After
    ///     it throws, nothing more is produced.
    public init(
        count: Int, depth: Int = 2, produce: @escaping @Sendable (Int) throws -> Element
    ) {
        precondition(depth >= 1)
        let queue = Queue(depth: depth)
        self.queue = queue
        remaining = count
        let thread = Thread {
            for index in 0..<count {
                let result = Result { try produce(index) }
                guard queue.append(result) else { return }
                if case .failure = result { return }
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { queue.close() }

    /// The next element, or `nil` after the last.
    ///
    /// - Throws: what `produce` threw for it; after that there are no more elements.
    public func next() throws -> Element? {
        guard remaining > 0 else { return nil }
        remaining -= 1
        let result = queue.removeFirst()
        if case .failure = result { remaining = 0 }
        return try result.get()
    }

    // Sendable: all mutable state is read and written with `condition` locked.
    private final class Queue: @unchecked Sendable {
        private let depth: Int
        private let condition = NSCondition()
        private var ready: [Result<Element, any Error>] = []
        private var closed = false

        init(depth: Int) { self.depth = depth }

        /// Waits for room and appends; false if nobody wants any more.
        func append(_ result: Result<Element, any Error>) -> Bool {
            condition.lock()
            defer { condition.unlock() }
            while ready.count >= depth && !closed { condition.wait() }
            if !closed { ready.append(result) }
            condition.broadcast()
            return !closed
        }

        func removeFirst() -> Result<Element, any Error> {
            condition.lock()
            defer { condition.unlock() }
            while ready.isEmpty { condition.wait() }
            condition.broadcast()
            return ready.removeFirst()
        }

        func close() {
            condition.lock()
            closed = true
            condition.broadcast()
            condition.unlock()
        }
    }
}

/// Runs `body` for every index, spread over `workers` threads, and returns when all are done.
///
/// - Throws: the error of the lowest index that failed.
func forEachIndex(
    _ count: Int, workers: Int, _ body: @Sendable (Int) throws -> Void
) throws {
    let failures = Failures()
    let workers = min(max(workers, 1), count)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for index in stride(from: worker, to: count, by: workers) {
            do { try body(index) } catch {
                failures.add(index, error)
                return
            }
        }
    }
    if let first = failures.first { throw first }
}

// Sendable: guarded by `lock`.
private final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var lowest: (index: Int, error: any Error)?

    func add(_ index: Int, _ error: any Error) {
        lock.withLock {
            if lowest.map({ index < $0.index }) ?? true { lowest = (index, error) }
        }
    }

    var first: (any Error)? { lock.withLock { lowest?.error } }
}

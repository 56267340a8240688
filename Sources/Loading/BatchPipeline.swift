import Foundation

/// What a pipeline makes, and how.
struct BatchWork<Draft: Sendable>: Sendable {
    /// The number of batches.
    var count: Int
    /// The bytes that a batch holds.
    var bytes: Int
    /// Begins a batch: where its members go, and how many there are.
    var begin: @Sendable (_ batch: Int) throws -> (draft: Draft, members: Int)
    /// Makes one member, on any thread.
    var make: @Sendable (_ draft: Draft, _ member: Int, RenderWorker) throws -> Void
    /// What is left to do once all members are made, on the thread that made the last.
    var complete: @Sendable (_ draft: Draft) -> Void = { _ in }
}

/// Produces batches in order, their members made by several threads, as far ahead of the consumer
/// as a memory budget allows.
///
/// Threads take members one by one, across the border of a batch: none waits while there is work
/// within the budget. Which thread makes a member changes nothing but time. Letting go of the
/// pipeline ends the threads after the members under way.
public final class BatchPipeline<Draft: Sendable, Batch> {
    private let state: PipelineState<Draft>
    private let finish: (Draft) throws -> Batch

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - workers: threads.
    ///   - budget: bytes of batches that may be under way or wait for the consumer; one batch may
    ///     always be.
    ///   - finish: makes a batch of its members, on the consumer's thread.
    init(
        _ work: BatchWork<Draft>, workers: Int, budget: Int,
        finish: @escaping (Draft) throws -> Batch
    ) {
        let ahead = max(1, budget / max(work.bytes, 1))
        let state = PipelineState(work, ahead: ahead)
        self.state = state
        self.finish = finish
        for _ in 0..<max(workers, 1) {
            let thread = Thread { state.run() }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { state.close() }

    /// The next batch, or `nil` after the last.
    ///
    /// - Throws: the error of the batch's lowest member that failed; after that there are no more
    ///   batches.
    public func next() throws -> Batch? {
        try state.removeFirst().map(finish)
    }
}

/// What the threads of a pipeline share.
///
/// Sendable: all mutable state is read and written with `condition` locked.
private final class PipelineState<Draft: Sendable>: @unchecked Sendable {
    /// A batch begun and not yet consumed.
    private struct Open {
        let draft: Draft
        let members: Int
        var taken = 0
        var finished = 0
        var isComplete = false
        var failure: (member: Int, error: any Error)?

        /// Whether nothing more will happen to it; what follows a failure is not begun.
        var isDone: Bool { failure == nil ? isComplete : finished == taken }
    }

    private let work: BatchWork<Draft>
    private let ahead: Int
    private let condition = NSCondition()
    private var open: [Open] = []
    /// The index of the first open batch.
    private var first = 0
    private var begun = 0
    private var beginFailure: (any Error)?
    private var isClosed = false

    init(_ work: BatchWork<Draft>, ahead: Int) {
        self.work = work
        self.ahead = ahead
    }

    /// A thread's life: takes members until there are none.
    func run() {
        let worker = RenderWorker()
        condition.lock()
        defer { condition.unlock() }
        while let (batch, member) = take() {
            let draft = open[batch - first].draft
            condition.unlock()
            let result = Result { try work.make(draft, member, worker) }
            condition.lock()
            guard report(result, batch, member) else { continue }
            condition.unlock()
            work.complete(draft)
            condition.lock()
            if open.indices.contains(batch - first) { open[batch - first].isComplete = true }
            condition.broadcast()
        }
    }

    /// Waits for a member to make; nil when there will be none.
    private func take() -> (batch: Int, member: Int)? {
        while !isClosed {
            for index in open.indices {
                // What follows a failure is never handed out.
                if open[index].failure != nil { return nil }
                if open[index].taken < open[index].members {
                    open[index].taken += 1
                    return (first + index, open[index].taken - 1)
                }
            }
            if begun == work.count || beginFailure != nil { return nil }
            if open.count < ahead {
                do {
                    let (draft, members) = try work.begin(begun)
                    open.append(Open(draft: draft, members: members))
                    begun += 1
                } catch {
                    beginFailure = error
                    condition.broadcast()
                }
            } else {
                condition.wait()
            }
        }
        return nil
    }

    /// Notes what became of a member.
    ///
    /// - Returns: whether it was the last of a batch of which none failed.
    private func report(
        _ result: Result<Void, any Error>, _ batch: Int, _ member: Int
    ) -> Bool {
        let index = batch - first
        // A consumer that met a failure, or left, may have dropped the batch.
        guard open.indices.contains(index) else { return false }
        open[index].finished += 1
        if case .failure(let error) = result,
            open[index].failure.map({ member < $0.member }) ?? true
        {
            open[index].failure = (member, error)
        }
        if open[index].isDone { condition.broadcast() }
        return open[index].failure == nil && open[index].finished == open[index].members
    }

    /// Waits for the first batch and takes it out; nil after the last, or after a failure.
    func removeFirst() throws -> Draft? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if isClosed { return nil }
            if let batch = open.first {
                if batch.isDone {
                    open.removeFirst()
                    first += 1
                    condition.broadcast()
                    guard let failure = batch.failure else { return batch.draft }
                    isClosed = true
                    throw failure.error
                }
            } else if let beginFailure {
                isClosed = true
                throw beginFailure
            } else if begun == work.count {
                return nil
            }
            condition.wait()
        }
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }
}

import Base
import Foundation
import Imaging

/// What a pipeline makes, and how.
struct BatchWork<Draft: Sendable>: Sendable {
    /// The number of batches.
    var count: Int
    /// Whether there is room for one more batch beside `open` ones of the same pipeline that are
    /// under way or wait; not asked where there are none, for one may always be.
    var hasRoom: @Sendable (_ open: Int) -> Bool
    /// Begins a batch: where its members go, and how many there are.
    var begin: @Sendable (_ batch: Int) throws -> (draft: Draft, members: Int)
    /// Makes one member, on any thread.
    var make: @Sendable (_ draft: Draft, _ member: Int, RenderWorker) throws -> Void
    /// What is left to do once all members are made, on the thread that made the last.
    var complete: @Sendable (_ draft: Draft) -> Void = { _ in }
}

/// What a pipeline runs on; a test puts its own in the place of the process's.
struct PipelineHost: Sendable {
    /// Starts a thread.
    var start: @Sendable (@escaping @Sendable () -> Void) throws(SystemFailure) -> Void = {
        body throws(SystemFailure) in try WorkerThread.start(body)
    }
    /// Whether a signal asked to stop.
    var isStopped: @Sendable () -> Bool = { Interruption.requested }
    /// How long the consumer then waits on while nothing gets done, in seconds: what is half done is
    /// worth its end, a file system that does not answer is not.
    var patience = 10.0
}

/// Produces batches in order, their members made by several threads, as far ahead of the consumer
/// as there is room.
///
/// Threads take members one by one, across the border of a batch: none waits while there is work
/// and room. Which thread makes a member changes nothing but time, and so does how many threads the
/// system gives. Letting go of the pipeline ends the threads after the members under way.
package final class BatchPipeline<Draft: Sendable, Batch> {
    private let state: PipelineState<Draft>
    private let finish: (Draft) throws -> Batch

    /// Starts the threads; those that cannot be started are done without, and if there is none at
    /// all the first batch is an error.
    ///
    /// - Parameters:
    ///   - workers: threads.
    ///   - finish: makes a batch of its members, on the consumer's thread.
    init(
        _ work: BatchWork<Draft>, workers: Int, on host: PipelineHost = PipelineHost(),
        finish: @escaping (Draft) throws -> Batch
    ) {
        let state = PipelineState(work, on: host)
        self.state = state
        self.finish = finish
        for number in 0..<min(max(workers, 1), LoadingOptions.workerLimit) {
            do throws(SystemFailure) {
                try host.start { state.run() }
            } catch {
                if number == 0 { state.fail(error) }
                break
            }
        }
    }

    deinit { state.close() }

    /// The next batch, or `nil` after the last.
    ///
    /// - Throws: the error of the batch's lowest member that failed; after that there are no more
    ///   batches. `SystemFailure` where no thread could be started. `Interrupted` where a batch does
    ///   not come after a signal.
    package func next() throws -> Batch? {
        try state.removeFirst().map(finish)
    }

    /// Has the threads look again whether there is room, for somebody gave some back.
    package func wake() { state.wake() }
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
    private let host: PipelineHost
    private let condition = NSCondition()
    private var open: [Open] = []
    /// The index of the first open batch.
    private var first = 0
    private var begun = 0
    /// Members made in all.
    private var made = 0
    private var beginFailure: (any Error)?
    private var isClosed = false

    init(_ work: BatchWork<Draft>, on host: PipelineHost) {
        self.work = work
        self.host = host
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
            if open.isEmpty || work.hasRoom(open.count) {
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
        made += 1
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
        // When patience began, and what was done by then.
        var waiting: (since: Date, made: Int)?
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
            // A signal wakes nobody up: look for one now and then.
            _ = condition.wait(until: Date(timeIntervalSinceNow: min(host.patience, 0.2)))
            guard host.isStopped() else { continue }
            guard let began = waiting, began.made == made else {
                waiting = (Date(), made)
                continue
            }
            if Date().timeIntervalSince(began.since) >= host.patience {
                isClosed = true
                condition.broadcast()
                throw Interrupted(
                    description: "stopped while waiting for images that do not come; what was "
                        + "saved before is kept")
            }
        }
    }

    /// Ends the pipeline before its first batch.
    func fail(_ error: any Error) {
        condition.lock()
        beginFailure = error
        condition.unlock()
    }

    func wake() {
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }
}

/// What a thread that renders images keeps from one to the next.
package final class RenderWorker {
    let renderer = Renderer()
    let file = FileBuffer()

    /// Makes a worker, whose memory grows as images need it.
    package init() {}
}

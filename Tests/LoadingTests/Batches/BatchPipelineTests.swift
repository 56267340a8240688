import Base
import Foundation
import Synchronization
import Testing

@testable import Loading

@Suite("Batch pipeline") struct BatchPipelineTests {
    private struct At: Error, Equatable {
        let batch: Int
        let member: Int
    }

    /// A batch that adds up what its members are.
    private final class Sum: Sendable {
        let batch: Int
        let value = Mutex(0)
        init(batch: Int) { self.batch = batch }
    }

    private func pipeline(
        batches: Int, members: Int = 5, workers: Int = 3, ahead: Int = 2,
        on host: PipelineHost = PipelineHost(),
        make: @escaping @Sendable (_ batch: Int, _ member: Int) throws -> Void = { _, _ in },
        complete: @escaping @Sendable (Sum) -> Void = { _ in }
    ) -> BatchPipeline<Sum, (batch: Int, sum: Int)> {
        let work = BatchWork<Sum>(
            count: batches, hasRoom: { $0 < ahead }, begin: { (Sum(batch: $0), members) },
            make: { sum, member, _ in
                try make(sum.batch, member)
                sum.value.withLock { $0 += member + 1 }
            }, complete: complete)
        return BatchPipeline(work, workers: workers, on: host) { sum in
            (sum.batch, sum.value.withLock { $0 })
        }
    }

    @Test("batches come whole and in order, then nil", arguments: [1, 2, 8])
    func order(workers: Int) throws {
        let pipeline = pipeline(batches: 50, workers: workers) { batch, member in
            if (batch + member) % 7 == 0 { Thread.sleep(forTimeInterval: 0.0005) }
        }
        for batch in 0..<50 {
            let next = try #require(try pipeline.next())
            #expect(next == (batch, 15))
        }
        #expect(try pipeline.next() == nil)
        #expect(try pipeline.next() == nil)
    }

    @Test("a batch comes after what is done with all of its members", arguments: [1, 3])
    func complete(workers: Int) throws {
        let completed = Mutex(0)
        let pipeline = pipeline(
            batches: 20, workers: workers,
            complete: { sum in
                Thread.sleep(forTimeInterval: 0.001)
                completed.withLock { $0 += 1 }
                // Ten times the sum of all members, which are there.
                sum.value.withLock { $0 *= 10 }
            })
        for batch in 0..<20 { #expect(try #require(try pipeline.next()) == (batch, 150)) }
        #expect(completed.withLock { $0 } == 20)
    }

    @Test("the error of the lowest member comes in its batch's place and ends it")
    func failure() throws {
        for _ in 0..<20 {
            let pipeline = pipeline(batches: 10) { batch, member in
                if batch == 2, member >= 1 {
                    // The lower one is late.
                    if member == 1 { Thread.sleep(forTimeInterval: 0.002) }
                    throw At(batch: batch, member: member)
                }
            }
            #expect(try pipeline.next()?.batch == 0)
            #expect(try pipeline.next()?.batch == 1)
            #expect(throws: At(batch: 2, member: 1)) { try pipeline.next() }
            #expect(try pipeline.next() == nil)
        }
    }

    @Test("a batch that cannot begin is an error after those before it") func beginning() throws {
        let work = BatchWork<Sum>(
            count: 5, hasRoom: { $0 < 10 },
            begin: { batch in
                if batch == 1 { throw At(batch: 1, member: -1) }
                return (Sum(batch: batch), 2)
            },
            make: { _, _, _ in })
        let pipeline = BatchPipeline(work, workers: 2) { $0.batch }
        #expect(try pipeline.next() == 0)
        #expect(throws: At(batch: 1, member: -1)) { try pipeline.next() }
        #expect(try pipeline.next() == nil)
    }

    /// A host that gives so many threads.
    private func host(threads: Int) -> PipelineHost {
        let left = Mutex(threads)
        var host = PipelineHost()
        host.start = { body throws(SystemFailure) in
            let isLeft = left.withLock { left -> Bool in
                left -= 1
                return left >= 0
            }
            guard isLeft else { throw SystemFailure("cannot start a thread", EAGAIN) }
            try WorkerThread.start(body)
        }
        return host
    }

    @Test("it goes on with the threads that the system gives", arguments: [1, 2])
    func fewThreads(given: Int) throws {
        let pipeline = pipeline(batches: 20, workers: 8, on: host(threads: given))
        for batch in 0..<20 { #expect(try #require(try pipeline.next()) == (batch, 15)) }
        #expect(try pipeline.next() == nil)
    }

    @Test("where the system gives none it is an error, no wait") func noThread() throws {
        let pipeline = pipeline(batches: 20, workers: 8, on: host(threads: 0))
        let error = #expect(throws: SystemFailure.self) { try pipeline.next() }
        #expect(
            error?.description == "cannot start a thread: Resource temporarily unavailable")
        #expect(try pipeline.next() == nil)
    }

    @Test("any number of threads may be asked for") func manyThreads() throws {
        let started = Counter()
        var host = PipelineHost()
        host.start = { body throws(SystemFailure) in
            started.add()
            if started.value == 1 { try WorkerThread.start(body) }
        }
        let pipeline = pipeline(batches: 2, workers: .max, on: host)
        while try pipeline.next() != nil {}
        #expect(started.value == LoadingOptions.workerLimit)
    }

    @Test("after a signal it waits for what gets done, and no longer for what does not")
    func signal() throws {
        let isStopped = Mutex(false)
        var host = PipelineHost()
        host.isStopped = { isStopped.withLock { $0 } }
        host.patience = 0.05
        let isBlocked = Mutex(true)
        let pipeline = pipeline(batches: 2, members: 4, workers: 1, ahead: 1, on: host) {
            batch, _ in
            // Slow, but it gets on: longer in all than anybody's patience.
            if batch == 0 { Thread.sleep(forTimeInterval: 0.03) }
            while batch == 1, isBlocked.withLock({ $0 }) { Thread.sleep(forTimeInterval: 0.001) }
        }
        isStopped.withLock { $0 = true }
        #expect(try pipeline.next()?.batch == 0)
        #expect(
            throws: Interrupted(
                description: "stopped while waiting for images that do not come; what was saved "
                    + "before is kept")
        ) { try pipeline.next() }
        #expect(try pipeline.next() == nil)
        isBlocked.withLock { $0 = false }
    }

    @Test("no more than the budget is begun ahead, one batch always is", arguments: [0, 1, 3])
    func bounded(ahead: Int) throws {
        let made = Counter()
        let pipeline = pipeline(batches: 100, members: 1, ahead: ahead) { _, _ in made.add() }
        #expect(try pipeline.next()?.batch == 0)
        // However long it takes to get so far, it goes no further.
        while made.value < 1 + max(ahead, 1) { Thread.sleep(forTimeInterval: 0.001) }
        Thread.sleep(forTimeInterval: 0.05)
        #expect(made.value == 1 + max(ahead, 1))
        var rest = 0
        while try pipeline.next() != nil { rest += 1 }
        #expect(rest == 99)
    }

    @Test("letting go ends the threads") func lettingGo() throws {
        let made = Counter()
        // With room for all, they would go on for seconds.
        var pipeline: BatchPipeline? = pipeline(batches: 10_000, ahead: 10_000) { _, _ in
            Thread.sleep(forTimeInterval: 0.0005)
            made.add()
        }
        #expect(try pipeline?.next()?.batch == 0)
        pipeline = nil
        // The members under way, at most one to a thread, are still made.
        let after = made.value
        Thread.sleep(forTimeInterval: 0.1)
        #expect(made.value <= after + 3)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func add() { count.withLock { $0 += 1 } }

    var value: Int { count.withLock { $0 } }
}

import Foundation
import Synchronization
import Testing

@testable import Base

@Suite("Worker threads") struct WorkerThreadTests {
    @Test(
        "every piece of work is done once, whatever the number of threads",
        arguments: [0, 1, 3, 16])
    func allDone(workers: Int) {
        let next = Atomic<Int>(0)
        let done = Mutex([Int](repeating: 0, count: 100))
        WorkerThread.run(workers) {
            while true {
                let piece = next.add(1, ordering: .relaxed).oldValue
                guard piece < 100 else { return }
                done.withLock { $0[piece] += 1 }
            }
        }
        #expect(done.withLock { $0 } == [Int](repeating: 1, count: 100))
    }

    @Test("a thread that is started runs, and is not the caller") func starts() throws {
        let ran = DispatchSemaphore(value: 0)
        let caller = pthread_self()
        let other = Mutex<pthread_t>(caller)
        try WorkerThread.start {
            other.withLock { $0 = pthread_self() }
            ran.signal()
        }
        ran.wait()
        #expect(other.withLock { $0 } != caller)
    }
}

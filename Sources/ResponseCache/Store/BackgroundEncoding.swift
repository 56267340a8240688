import Base
import Foundation

/// Encodes groups one after the other, on a thread that lives while there are any.
///
/// Where the system has no thread to give, whoever hands a group over encodes it.
///
/// Unchecked, since every property that changes is touched while `condition` is locked, but for the
/// encoder, which the one thread has to itself while `isAtWork`.
final class BackgroundEncoding: @unchecked Sendable {
    private let condition = NSCondition()
    private let name: @Sendable (Int) -> String
    private var waiting: [[Float]] = []
    private var isAtWork = false
    private var encoder: PartEncoder
    private var pixelChecksums: [UInt32] = []
    private var failure: CacheError?

    /// - Parameter name: what to call a row in an error, by its index in the part.
    init(_ encoder: PartEncoder, name: @escaping @Sendable (Int) -> String) {
        self.encoder = encoder
        self.name = name
    }

    func append(_ probabilities: [Float], pixelChecksum: UInt32) {
        condition.lock()
        waiting.append(probabilities)
        pixelChecksums.append(pixelChecksum)
        let isFirst = !isAtWork
        isAtWork = true
        condition.unlock()
        guard isFirst else { return }
        do {
            try WorkerThread.start { self.work() }
        } catch {
            work()
        }
    }

    /// Waits for what was handed over.
    ///
    /// - Throws: the first error.
    func finish() throws(CacheError) -> (encoder: PartEncoder, pixelChecksums: [UInt32]) {
        condition.lock()
        defer { condition.unlock() }
        while isAtWork { condition.wait() }
        if let failure { throw failure }
        return (encoder, pixelChecksums)
    }

    private func work() {
        while let group = next() {
            do throws(CacheError) {
                try group.withUnsafeBufferPointer { rows throws(CacheError) in
                    try encoder.append(rows, name: name)
                }
            } catch {
                condition.lock()
                failure = error
                condition.unlock()
            }
        }
    }

    /// The next group; nil, and the work is over, where there is none, or after an error.
    private func next() -> [Float]? {
        condition.lock()
        defer { condition.unlock() }
        if failure == nil, !waiting.isEmpty { return waiting.removeFirst() }
        waiting = []
        isAtWork = false
        condition.broadcast()
        return nil
    }
}

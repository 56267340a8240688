import Synchronization
import Torch

/// The memory of rendered batches: of those under way, those that wait, and those in use.
///
/// Everything that renders with the same `LoadingOptions` shares one pool and its budget. Buffers of
/// batches that are done are kept for the next ones, since fresh memory costs a page fault for every
/// 4 kB, and page-locking far more; but only as far as the budget goes, and not where the room is
/// wanted for buffers of another size.
package final class BufferPool: Sendable {
    private struct State {
        var used = 0
        var kept = 0
        /// Oldest first.
        var free: [HostBuffer] = []
        var peak = 0
    }

    /// Bytes that pipelines may fill; each may have one batch beyond it.
    package let budget: Int
    private let pinned: Bool
    private let state = Mutex(State())

    init(budget: Int, pinned: Bool) {
        self.budget = budget
        self.pinned = pinned
    }

    /// Bytes of batches that somebody has.
    package var used: Int { state.withLock { $0.used } }

    /// The most bytes that batches and kept buffers ever took together.
    package var peak: Int { state.withLock { $0.peak } }

    /// Whether a batch of so many bytes fits into the budget.
    func hasRoom(_ bytes: Int) -> Bool { state.withLock { $0.used + bytes <= budget } }

    func take(_ count: Int) throws(TorchError) -> HostBuffer {
        let kept = state.withLock { state -> HostBuffer? in
            state.used += count
            var found: HostBuffer?
            if let index = state.free.lastIndex(where: { $0.bytes.count == count }) {
                found = state.free.remove(at: index)
                state.kept -= count
            }
            // What has another size makes room.
            while state.used + state.kept > budget, !state.free.isEmpty {
                state.kept -= state.free.removeFirst().bytes.count
            }
            state.peak = max(state.peak, state.used + state.kept)
            return found
        }
        if let kept { return kept }
        do throws(TorchError) {
            return try HostBuffer(count: count, pinned: pinned)
        } catch {
            state.withLock { $0.used -= count }
            throw error
        }
    }

    func give(_ buffer: HostBuffer) {
        state.withLock { state in
            let count = buffer.bytes.count
            state.used -= count
            guard state.used + state.kept + count <= budget else { return }
            state.free.append(buffer)
            state.kept += count
        }
    }
}

/// How rendered images are made ready for their consumer.
package struct LoadingOptions: Sendable {
    /// The most threads of a pipeline.
    package static let workerLimit = 1024

    /// Threads that render.
    package let workers: Int
    /// Bytes of rendered batches that may be under way, wait for their consumer or be in use, of
    /// everything that is loaded with these options.
    package var budget: Int { pool.budget }
    let pool: BufferPool
    /// Data that were listed for a recipe, and need not be again.
    package var listed: ListedData?

    /// One gibibyte: some 35 groups of the ImageNet recipe.
    package static let standardBudget = 1 << 30

    /// Makes options.
    package init(
        workers: Int, budget: Int = LoadingOptions.standardBudget, pinned: Bool = false
    ) {
        precondition(workers >= 1 && budget >= 1, "at least one worker and one byte")
        self.workers = min(workers, Self.workerLimit)
        pool = BufferPool(budget: budget, pinned: pinned)
    }
}

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

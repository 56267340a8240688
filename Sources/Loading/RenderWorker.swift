import Imaging

/// What a thread that renders images keeps from one to the next.
public final class RenderWorker {
    let renderer = Renderer()
    let file = FileBuffer()

    /// Makes a worker, whose memory grows as images need it.
    public init() {}
}

/// How rendered images are made ready for their consumer.
public struct LoadingOptions: Sendable {
    /// Threads that render.
    public var workers: Int
    /// Bytes of rendered batches that may wait for their consumer or be under way.
    public var budget: Int
    /// Whether batches lie in page-locked memory, for copies to a GPU.
    public var pinned: Bool

    /// One gibibyte: some 35 groups of the ImageNet recipe.
    public static let standardBudget = 1 << 30

    /// Makes options.
    public init(
        workers: Int, budget: Int = LoadingOptions.standardBudget, pinned: Bool = false
    ) {
        precondition(workers >= 1 && budget >= 1, "at least one worker and one byte")
        self.workers = workers
        self.budget = budget
        self.pinned = pinned
    }
}

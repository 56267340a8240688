import Torch

/// How a forward pass treats batch statistics and random depth.
package enum ForwardMode {
    /// BatchNorm uses its running statistics; nothing is dropped.
    case evaluation
    /// BatchNorm uses the batch's statistics.
    ///
    /// - `updatesStatistics`: whether the running statistics move with this batch. In a step of
    ///   several groups only the first one's do, as DDP keeps rank 0's buffers.
    /// - `dropPath`: the source of stochastic depth's draws; `nil` drops nothing.
    /// - `frozenStages`: how many of the first stages are not trained, and so are in evaluation mode.
    case training(
        updatesStatistics: Bool, dropPath: RandomGenerator?, frozenStages: Int = 0)

    /// How a stage treats them, the first one being 0.
    func ofStage(_ stage: Int) -> ForwardMode {
        if case .training(_, _, let frozen) = self, stage < frozen { .evaluation } else { self }
    }
}

import Base
import Loading
import Models
import Torch

/// What a training is asked for besides its recipe.
package struct TrainingOptions: Sendable {
    /// The run's folder.
    package var out: String
    /// The response caches, one for each teacher, in any order; needed where the recipe learns from
    /// teachers.
    package var caches: [String] = []
    /// What is done about responses that are not in the cache.
    package var missing = MissingResponses.refuse
    /// Weights to start from: a file, the index of several, or a Hugging Face directory.
    package var initial: String?
    /// Whose layout these weights have; `nil` where they are to tell it.
    package var initialLayout: WeightOrigin?
    /// The key of these weights in a file that has several sets of tensors; `nil` for the network's.
    package var initialEntry: String?
    /// Stop after this many optimizer steps in all.
    package var maxSteps: Int?
    /// A file that gets one JSON line for each step.
    package var trace: String?
    /// Whether events for TensorBoard are written in the run's folder. A training that goes on need not
    /// do as it did before.
    package var writesTensorBoard = true
    /// Go on with the training that `out` holds.
    package var resume = false
    /// Where to train.
    package var device = Device.cpu
    /// How views are rendered ahead.
    package var loading = LoadingOptions(workers: Cores.usable.count)

    /// Makes options for a run's folder.
    package init(out: String) { self.out = out }
}

/// What a training does about responses that are not in the cache.
package enum MissingResponses: Sendable {
    /// It does not begin.
    case refuse
    /// It computes and publishes them as it comes to them; this needs the teacher.
    case compute
    /// It waits for another process to publish them.
    case wait
}

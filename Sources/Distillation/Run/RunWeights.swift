/// Weights that a run can hand over, in the order in which equally good ones are preferred.
package enum RunWeights: String, Codable, CaseIterable, Sendable {
    /// The mean of the best snapshots: the published recipe's result.
    case average
    /// The best snapshot of the network that is validated after each epoch: the moving average, where
    /// the recipe has one.
    case best
    /// The best snapshot of the trained network itself, where it is measured beside its average.
    case raw

    /// The file's name in the run's folder.
    package var fileName: String { "\(rawValue).safetensors" }
}

/// One step, as `--trace` records it.
typealias StepRecord = Measured<StepFacts>

/// What is recorded of a step besides its losses, which are means over the step's images.
struct StepFacts: FlatFacts {
    /// The training epoch, from 0.
    let epoch: Int
    /// The step within the epoch, from 0.
    let step: Int
    /// The learning rate.
    let lr: Double
    /// The decay of the moving average; 0 without one.
    let emaDecay: Double
    /// The norm of all gradients together, before they were clipped.
    let gradNorm: Double

    enum CodingKeys: String, CodingKey, CaseIterable {
        case epoch, step, lr
        case emaDecay = "ema_decay"
        case gradNorm = "grad_norm"
    }
}

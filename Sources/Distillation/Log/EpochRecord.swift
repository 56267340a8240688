/// One epoch, as `metrics.jsonl` records it.
typealias EpochRecord = Measured<EpochFacts>

/// What is recorded of an epoch besides its losses, which are means over the epoch's images.
struct EpochFacts: FlatFacts {
    /// The training epoch, from 0.
    let epoch: Int
    /// The epoch of views that it saw.
    let viewEpoch: Int
    /// The learning rate of the last step.
    let lr: Double
    /// Top-1 accuracy on the validation images, in percent.
    let top1: Double
    /// Top-5 accuracy of the same, in percent.
    let top5: Double
    /// Whether the snapshot is among the best.
    let kept: Bool
    /// Training images for each second spent in the epoch's steps.
    let imagesPerSecond: Double
    /// Wall time since the training began, in seconds, over all starts.
    let seconds: Double
    /// Images so far that stood in for ones that could not be decoded.
    let substituted: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
        case epoch, lr, top1, top5, kept, seconds, substituted
        case viewEpoch = "view_epoch"
        case imagesPerSecond = "images_per_second"
    }
}

import Base

/// Which of a training's weights are its result.
///
/// The mean of the best snapshots, as in the published recipe, wherever no single snapshot is better;
/// else the best one. All were measured on the same validation images, from which the choice among
/// them therefore gains a little.
struct ResultChoice: Equatable, Sendable {
    /// Weights that can be handed over.
    struct Candidate: Equatable, Sendable {
        let weights: RunWeights
        /// Top-1 accuracy on the validation images, in percent.
        let top1: Double
        /// Top-5 accuracy of the same; `nil` where an earlier version took the snapshot.
        let top5: Double?
    }

    private let average: Candidate
    /// Single snapshots whose files are whole.
    private let snapshots: [Candidate]
    /// Validation images, the same for all.
    private let images: Int

    init(average: Candidate, snapshots: [Candidate], images: Int) {
        self.average = average
        self.snapshots = snapshots
        self.images = images
    }

    /// The most accurate weights; of equals the average, or the moving average's snapshot.
    var result: Candidate {
        snapshots.reduce(average) { $1.top1 > $0.top1 ? $1 : $0 }
    }

    /// Why these, for people: by how many images they lead the average.
    var reason: String {
        guard result != average else { return "no snapshot is better" }
        let lead = result.top1 - average.top1
        let more = Int((lead / 100 * Double(images)).rounded())
        return "by \(more.grouped) of \(images.grouped) images"
    }

    /// The top-1 accuracy of a kind of weights; `nil` where there are none.
    func top1(of weights: RunWeights) -> Double? {
        ([average] + snapshots).first { $0.weights == weights }?.top1
    }
}

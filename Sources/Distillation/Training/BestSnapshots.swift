import Base

/// The best snapshots of a network in training, by validation accuracy.
///
/// Source: SuperGradients `ModelWeightAveraging`; recipe-spec section 4. A new snapshot takes the
/// place of the worst one kept, and only if it is strictly better.
package struct BestSnapshots: Codable, Equatable, Sendable {
    /// One snapshot of the network.
    package struct Snapshot: Codable, Equatable, Sendable {
        /// The epoch after which it was taken.
        package let epoch: Int
        /// Its top-1 accuracy on the validation images, in percent.
        package let top1: Double
        /// Its top-5 accuracy; `nil` in runs of earlier versions.
        var top5: Double?
        /// The file's name within the checkpoints' folder.
        package let file: String
        /// The seal of the file; `nil` until it is written, and in runs of earlier versions.
        var seal: String?
    }

    /// The snapshots kept, in slots; `nil` where none was taken yet.
    package private(set) var slots: [Snapshot?]

    /// Makes `keep` empty slots.
    package init(keep: Int) {
        precondition(keep >= 1)
        slots = Array(repeating: nil, count: keep)
    }

    /// The snapshots kept, in the order of their slots.
    package var kept: [Snapshot] { slots.compactMap { $0 } }

    /// The most accurate snapshot; the earliest of equals.
    package var best: Snapshot? {
        kept.min { ($0.top1, -$0.epoch) > ($1.top1, -$1.epoch) }
    }

    /// Records the seal of an epoch's snapshot, if it is kept.
    mutating func seal(_ seal: UInt32, epoch: Int) {
        for index in slots.indices where slots[index]?.epoch == epoch {
            slots[index]?.seal = seal.hexadecimal
        }
    }

    /// Offers a snapshot.
    ///
    /// - Returns: whether it was taken; its file has to be written then.
    package mutating func offer(_ snapshot: Snapshot) -> Bool {
        guard snapshot.top1.isFinite else { return false }
        let metrics = slots.map { $0?.top1 ?? -Double.infinity }
        guard let worst = metrics.indices.min(by: { metrics[$0] < metrics[$1] }),
            snapshot.top1 > metrics[worst]
        else { return false }
        slots[worst] = snapshot
        return true
    }
}

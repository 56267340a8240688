import Imaging

/// A group's mixing at a size, for dumps.
package struct MixRecord: Sendable, Equatable, Codable {
    /// The view epoch.
    package var epoch: Int
    /// The group's index in the epoch.
    package var group: Int
    /// `none`, `mixup` or `cutmix`.
    package var mode: String
    /// The member's own share of the target; 1 without mixing.
    package var lambda: Double
    /// CutMix's box, pixels; absent otherwise.
    package var box: PixelRect?
}

extension ViewPlan {
    /// A group's mixing at a size.
    package func mixRecord(epoch: Int, group: Int, size: Int) -> MixRecord {
        let mix = mix(epoch: epoch, group: group).resolved(size: size)
        return switch mix {
        case .none: MixRecord(epoch: epoch, group: group, mode: "none", lambda: 1, box: nil)
        case .mixup(let lambda):
            MixRecord(epoch: epoch, group: group, mode: "mixup", lambda: lambda, box: nil)
        case .cutmix(let box, let lambda):
            MixRecord(epoch: epoch, group: group, mode: "cutmix", lambda: lambda, box: box)
        }
    }
}

import Imaging

/// A group's mixing, drawn in relative terms.
///
/// Member `i` of a group of `G` is mixed with member `G - 1 - i`.
package enum MixDraw: Sendable, Equatable {
    /// The group stays as it is.
    case none
    /// Every pixel is λ of the member's and 1 - λ of its partner's.
    case mixup(lambda: Double)
    /// A box is pasted from the partner; the centre is a share of the side, in [0, 1).
    case cutmix(lambda: Double, centerX: Double, centerY: Double)

    /// Draws a group's mixing, in this order: whether it is mixed, whether by CutMix (drawn even
    /// where only one of the two is on), then CutMix's centre y and x (drawn for mixup too), then λ.
    ///
    /// Source: timm 1.0.31, `timm/data/mixup.py`, mode `batch`.
    static func draw(_ rule: MixSettings, from draws: inout DrawStream) -> MixDraw {
        let isMixed = draws.uniform() < rule.probability
        let coin = draws.uniform()
        let centerY = draws.uniform()
        let centerX = draws.uniform()
        guard isMixed else { return .none }
        let isCutMix = rule.cutmix > 0 && (rule.mixup == 0 || coin < rule.switch)
        guard isCutMix else { return .mixup(lambda: draws.beta(rule.mixup, rule.mixup)) }
        let lambda = draws.beta(rule.cutmix, rule.cutmix)
        return .cutmix(lambda: lambda, centerX: centerX, centerY: centerY)
    }

    /// The mixing of a rendering of `size` × `size` pixels.
    ///
    /// CutMix's box has a side of `Int(size · √(1 - λ))`, rounded down to even, and is clipped to
    /// the image; λ is then what share of the image is left. λ = 1 is no mixing.
    ///
    /// Source: timm 1.0.31, `rand_bbox` with the λ correction on.
    package func resolved(size: Int) -> Mix {
        precondition(size > 0, "an image has at least one pixel")
        switch self {
        case .none: return .none
        case .mixup(let lambda): return lambda == 1 ? .none : .mixup(lambda: lambda)
        case .cutmix(let lambda, let centerX, let centerY):
            let half = Int(Double(size) * (1 - lambda).squareRoot()) / 2
            func span(_ center: Double) -> Range<Int> {
                let middle = Int(center * Double(size))
                return max(0, middle - half)..<min(size, middle + half)
            }
            let (columns, rows) = (span(centerX), span(centerY))
            let area = columns.count * rows.count
            guard area > 0 else { return .none }
            return .cutmix(
                box: PixelRect(
                    x: columns.lowerBound, y: rows.lowerBound, width: columns.count,
                    height: rows.count),
                lambda: 1 - Double(area) / Double(size * size))
        }
    }
}

/// A group's mixing at a size.
package enum Mix: Sendable, Equatable {
    /// The group stays as it is.
    case none
    /// Every pixel, and the target, is λ of the member's and 1 - λ of its partner's.
    case mixup(lambda: Double)
    /// The box shows the partner; λ is the share of the image outside it, and the target's share.
    case cutmix(box: PixelRect, lambda: Double)

    /// The member's own share of the target; 1 where nothing is mixed.
    package var lambda: Double {
        switch self {
        case .none: 1
        case .mixup(let lambda), .cutmix(_, let lambda): lambda
        }
    }
}

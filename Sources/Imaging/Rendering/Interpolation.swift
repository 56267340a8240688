/// How a resize weighs source pixels.
package enum Interpolation: String, Sendable, Codable, CaseIterable {
    /// The triangle filter, one output pixel to each side.
    case bilinear
    /// The cubic convolution filter with a = -0.5, two output pixels to each side.
    case bicubic

    /// Half the filter's width, in output pixels when shrinking, in source pixels otherwise.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * -0.5 }
            return 0
        }
    }
}

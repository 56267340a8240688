import Imaging

/// A view's random erasing, drawn in relative terms.
///
/// Source: timm 1.0.31, `timm/data/random_erasing.py`; how it differs, see `ErasingSettings`.
package struct ErasingDraw: Sendable, Equatable {
    /// How many boxes are tried; one that fits at none of its ten tries is left out.
    package let count: Int

    private let rule: ErasingSettings
    private let mean: [Double]
    private let std: [Double]
    /// The stream after the draws of `init`.
    private let draws: DrawStream
    private let noise: DrawStream

    /// Draws, in this order, whether the view is erased and how many boxes there are; `nil` where
    /// the recipe has no erasing, or the view is spared.
    init?(_ view: ViewSettings, from stream: DrawStream, noise: DrawStream) {
        guard let rule = view.erasing else { return nil }
        var draws = stream
        let applies = draws.uniform() < rule.probability
        count = rule.count.lowerBound + draws.int(below: rule.count.count)
        guard applies else { return nil }
        self.rule = rule
        mean = view.mean
        std = view.std
        self.draws = draws
        self.noise = noise
    }

    /// The boxes and their paint in a rendering of `size` × `size` pixels.
    ///
    /// A box has ten tries. Each takes four draws: the area, as a share of the image divided by the
    /// number of boxes; the height over the width; the top and the left, as shares of the places
    /// where the box fits. Sides are rounded half to even, and the first try counts whose sides
    /// are both less than the image's. All ten are drawn for every box, so that a try which fits
    /// at one size only moves no other box.
    ///
    /// Noise is drawn box by box, row by row, red, green, blue: three normal numbers a box for the
    /// fill `channel`, three a pixel for `pixel`.
    package func resolved(size: Int) -> [Erasure] {
        var noise = noise
        return boxes(size: size).map { Erasure(box: $0, paint: paint($0, &noise)) }
    }

    /// The boxes alone.
    func boxes(size: Int) -> [PixelRect] {
        precondition(size > 0, "an image has at least one pixel")
        var draws = draws
        return (0..<count).compactMap { _ in box(size: size, &draws) }
    }

    private func box(size: Int, _ draws: inout DrawStream) -> PixelRect? {
        let shapes = (ExactMath.log(rule.aspect.lowerBound), ExactMath.log(rule.aspect.upperBound))
        let whole = Double(size * size)
        var found: (top: Double, left: Double, width: Int, height: Int)?
        for _ in 0..<10 {
            let share = draws.uniform(rule.area.lowerBound, rule.area.upperBound)
            let area = share * whole / Double(count)
            let shape = ExactMath.exp(draws.uniform(shapes.0, shapes.1))
            let (top, left) = (draws.uniform(), draws.uniform())
            let height = View.rounded((area * shape).squareRoot())
            let width = View.rounded((area / shape).squareRoot())
            guard found == nil, width < size, height < size else { continue }
            found = (top, left, width, height)
        }
        // A side that rounds to 0 ends the tries and erases nothing, as in timm.
        guard let found, found.width > 0, found.height > 0 else { return nil }
        return PixelRect(
            x: Int(found.left * Double(size - found.width + 1)),
            y: Int(found.top * Double(size - found.height + 1)), width: found.width,
            height: found.height)
    }

    private func paint(_ box: PixelRect, _ noise: inout DrawStream) -> ErasePaint {
        switch rule.fill {
        case .mean: return .colour(red: byte(0, 0), green: byte(0, 1), blue: byte(0, 2))
        case .channel:
            let (red, green, blue) = (noise.normal(), noise.normal(), noise.normal())
            return .colour(red: byte(red, 0), green: byte(green, 1), blue: byte(blue, 2))
        case .pixel:
            return .pixels(
                (0..<box.width * box.height * 3).map { byte(noise.normal(), $0 % 3) })
        }
    }

    /// The 8-bit value that normalises to about `value` in a channel.
    private func byte(_ value: Double, _ channel: Int) -> UInt8 {
        let raw = (value * std[channel] + mean[channel]) * 255
        return UInt8(max(0, min(raw.rounded(.toNearestOrEven), 255)))
    }
}

/// A box of random erasing at a size.
package struct Erasure: Sendable, Equatable {
    /// The box, in the rendering's pixels.
    package let box: PixelRect
    /// What it shows.
    package let paint: ErasePaint
}

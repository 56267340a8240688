import Imaging

/// What a recipe does to a data set, counted over views and groups.
package struct ViewStatistics: Sendable, Encodable {
    /// How often one operation was drawn and applied.
    package struct Operation: Sendable, Equatable, Encodable {
        /// The name that records give it.
        package let name: String
        /// Times drawn, whether or not it was then applied.
        package internal(set) var drawn = 0
        /// Times applied.
        package internal(set) var applied = 0
        /// The mean magnitude where applied, 0…10; `nil` outside RandAugment.
        package internal(set) var meanMagnitude: Double?
        /// The mean of the argument without its sign where applied; `nil` without one.
        package internal(set) var meanArgument: Double?

        private enum CodingKeys: String, CodingKey {
            case name, drawn, applied
            case meanMagnitude = "mean_magnitude"
            case meanArgument = "mean_argument"
        }
    }

    /// What random erasing did.
    package struct Erasing: Sendable, Equatable, Encodable {
        /// Views with at least one box.
        package internal(set) var views = 0
        /// Boxes in all.
        package internal(set) var boxes = 0
        /// A box's area as a share of the view's.
        package internal(set) var areas = Histogram(over: 0...1, bins: 20)
    }

    /// How groups were mixed.
    package struct Mixing: Sendable, Equatable, Encodable {
        /// Groups counted.
        package internal(set) var groups = 0
        /// Groups that stay as they are.
        package internal(set) var unmixed = 0
        /// λ of the groups mixed by mixup.
        package internal(set) var mixup = Histogram(over: 0...1, bins: 10)
        /// λ of the groups mixed by CutMix, after the correction for clipped boxes.
        package internal(set) var cutmix = Histogram(over: 0...1, bins: 10)
    }

    /// Views counted.
    package private(set) var views = 0
    /// The crop's area as a share of the image's.
    package private(set) var cropAreas = Histogram(over: 0...1, bins: 10)
    /// The crop's width over its height; bins of equal width in its logarithm.
    package private(set) var cropAspects: Histogram
    /// Views that are mirrored.
    package private(set) var flips = 0
    /// Views whose crop is resized by the cubic filter; the others' by the triangle.
    package private(set) var bicubic = 0
    /// RandAugment's operations, in timm's order; empty where the recipe has none.
    package private(set) var randaugment: [Operation]
    /// Three-augment's operations; empty where the recipe has none.
    package private(set) var threeAugment: [Operation]
    /// Color jitter's operations; empty where the recipe has none.
    package private(set) var colorJitter: [Operation]
    /// Random erasing; `nil` where the recipe has none.
    package private(set) var erasing: Erasing?
    /// Mixup and CutMix; `nil` where the recipe has none.
    package private(set) var mixing: Mixing?

    private let plan: ViewPlan

    private enum CodingKeys: String, CodingKey {
        case views, flips, bicubic, randaugment, erasing, mixing
        case cropAreas = "crop_areas"
        case cropAspects = "crop_aspects"
        case threeAugment = "three_augment"
        case colorJitter = "color_jitter"
    }

    /// Statistics of a plan's views, before the first is added.
    package init(of plan: ViewPlan) {
        self.plan = plan
        let view = plan.settings
        cropAspects = Histogram(over: view.crop.ratio, bins: 8, isLogarithmic: true)
        let increasing = view.randaugment?.increasing ?? false
        randaugment =
            view.randaugment == nil
            ? []
            : AugmentDraw.Transform.allCases.map {
                let draw = AugmentDraw(
                    transform: $0, magnitude: 0, negated: false, increasing: increasing)
                return Operation(name: draw.name)
            }
        threeAugment =
            view.threeAugment
            ? ["Solarize", "Greyscale", "GaussianBlur"].map { Operation(name: $0) } : []
        let amounts = view.colorJitter.map {
            [
                ("Brightness", $0.brightness), ("Contrast", $0.contrast), ("Color", $0.saturation),
                ("Hue", $0.hue),
            ]
        }
        colorJitter = (amounts ?? []).filter { $0.1 > 0 }.map { Operation(name: $0.0) }
        erasing = view.erasing.map { _ in Erasing() }
        mixing = view.mix.map { _ in Mixing() }
    }

    /// Counts the view of a slot.
    ///
    /// - Parameters:
    ///   - width: The width of the slot's image, pixels.
    ///   - height: The height of the slot's image, pixels.
    package mutating func add(_ view: View, width: Int, height: Int) {
        views += 1
        let crop = view.crop(width: width, height: height)
        cropAreas.add(Double(crop.width * crop.height) / Double(width * height))
        cropAspects.add(Double(crop.width) / Double(crop.height))
        if view.flip { flips += 1 }
        if view.interpolation == .bicubic { bicubic += 1 }
        let size = plan.settings.size
        for (draw, applies) in plan.randAugmentDraws(epoch: view.epoch, slot: view.slot) {
            Self.count(draw.named(size: size), applied: applies, in: &randaugment)
        }
        if let draw = view.threeAugment {
            Self.count(draw.named, applied: true, in: &threeAugment)
        }
        for operation in view.colorJitter?.named ?? [] {
            Self.count(operation, applied: true, in: &colorJitter)
        }
        let boxes = view.erasing?.boxes(size: size) ?? []
        if !boxes.isEmpty { erasing?.views += 1 }
        for box in boxes {
            erasing?.boxes += 1
            erasing?.areas.add(Double(box.width * box.height) / Double(size * size))
        }
    }

    /// Counts the mixing of a group.
    package mutating func add(epoch: Int, group: Int) {
        mixing?.groups += 1
        switch plan.mix(epoch: epoch, group: group).resolved(size: plan.settings.size) {
        case .none: mixing?.unmixed += 1
        case .mixup(let lambda): mixing?.mixup.add(lambda)
        case .cutmix(_, let lambda): mixing?.cutmix.add(lambda)
        }
    }

    private static func count(
        _ operation: NamedOperation, applied: Bool, in table: inout [Operation]
    ) {
        guard let index = table.firstIndex(where: { $0.name == operation.name }) else { return }
        table[index].drawn += 1
        guard applied else { return }
        table[index].applied += 1
        let count = Double(table[index].applied)
        func mean(_ mean: Double?, with value: Double?) -> Double? {
            value.map { (mean ?? 0) + ($0 - (mean ?? 0)) / count }
        }
        table[index].meanMagnitude = mean(table[index].meanMagnitude, with: operation.magnitude)
        table[index].meanArgument = mean(
            table[index].meanArgument, with: operation.argument.map(abs))
    }
}

extension ViewPlan {
    /// The RandAugment operations drawn for a slot, applied or not; empty where the recipe has none.
    func randAugmentDraws(epoch: Int, slot: Int) -> [(draw: AugmentDraw, applies: Bool)] {
        guard let policy = settings.randaugment else { return [] }
        var draws = DrawStream(
            seed: seed, epoch: epoch, slot: slot, purpose: .randAugment)
        return (0..<policy.operations).map { _ in AugmentDraw.drawOne(policy, from: &draws) }
    }
}

/// Counts of values in bins of equal width, or of equal ratio.
package struct Histogram: Sendable, Equatable, Encodable {
    /// The bins' limits, one more than bins.
    package let edges: [Double]
    /// How many values lie in each bin; the last bin includes its upper edge, and values beyond
    /// the ends belong to the outermost bins.
    package private(set) var counts: [Int]
    /// The mean of all values; 0 without any.
    package private(set) var mean = 0.0

    /// How many values there are.
    package var total: Int { counts.reduce(0, +) }

    /// Makes an empty histogram.
    ///
    /// - Parameters:
    ///   - bins: How many bins the range is cut into; a range of one value has one.
    ///   - isLogarithmic: Whether the bins have equal ratios of their edges; the range is above 0.
    package init(over range: ClosedRange<Double>, bins: Int, isLogarithmic: Bool = false) {
        precondition(bins > 0, "a histogram has at least one bin")
        let (low, high) = (range.lowerBound, range.upperBound)
        guard low < high else {
            edges = [low, high]
            counts = [0]
            return
        }
        edges = (0...bins).map { bin in
            if bin == bins { return high }
            let share = Double(bin) / Double(bins)
            guard isLogarithmic else { return low + (high - low) * share }
            return ExactMath.exp(
                ExactMath.log(low) + (ExactMath.log(high) - ExactMath.log(low)) * share)
        }
        counts = Array(repeating: 0, count: bins)
    }

    /// Counts a value.
    package mutating func add(_ value: Double) {
        let bin = edges.dropFirst().dropLast().filter { value >= $0 }.count
        counts[bin] += 1
        mean += (value - mean) / Double(total)
    }
}

import Recipes

/// In which epochs the trained network is measured beside its moving average.
///
/// In each, unless that took more than 5 % of the training's time; then at intervals that keep it
/// below, the last epoch among them. What it takes is reckoned from counts, not from the clock, so that
/// a training measures in the same epochs wherever and however often it is started.
struct RawMeasurement: Equatable, Sendable {
    /// The share of the time that it may take.
    static let largestShare = 0.05
    /// What a training step does to an image, in forward passes: one, and a backward pass, which is
    /// two matrix products for each one of it.
    private static let passesPerStep = 3.0

    /// Epochs from one measurement to the next.
    let interval: Int
    private let epochs: Int

    /// - Parameters:
    ///   - slots: views of an epoch.
    ///   - validationImages: of one measurement.
    /// - Returns: `nil` without a moving average, where the trained network is what is validated.
    init?(recipe: Recipe, slots: Int, validationImages: Int) {
        guard recipe.ema != nil else { return nil }
        // In pixels, since a forward pass takes as long as its input is large.
        let measurement = Double(validationImages) * Self.area(recipe.validation.size)
        let steps = Self.passesPerStep * Double(slots) * Self.area(recipe.view.size)
        // An epoch validates the moving average in any case.
        let share = measurement / (steps + measurement)
        interval = max(1, Int((share / Self.largestShare).rounded(.up)))
        epochs = recipe.schedule.epochs
    }

    /// Whether the network is measured after an epoch, counted from 0.
    func isDue(after epoch: Int) -> Bool { (epochs - 1 - epoch).isMultiple(of: interval) }

    private static func area(_ side: Int) -> Double { Double(side) * Double(side) }
}

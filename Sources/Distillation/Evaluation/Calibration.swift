/// How well a network's confidence, the probability of its first class, tells how often it is right.
///
/// Images are put into bins of equal width by their confidence; the expected calibration error is
/// the mean over the images of the distance between their bin's accuracy and its mean confidence.
///
/// Source: Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks (2017), section 2,
/// with its 15 bins, each open below and closed above: ((m - 1) / 15, m / 15].
package struct Calibration: Sendable, Equatable {
    /// A range of confidences.
    package struct Bin: Sendable, Equatable {
        /// Images of such confidence.
        package fileprivate(set) var images = 0
        fileprivate var correct = 0
        fileprivate var confidences = 0.0

        /// The share of them that were right, 0…1; `nil` without images.
        package var accuracy: Double? {
            images > 0 ? Double(correct) / Double(images) : nil
        }
        /// Their mean confidence, 0…1; `nil` without images.
        package var confidence: Double? { images > 0 ? confidences / Double(images) : nil }
    }

    /// How many bins there are.
    package static let binCount = 15

    /// The bins, the least confident first.
    package private(set) var bins = [Bin](repeating: Bin(), count: binCount)

    /// That of no images.
    package init() {}

    /// Counts an image.
    ///
    /// - Parameter confidence: the probability of the network's first class, 0…1.
    package mutating func count(confidence: Double, isCorrect: Bool) {
        let index = Int((confidence * Double(Self.binCount)).rounded(.up)) - 1
        let bin = min(max(index, 0), Self.binCount - 1)
        bins[bin].images += 1
        bins[bin].correct += isCorrect ? 1 : 0
        bins[bin].confidences += confidence
    }

    /// The expected calibration error, 0…1.
    package var expectedError: Double {
        let images = bins.reduce(0) { $0 + $1.images }
        let distances = bins.reduce(0) { $0 + abs(Double($1.correct) - $1.confidences) }
        return distances / Double(max(images, 1))
    }
}

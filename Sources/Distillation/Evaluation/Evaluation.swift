import Foundation

/// Everything that is measured of a network on labelled images: accuracy, loss, calibration, and
/// which classes it takes for which.
package struct Evaluation: Sendable, Equatable {
    /// The number of classes.
    package let classes: Int
    /// Top-1 and top-5.
    package private(set) var accuracy = Accuracy()
    /// How far the network's confidence can be believed.
    package private(set) var calibration = Calibration()
    private var totalLoss = 0.0
    /// Images by label and answer, `label * classes + answer`; what never happened is not there: of
    /// 20,000 classes the whole matrix would take gigabytes.
    private var counts: [Int: Int] = [:]

    /// That of no images.
    package init(classes: Int) {
        precondition(classes >= 1)
        self.classes = classes
    }

    /// The mean cross-entropy of the labels, in nats, without label smoothing.
    package var loss: Double { totalLoss / Double(max(accuracy.images, 1)) }

    /// Counts an image.
    ///
    /// - Parameters:
    ///   - logits: finite, one for each class.
    ///   - best: as `Accuracy.count`.
    package mutating func count(
        label: Int, logits: ArraySlice<Float>, best: ArraySlice<Int64>
    ) {
        precondition(logits.count == classes && (0..<classes).contains(label))
        guard let first = best.first, let largest = logits.max() else { return }
        let answer = Int(first)
        accuracy.count(label: label, among: best)
        counts[label * classes + answer, default: 0] += 1
        // log Σ exp, with the largest taken out so that no term overflows.
        let sum = logits.reduce(0.0) { $0 + exp(Double($1) - Double(largest)) }
        let logSum = Double(largest) + log(sum)
        totalLoss += logSum - Double(logits[logits.startIndex + label])
        calibration.count(
            confidence: exp(Double(logits[logits.startIndex + answer]) - logSum),
            isCorrect: answer == label)
    }
}

// MARK: - Classes

extension Evaluation {
    /// What became of the images of a class.
    package struct Class: Sendable, Equatable {
        /// The class.
        package let label: Int
        /// Its images.
        package var images = 0
        /// Those of them that were answered with the class.
        package var correct = 0
        /// Images of any class that were answered with this one.
        package var answered = 0

        /// The share of its images that were recognized, in percent; `nil` where there is none.
        package var accuracy: Double? {
            images > 0 ? 100 * Double(correct) / Double(images) : nil
        }
    }

    /// Images of one class that were taken for another.
    package struct Confusion: Sendable, Equatable {
        /// What they are.
        package let label: Int
        /// What they were taken for.
        package let answer: Int
        /// How many they are.
        package let images: Int
    }

    /// Every class in the order of the labels.
    package var byClass: [Class] {
        var found = (0..<classes).map { Class(label: $0) }
        for (pair, images) in counts {
            let (label, answer) = pair.quotientAndRemainder(dividingBy: classes)
            found[label].images += images
            found[answer].answered += images
            if label == answer { found[label].correct += images }
        }
        return found
    }

    /// Every pair of classes of which one was taken for the other, the most frequent first; of
    /// equally frequent ones in the order of the labels.
    package var confusions: [Confusion] {
        counts.compactMap { pair, images in
            let (label, answer) = pair.quotientAndRemainder(dividingBy: classes)
            return label == answer
                ? nil : Confusion(label: label, answer: answer, images: images)
        }.sorted { ($1.images, $0.label, $0.answer) < ($0.images, $1.label, $1.answer) }
    }

    /// A row of the confusion matrix: the images of a class by what they were answered with.
    package func row(_ label: Int) -> [Int] {
        (0..<classes).map { counts[label * classes + $0] ?? 0 }
    }
}

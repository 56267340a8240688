import Base
import Distillation
import Foundation
import Imaging
import Loading
import Recipes
import Torch

/// How a run's network answers its validation images, class by class.
struct ClassAnswers {
    /// Images of one class that are taken for another.
    struct Confusion {
        let label: Int
        let answer: Int
        /// Their indices in the data set, those of which the network is surest first.
        let images: [Int]
    }

    let dataset: ImageDataset
    /// The network that answered: the file's name, or the last checkpoint's.
    let weights: String
    /// Images of each class, and those of them that were told right.
    let (counts, right): ([Int], [Int])
    /// The pairs of classes that are confused, most often confused first.
    let confusions: [Confusion]

    /// Top-1 accuracy of a class, in percent; `nil` of one without images.
    func accuracy(ofClass label: Int) -> Double? {
        counts[label] > 0 ? 100 * Double(right[label]) / Double(counts[label]) : nil
    }

    var top1: Double { 100 * Double(right.reduce(0, +)) / Double(max(counts.reduce(0, +), 1)) }

    /// Measures the network that a run has come to: its result or, before it, its average, its best
    /// or its last one.
    ///
    /// - Parameter dataset: other images than the recipe's own validation images.
    init(
        of run: ReportedRun, data: String?, device: Device, loading: LoadingOptions,
        progress: ProgressBar
    ) throws {
        let recipe = run.recipe
        let dataset = try ImageDataset(
            data ?? recipe.data.val, expectedClasses: recipe.data.classes)
        let (network, weights) = try Run(path: run.path).network(recipe, on: device)
        self.weights = weights
        let answers = try NetworkAnswers(
            of: network,
            to: EvaluationLoader(
                dataset, transform: recipe.validation.transform, batch: recipe.validation.batch,
                options: loading), mean: recipe.view.mean, std: recipe.view.std, device: device)
        var counts = [Int](repeating: 0, count: dataset.classes.count)
        var right = counts
        var wrong: [Pair: [(image: Int, sureness: Float)]] = [:]
        progress.begin("\(run.label): validation", total: dataset.samples.count, unit: "images")
        defer { progress.end() }
        while let batch = try answers.next() {
            let best = try batch.logProbabilities.topK(1)
            let (classes, values) = (try best.indices.int64s(), try best.values.floats())
            for (row, label) in batch.labels.enumerated() {
                let answer = Int(classes[row])
                counts[label] += 1
                if answer == label {
                    right[label] += 1
                } else {
                    wrong[Pair(label: label, answer: answer), default: []]
                        .append((batch.first + row, values[row]))
                }
            }
            progress.advance(to: batch.first + batch.labels.count, note: "")
            if Interruption.requested {
                throw Interrupted(description: "stopped; nothing is written")
            }
        }
        self.dataset = dataset
        (self.counts, self.right) = (counts, right)
        confusions = wrong.map { pair, images in
            Confusion(
                label: pair.label, answer: pair.answer,
                images: images.sorted { ($1.sureness, $0.image) < ($0.sureness, $1.image) }
                    .map(\.image))
        }.sorted {
            ($1.images.count, $0.label, $0.answer) < ($0.images.count, $1.label, $1.answer)
        }
    }

    private struct Pair: Hashable {
        let label: Int
        let answer: Int
    }
}

/// The middle of an image in a `data:` address, for a page that stands alone.
struct Thumbnail {
    let address: String
    /// Whether the page shows it larger than it is, and is not to blur its pixels.
    let isEnlarged: Bool

    /// Twice what the page gives it, pixels, for fine screens.
    private static let side = 160

    init(_ image: Image) throws {
        let short = min(image.width, image.height)
        let square = image.cropped(
            to: PixelRect(
                x: (image.width - short) / 2, y: (image.height - short) / 2, width: short,
                height: short))
        isEnlarged = short < Self.side / 2
        let (type, bytes): (String, [UInt8]) =
            if isEnlarged {
                ("png", try ImageEncoder.png(square))
            } else {
                (
                    "jpeg",
                    try ImageEncoder.jpeg(
                        square.resized(
                            width: min(short, Self.side), height: min(short, Self.side),
                            interpolation: .bilinear), quality: 80)
                )
            }
        address = "data:image/\(type);base64,\(Data(bytes).base64EncodedString())"
    }
}

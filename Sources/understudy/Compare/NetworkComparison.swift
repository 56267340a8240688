import Base
import Distillation
import Foundation
import Imaging
import Loading
import Torch

/// Two networks' answers to the same images.
struct NetworkComparison {
    /// The class that a network thinks most probable.
    struct Answer: Equatable {
        let label: Int
        let probability: Double
    }

    struct Difference {
        /// The image's index in the data set.
        let image: Int
        let label: Int
        let teacher: Answer
        let student: Answer
        /// KL(teacher ‖ student), nats.
        let divergence: Double
    }

    private(set) var images = 0
    private var agreed = 0
    private var (teacherRight, studentRight) = (0, 0)
    private var divergence = 0.0
    /// The images on which they differ most, that of the largest divergence first.
    private(set) var differences: [Difference] = []

    /// Images of the same class for both, in percent.
    var agreement: Double { share(agreed) }
    var teacherTop1: Double { share(teacherRight) }
    var studentTop1: Double { share(studentRight) }
    /// The mean of KL(teacher ‖ student), nats.
    var meanKL: Double { divergence / Double(max(images, 1)) }

    private func share(_ count: Int) -> Double { 100 * Double(count) / Double(max(images, 1)) }

    /// Compares answers, which both come in batches of the same images.
    ///
    /// - Parameters:
    ///   - images: how many there are, for the progress.
    ///   - most: how many differences are kept.
    init(
        teacher: NetworkAnswers, student: NetworkAnswers, images: Int, most: Int,
        progress: any ProgressReporter
    ) throws {
        progress.begin("compare", total: images, unit: "images")
        defer { progress.end() }
        while let first = try teacher.next(), let second = try student.next() {
            precondition(first.labels == second.labels, "both see the same images")
            let (p, q) = (first.logProbabilities, second.logProbabilities)
            let rows = try Self.divergences(of: q, from: p)
            let (ours, theirs) = (try Self.best(q), try Self.best(p))
            for (row, label) in first.labels.enumerated() {
                add(
                    Difference(
                        image: first.first + row, label: label, teacher: theirs[row],
                        student: ours[row], divergence: max(0, Double(rows[row]))), most: most)
            }
            progress.advance(to: self.images, note: "")
            if Interruption.requested {
                throw Interrupted(description: "stopped after \(self.images) images")
            }
        }
    }

    /// KL(teacher ‖ student) of each row, nats.
    ///
    /// - Parameters:
    ///   - student: logarithms of probabilities, `[N, classes]`.
    ///   - teacher: the same.
    static func divergences(
        of student: Tensor, from teacher: Tensor
    ) throws(TorchError) -> [Float] {
        // The softmax of their logarithms is the probabilities. One that is 0 in float32 has a finite
        // logarithm here, and no part in the sum.
        try (teacher.softmax(dimension: -1) * (teacher - student)).sum(dimensions: [1]).floats()
    }

    private mutating func add(_ difference: Difference, most: Int) {
        images += 1
        agreed += difference.teacher.label == difference.student.label ? 1 : 0
        teacherRight += difference.teacher.label == difference.label ? 1 : 0
        studentRight += difference.student.label == difference.label ? 1 : 0
        divergence += difference.divergence
        let place =
            differences.firstIndex { $0.divergence < difference.divergence } ?? differences.count
        guard place < most else { return }
        differences.insert(difference, at: place)
        if differences.count > most { differences.removeLast() }
    }

    private static func best(_ logProbabilities: Tensor) throws -> [Answer] {
        let best = try logProbabilities.topK(1)
        return zip(try best.indices.int64s(), try best.values.floats()).map {
            Answer(label: Int($0), probability: exp(Double($1)))
        }
    }
}

extension NetworkComparison {
    private static let (columns, cell) = (4, 190)

    /// A sheet of the images on which they differ most: below each its label, and what teacher and
    /// student take it for.
    func sheet(_ dataset: ImageDataset) throws -> Image {
        var sheet = ContactSheet(
            cell: Self.cell,
            titles: Array(repeating: "label, nats; teacher / student", count: Self.columns))
        for start in stride(from: 0, to: differences.count, by: Self.columns) {
            let row = differences[start..<min(start + Self.columns, differences.count)]
            let stages: [ContactSheet.Stage?] = try row.map { difference in
                let names = [difference.label, difference.teacher.label, difference.student.label]
                    .map { dataset.classes[$0] }
                return try ContactSheet.Stage(
                    dataset.image(difference.image),
                    names[0] + String(format: ", %.2f", difference.divergence),
                    "\(names[1]) / \(names[2])")
            }
            try sheet.add(title: "\(start + 1) to \(start + row.count)", stages)
        }
        return sheet.image()
    }
}

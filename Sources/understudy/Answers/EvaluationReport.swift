import Base
import Distillation
import Foundation
import Models

/// What `eval` says of a network.
struct EvaluationReport {
    private let evaluation: Evaluation
    private let classifier: Classifier
    private let data: String
    private let names: [String]
    private let int8: Int8Report?

    /// - Parameters:
    ///   - names: the classes', in the order of the labels.
    ///   - int8: what 8 bits cost, where it was asked.
    init(
        _ evaluation: Evaluation, of classifier: Classifier, on data: String, names: [String],
        int8: Int8Report? = nil
    ) {
        precondition(names.count == evaluation.classes)
        self.evaluation = evaluation
        self.classifier = classifier
        self.data = data
        self.names = names
        self.int8 = int8
    }
}

// MARK: - Text

extension EvaluationReport {
    /// More classes than this are not listed each.
    private static let listedClasses = 20
    /// How many of what is worst are listed.
    private static let listedWorst = 10
    private static let columns = 80

    /// At most 80 columns wide.
    var text: String {
        let accuracy = evaluation.accuracy
        let head = [
            String(
                format: "top-1 %.3f %%  %@loss %.4f  calibration error %.4f", accuracy.top1,
                // All of few classes are among five.
                evaluation.classes > 5 ? String(format: "top-5 %.3f %%  ", accuracy.top5) : "",
                evaluation.loss, evaluation.calibration.expectedError),
            "\(accuracy.images) images of \(evaluation.classes) classes",
        ]
        let bits = int8.map { ["", $0.text] } ?? []
        return (head + [""] + classLines + confusionLines + bits).joined(separator: "\n")
    }

    private var classLines: [String] {
        let classes = evaluation.byClass
        let areAll = classes.count <= Self.listedClasses
        let worst = classes.filter { $0.accuracy != nil }
            .sorted { ($0.accuracy ?? 0, $0.label) < ($1.accuracy ?? 0, $1.label) }
            .prefix(Self.listedWorst)
        let title = areAll ? "class" : "least recognized classes (--json has all)"
        return [Self.row(title, "images", "top-1")]
            + (areAll ? classes[...] : ArraySlice(worst)).map { found in
                Self.row(
                    names[found.label], "\(found.images)",
                    found.accuracy.map { String(format: "%.1f %%", $0) } ?? "-")
            }
    }

    private var confusionLines: [String] {
        let worst = evaluation.confusions.prefix(Self.listedWorst)
        guard !worst.isEmpty else { return [] }
        let half = (Self.columns - 18 - 4) / 2
        return ["", Self.row("most often taken for another", "images", "")]
            + worst.map {
                let label = names[$0.label].printable.fitted(to: half)
                let answer = names[$0.answer].printable.fitted(to: half)
                return Self.row("\(label) -> \(answer)", "\($0.images)", "")
            }
    }

    /// A row of a table: a text and two figures.
    private static func row(_ text: String, _ first: String, _ second: String) -> String {
        let figures = [first, second].map { $0.flushRight(to: 9) }.joined()
        let room = columns - figures.count
        let line = text.printable.fitted(to: room).padded(to: room) + figures
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

// MARK: - JSON

extension EvaluationReport: Encodable {
    private enum Key: String, CodingKey {
        case model, weights, data, preprocessing, images, classes, top1, top5, loss
        case calibrationError = "calibration_error"
        case calibration
        case byClass = "by_class"
        case confused, int8
    }

    private struct Input: Encodable {
        let size: Int
        let resize: Int
        let interpolation: String
        let mean: [Double]
        let std: [Double]
    }

    private struct Bin: Encodable {
        let images: Int
        let accuracy: Double?
        let confidence: Double?
    }

    private struct Class: Encodable {
        let `class`: Int
        let name: String
        let images: Int
        let correct: Int
        let answered: Int
        let accuracy: Double?
    }

    private struct Pair: Encodable {
        let `class`: Int
        let name: String
        let answer: Int
        let answerName: String
        let images: Int

        enum CodingKeys: String, CodingKey {
            case `class`, name, answer, images
            case answerName = "answer_name"
        }
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        let input = classifier.preprocessing
        try object.encode(classifier.model, forKey: .model)
        try object.encode(classifier.weights, forKey: .weights)
        try object.encode(data, forKey: .data)
        try object.encodeIfPresent(int8, forKey: .int8)
        try object.encode(
            Input(
                size: input.size, resize: input.resize,
                interpolation: input.interpolation.rawValue, mean: input.mean, std: input.std),
            forKey: .preprocessing)
        try object.encode(evaluation.accuracy.images, forKey: .images)
        try object.encode(evaluation.classes, forKey: .classes)
        try object.encode(evaluation.accuracy.top1, forKey: .top1)
        try object.encode(evaluation.accuracy.top5, forKey: .top5)
        try object.encode(evaluation.loss, forKey: .loss)
        try object.encode(evaluation.calibration.expectedError, forKey: .calibrationError)
        try object.encode(
            evaluation.calibration.bins.map {
                Bin(images: $0.images, accuracy: $0.accuracy, confidence: $0.confidence)
            }, forKey: .calibration)
        try object.encode(
            evaluation.byClass.map {
                Class(
                    class: $0.label, name: names[$0.label], images: $0.images,
                    correct: $0.correct, answered: $0.answered, accuracy: $0.accuracy)
            }, forKey: .byClass)
        try object.encode(
            evaluation.confusions.map {
                Pair(
                    class: $0.label, name: names[$0.label], answer: $0.answer,
                    answerName: names[$0.answer], images: $0.images)
            }, forKey: .confused)
    }
}

// MARK: - The confusion matrix

extension EvaluationReport {
    /// The first field of the matrix, by which a file of it is known.
    private static let corner = "class / answer"

    /// Whether a file begins as a matrix that this program wrote.
    static func isConfusion(in head: [UInt8]) -> Bool { head.starts(with: "\(corner),".utf8) }

    /// Writes the matrix: a row for each class, a column for each answer, with their names.
    func writeConfusion(to path: String) throws(SystemFailure) {
        do {
            var file = try AtomicFile(path, orStream: true)
            try file.append(Array((CSV.line([Self.corner] + names) + "\n").utf8))
            for (label, name) in names.enumerated() {
                let fields = [name] + evaluation.row(label).map(String.init)
                try file.append(Array((CSV.line(fields) + "\n").utf8))
            }
            try file.publish()
        } catch {
            throw SystemFailure("file: \(path)", error.code, reason: AtomicFile.reason(error))
        }
    }
}

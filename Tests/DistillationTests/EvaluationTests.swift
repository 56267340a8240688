import Foundation
import Testing

@testable import Distillation

@Suite("Evaluation") struct EvaluationTests {
    /// What scikit-learn found; see Tests/Fixtures/distillation/make_evaluation_fixtures.py.
    private struct Reference: Decodable {
        /// In 256ths.
        let logits256: [[Int]]
        let labels: [Int]
        let top1: Double
        let top5: Double
        let loss: Double
        let calibrationError: Double
        let binImages: [Int]
        let confusion: [[Int]]
        /// Of each class but the last, which has no image.
        let recall: [Double]
    }

    private func evaluation(_ reference: Reference) -> Evaluation {
        let classes = reference.confusion.count
        var evaluation = Evaluation(classes: classes)
        for (row, label) in zip(reference.logits256, reference.labels) {
            let logits = row.map { Float($0) / 256 }
            let best = row.indices.sorted { row[$0] > row[$1] }.prefix(5).map(Int64.init)
            evaluation.count(label: label, logits: logits[...], best: best[...])
        }
        return evaluation
    }

    /// Both compute in float64; sums of 90 terms in another order differ by less than 1e-13.
    @Test("accuracy, loss, calibration error and confusions are scikit-learn's") func reference()
        throws
    {
        let reference = try fixture(Reference.self, "evaluation.json")
        let found = evaluation(reference)
        #expect(found.accuracy.images == reference.labels.count)
        #expect(abs(found.accuracy.top1 - reference.top1) < 1e-12)
        #expect(abs(found.accuracy.top5 - reference.top5) < 1e-12)
        #expect(abs(found.loss - reference.loss) < 1e-12)
        #expect(abs(found.calibration.expectedError - reference.calibrationError) < 1e-12)
        #expect(found.calibration.bins.map(\.images) == reference.binImages)
        #expect(
            found.calibration.bins.map { $0.accuracy == nil } == reference.binImages.map { $0 == 0 }
        )
        #expect((0..<found.classes).map { found.row($0) } == reference.confusion)
    }

    @Test("each class has its share, and none without images") func classes() throws {
        let reference = try fixture(Reference.self, "evaluation.json")
        let found = evaluation(reference).byClass
        #expect(found.map(\.label) == Array(0..<7))
        for (one, recall) in zip(found, reference.recall) {
            #expect(try abs(#require(one.accuracy) - recall) < 1e-12)
        }
        #expect(found[6].accuracy == nil && found[6].images == 0)
        // Columns of the matrix.
        #expect(
            found.map(\.answered)
                == (0..<7).map { answer in reference.confusion.reduce(0) { $0 + $1[answer] } })
    }

    @Test("confusions are sorted by how often they happen, equal ones by label") func confusions() {
        var evaluation = Evaluation(classes: 3)
        for (label, answer) in [(2, 0), (0, 1), (1, 0), (1, 0), (1, 1), (0, 2)] {
            var logits: [Float] = [0, 0, 0]
            logits[answer] = 4
            evaluation.count(label: label, logits: logits[...], best: [Int64(answer)])
        }
        let expected = [
            Evaluation.Confusion(label: 1, answer: 0, images: 2),
            .init(label: 0, answer: 1, images: 1), .init(label: 0, answer: 2, images: 1),
            .init(label: 2, answer: 0, images: 1),
        ]
        #expect(evaluation.confusions == expected)
    }

    /// Bins are closed above: 1/15 is in the first, 1 in the last, and so is what rounding put over
    /// 1. By hand: the first bin has 2 images, both wrong, mean confidence (0 + 1/15) / 2; the last
    /// 2 of 3 right, mean confidence 1.
    @Test("a bin holds its upper border, and its error is weighed by its images") func bins() {
        var calibration = Calibration()
        calibration.count(confidence: 0, isCorrect: false)
        calibration.count(confidence: 1.0 / 15, isCorrect: false)
        for isCorrect in [true, true, false] {
            calibration.count(confidence: 1 + 1e-16, isCorrect: isCorrect)
        }
        #expect(calibration.bins.map(\.images) == [2] + Array(repeating: 0, count: 13) + [3])
        let expected = (2 * (1.0 / 30) + 3 * (1 - 2.0 / 3)) / 5
        #expect(abs(calibration.expectedError - expected) < 1e-15)
    }

    @Test("logits of any size give a finite loss") func extremes() {
        var evaluation = Evaluation(classes: 2)
        evaluation.count(label: 1, logits: [3e38, -3e38], best: [0, 1])
        #expect(evaluation.loss.isFinite && evaluation.loss > 5e38)
        #expect(evaluation.calibration.expectedError == 1)
    }
}

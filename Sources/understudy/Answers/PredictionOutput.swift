import Base
import Foundation

/// What is printed of one image.
struct Prediction: Encodable {
    struct Class: Encodable {
        let `class`: Int
        let name: String?
        let probability: Float
    }

    let path: String
    var top: [Class]?
    var logits: [Float]?
    /// One line that begins with the path.
    var error: String?
}

/// Prints predictions, a batch at a time.
final class PredictionOutput {
    enum Style {
        /// The path with the first class, and a line for each other class.
        case text
        /// A record for each class.
        case csv
        /// An object for each image.
        case json
    }

    private let style: Style
    private let title: (Int) -> String
    private var hasHeader = false
    /// Images without a result so far.
    private(set) var failures = 0

    /// - Parameter title: what a class is called.
    init(style: Style, title: @escaping (Int) -> String) {
        self.style = style
        self.title = title
    }

    func append(_ predictions: [Prediction]) throws {
        var lines: [String] = []
        if style == .csv, !hasHeader {
            lines.append(CSV.line(["path", "rank", "class", "name", "probability"]))
            hasHeader = true
        }
        for prediction in predictions {
            if let error = prediction.error {
                failures += 1
                StandardStreams.report("Error: \(error.printable)\n")
            }
            switch style {
            case .text: lines += text(prediction)
            case .csv: lines += records(prediction)
            case .json: lines.append(try prediction.json())
            }
        }
        guard !lines.isEmpty else { return }
        try StandardStreams.print(lines.joined(separator: "\n"))
    }

    private func text(_ prediction: Prediction) -> [String] {
        let classes = (prediction.top ?? []).enumerated().map { rank, answer in
            let probability = String(format: "%.4f", answer.probability)
            let line = "\(probability)  \(title(answer.class).printable)"
            return rank == 0 ? "\(prediction.path.printable)  \(line)" : "  \(line)"
        }
        return classes + (prediction.logits.map { ["  logits \($0)"] } ?? [])
    }

    private func records(_ prediction: Prediction) -> [String] {
        (prediction.top ?? []).enumerated().map { rank, answer in
            CSV.line([
                prediction.path, "\(rank + 1)", "\(answer.class)", answer.name ?? "",
                "\(answer.probability)",
            ])
        }
    }
}

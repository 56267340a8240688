import Base
import Loading
import Models
import StrictYAML

/// A network that answers, what its input needs and what its classes are called.
struct Classifier {
    /// What the network is called.
    let model: String
    /// The path of its weights.
    let weights: String
    let network: any InferenceModel
    let preprocessing: Preprocessing
    /// In the order of the logits; nil where nobody says them.
    let names: [String]?

    /// What a class is called: its name, or its number.
    func title(_ label: Int) -> String { names?[label] ?? "class \(label)" }
}

/// Who says what is known of a classifier.
struct Origin {
    /// Of size, resize, interpolation, mean and std.
    let preprocessing: String
    /// The options that say some of these otherwise.
    let options: [String]
    /// Of the classes' names; nil where nobody does.
    let names: String?
}

extension Classifier {
    /// What answers and how images are prepared, and who says so.
    func lines(_ origin: Origin) -> [String] {
        let input = preprocessing
        func numbers(_ values: [Double]) -> String {
            values.map { YAMLText.scalar($0) }.joined(separator: " ")
        }
        let options =
            origin.options.isEmpty ? "" : ", but for \(origin.options.joined(separator: ", "))"
        return [
            "\(weights): \(model), \(network.classes) classes",
            "images: \(input.size) of \(input.resize) px, \(input.interpolation.rawValue), mean "
                + "\(numbers(input.mean)), std \(numbers(input.std))",
            "  from \(origin.preprocessing)\(options)",
            origin.names.map { "class names: from \($0)" }
                ?? "class names: none; --classes FILE gives them",
        ]
    }
}

import Base
import Foundation
import StrictYAML
import Torch

/// What a weights file says of itself in its metadata, so that whoever reads it need not guess: the
/// network, how its images are prepared, its classes' names, and the recipe that made it.
///
/// Metadata of safetensors are texts. `model` and `recipe` are names; the keys under `understudy.`
/// are this program's own, and their values are JSON or hexadecimal digits: `docs/answers.md`.
package struct WeightsDescription: Sendable, Equatable {
    /// The network's published name.
    package var model: String?
    /// The name of the recipe that it was trained by.
    package var recipe: String?
    /// SHA-256 of that recipe as it was resolved, without its paths, in hexadecimal.
    package var recipeDigest: String?
    /// How images become the network's input.
    package var preprocessing: Preprocessing?
    /// The classes' names in the order of the logits.
    package var classes: [String]?

    package init(
        model: String? = nil, recipe: String? = nil, recipeDigest: String? = nil,
        preprocessing: Preprocessing? = nil, classes: [String]? = nil
    ) {
        self.model = model
        self.recipe = recipe
        self.recipeDigest = recipeDigest
        self.preprocessing = preprocessing
        self.classes = classes
    }

    private enum Name {
        static let model = "model"
        static let recipe = "recipe"
        static let recipeDigest = "understudy.recipe_sha256"
        static let preprocessing = "understudy.preprocessing"
        static let classes = "understudy.classes"
    }

    /// The most bytes of a list of classes' names; one that is longer is left out. The synsets of
    /// ImageNet-21K with all their words take one of them.
    static let longestClasses = 16 << 20

    /// The most bytes of any other value.
    private static let longestValue = 4096
}

// MARK: - Writing

extension WeightsDescription {
    /// The metadata of a weights file, which PyTorch's reader wants to be of format `pt`.
    package var metadata: [String: String] {
        var metadata = ["format": "pt"]
        metadata[Name.model] = model
        metadata[Name.recipe] = recipe
        metadata[Name.recipeDigest] = recipeDigest
        metadata[Name.preprocessing] = preprocessing?.json
        metadata[Name.classes] = classes.flatMap(Self.json)
        return metadata
    }

    private static func json(_ names: [String]) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let json = try? encoder.encode(names), json.count <= longestClasses else {
            return nil
        }
        return String(decoding: json, as: UTF8.self)
    }
}

extension Preprocessing {
    /// The section of a card as JSON, which is YAML as well.
    fileprivate var json: String {
        let items = entries().map { entry in
            guard case .text(let text) = entry.value else {
                preconditionFailure("a key of preprocessing is a section")
            }
            let isJSON = text.hasPrefix("[") || Double(text) != nil
            return "\"\(entry.key)\": " + (isJSON ? text : "\"\(text)\"")
        }
        return "{\(items.joined(separator: ", "))}"
    }
}

// MARK: - Reading

extension WeightsDescription {
    /// Reads the metadata of a file, whoever wrote it; what is not there is `nil`.
    ///
    /// - Throws: `TorchError` for a value under one of this program's own keys that it would not have
    ///   written.
    package init(of file: any WeightsArchive) throws(TorchError) {
        func value(_ name: String, limit: Int = Self.longestValue) throws(TorchError) -> String? {
            guard let value = file.metadata[name], value.utf8.count > limit else {
                return file.metadata[name]
            }
            throw Self.error(file, name, "is longer than \(limit) bytes")
        }
        // These two names others may use as well, for whatever they like.
        model = file.metadata[Name.model]
        recipe = file.metadata[Name.recipe]
        recipeDigest = try value(Name.recipeDigest)
        if let recipeDigest, recipeDigest.wholeMatch(of: /[0-9a-f]{64}/) == nil {
            throw Self.error(file, Name.recipeDigest, "is no SHA-256")
        }
        if let text = try value(Name.preprocessing) {
            do {
                preprocessing = try Preprocessing(json: text)
            } catch {
                throw Self.error(file, Name.preprocessing, error.message)
            }
        }
        if let text = try value(Name.classes, limit: Self.longestClasses) {
            classes = try Self.names(text, of: file)
        }
    }

    private static func names(
        _ text: String, of file: any WeightsArchive
    ) throws(TorchError) -> [String] {
        guard let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
            throw error(file, Name.classes, "is no list of texts in JSON")
        }
        guard (1...Limits.classes.upperBound).contains(names.count) else {
            throw error(file, Name.classes, "names \(names.count) classes")
        }
        return names
    }

    private static func error(
        _ file: any WeightsArchive, _ name: String, _ message: String
    ) -> TorchError {
        TorchError(
            operation: "weights",
            message: "\(file.path): metadata '\(name)': \(message); this program did not write it: "
                + "take the key out of the file, or make the file again")
    }
}

extension Preprocessing {
    /// Reads what `json` wrote, as strictly as a card's section.
    fileprivate init(json text: String) throws(YAMLError) {
        // One line: what stands beside the section in a file of its own, such as another file to
        // read first, must not come out of a weights file.
        guard text.hasPrefix("{"), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw YAMLError(place: nil, message: "is no mapping in one line of ASCII")
        }
        let noun = "weights' metadata"
        let root = try SourcedNode.composing(
            "preprocessing: \(text)", path: noun, overrides: [], noun: noun)
        let file = try SectionReader(root, noun: noun, known: ["preprocessing"])
        self = try file.section("preprocessing")
    }
}

// MARK: - Several files

extension WeightsDescription {
    /// What all of several files say alike, which is what their mean can say.
    package static func common(to descriptions: [WeightsDescription]) -> WeightsDescription {
        func same<Value: Equatable>(_ value: (WeightsDescription) -> Value?) -> Value? {
            guard let first = descriptions.first.flatMap(value) else { return nil }
            return descriptions.allSatisfy { value($0) == first } ? first : nil
        }
        return WeightsDescription(
            model: same(\.model), recipe: same(\.recipe), recipeDigest: same(\.recipeDigest),
            preprocessing: same(\.preprocessing), classes: same(\.classes))
    }

    /// What it says, in words: `classes' names`.
    package var said: [String] {
        [
            model.map { _ in "network" }, recipe.map { _ in "recipe" },
            recipeDigest.map { _ in "the recipe's digest" },
            preprocessing.map { _ in "preprocessing" }, classes.map { _ in "class names" },
        ].compactMap { $0 }
    }
}

import Base
import Foundation
import StrictYAML

/// What a Hugging Face directory says of its network: `config.json` and `preprocessor_config.json` of
/// transformers', or the `config.json` of timm's, which says everything.
package struct HuggingFaceDirectory: Sendable {
    /// The name of the model, fit for a card.
    package let name: String
    /// The path of `config.json`.
    package let configuration: String
    package let architecture: Architecture
    package let preprocessing: Preprocessing
    /// How many classes there are; nil where only the weights tell it.
    package let classes: Int?
    /// Their names in the order of the logits, no two alike; nil where they have none.
    package let classNames: [String]?
    /// What is done otherwise here than there, a sentence each.
    package let notices: [String]

    /// Bytes of a file: more than twice those of one that lists the classes of ImageNet-21K twice, with
    /// all their words.
    private static let sizeLimit = 8 << 20
    /// Bytes of memory that JSON takes for each of its own, as values and as the decoder has them.
    private static let expansion = 100

    /// Whether a folder is one.
    package static func isOne(_ folder: String) -> Bool {
        (try? FileKind.at(folder)) == .folder
            && !FileKind.isMissing(Folders.path(of: "config.json", in: folder))
    }

    /// Reads a directory; its weights are left closed.
    ///
    /// - Throws: `YAMLError` with the file and what is wrong in it.
    package init(_ folder: String) throws(YAMLError) {
        let path = Folders.path(of: "config.json", in: folder)
        configuration = path
        let file = try Self.read(path)
        guard let file else {
            throw YAMLError(
                place: folder, message: "a folder without config.json, and so no teacher's card")
        }
        name = Self.name(of: folder)
        if TimmConfiguration.isOne(file) {
            let read = try Self.placed(path) { () throws(HuggingFaceProblem) in
                try TimmConfiguration(file)
            }
            (architecture, preprocessing) = (read.architecture, read.preprocessing)
            (classes, notices) = (read.classes, [])
            classNames = read.classNames.flatMap(Self.told)
            return
        }
        (architecture, classNames, classes) = try Self.placed(path) {
            () throws(HuggingFaceProblem) in
            let names = try Self.classNames(file)
            var count = names?.count
            if count == nil, file.has("num_labels") { count = try file.integer("num_labels") }
            return (try Self.architecture(file), names.flatMap(Self.told), count)
        }
        let processor = Folders.path(of: "preprocessor_config.json", in: folder)
        if let file = try Self.read(processor) {
            let read = try Self.placed(processor) { () throws(HuggingFaceProblem) in
                try HuggingFacePreprocessing(file)
            }
            preprocessing = read.preprocessing
            notices = read.notices
        } else {
            // A ViT and a DeiT are one network, whose images are prepared differently.
            let published = PublishedNetwork.all(of: architecture)
            guard let first = published.first,
                published.allSatisfy({ $0.preprocessing == first.preprocessing })
            else {
                throw YAMLError(
                    place: folder,
                    message: "no preprocessor_config.json says how images are prepared; write a "
                        + "teacher's card")
            }
            preprocessing = first.preprocessing
            notices = [
                "no preprocessor_config.json: images are prepared as in the published evaluation of "
                    + first.name
            ]
        }
        guard architecture.imageSize.map({ $0 == preprocessing.size }) ?? true else {
            throw YAMLError(
                place: processor,
                message: "images of \(preprocessing.size) pixels, for a network of "
                    + "\(architecture.imageSize ?? 0)")
        }
    }

    private static func placed<Value>(
        _ path: String, _ body: () throws(HuggingFaceProblem) -> Value
    ) throws(YAMLError) -> Value {
        do { return try body() } catch { throw YAMLError(place: path, message: error.message) }
    }

    /// - Returns: nil if there is no such file.
    private static func read(_ path: String) throws(YAMLError) -> HuggingFaceConfiguration? {
        guard !FileKind.isMissing(path) else { return nil }
        let bytes: [UInt8]?
        do { bytes = try BoundedFile.read(path, limit: sizeLimit) } catch {
            throw YAMLError(place: path, message: "cannot be read: \(error.reason)")
        }
        guard let bytes else {
            throw YAMLError(place: path, message: "has more than \(sizeLimit) bytes")
        }
        guard SystemMemory.canAllocate(expansion * bytes.count) else {
            throw YAMLError(place: path, message: "no memory for JSON of \(bytes.count) bytes")
        }
        return try placed(path) { () throws(HuggingFaceProblem) in
            try HuggingFaceConfiguration(json: bytes)
        }
    }

    private static func architecture(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Architecture {
        let type = try file.text("model_type")
        for family in Architecture.families {
            if let found = try architecture(of: family, type, file) { return found }
        }
        let known = Architecture.families.flatMap { modelTypes(of: $0) }
            .sorted().joined(separator: ", ")
        throw HuggingFaceProblem("'model_type' is \(type.quoted); known: \(known)")
    }

    private static func modelTypes<Family: NetworkFamily>(of _: Family.Type) -> [String] {
        Family.huggingFace.map(\.modelType)
    }

    private static func architecture<Family: NetworkFamily>(
        of _: Family.Type, _ type: String, _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Architecture? {
        guard let reading = Family.huggingFace.first(where: { $0.modelType == type }) else {
            return nil
        }
        return Architecture(try reading.read(file))
    }

    /// The names in the order of their numbers; nil where the file has none.
    private static func classNames(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> [String]? {
        guard file.has("id2label") else { return nil }
        guard let labels = file.object("id2label")?.texts else {
            throw HuggingFaceProblem("'id2label' is not an object of texts")
        }
        var names: [String] = []
        while let name = labels["\(names.count)"] { names.append(name) }
        guard names.count == labels.count else {
            throw HuggingFaceProblem(
                "'id2label' has \(labels.count) classes, but none of number \(names.count)")
        }
        return names
    }

    /// Names that somebody gave, with the number behind those that others have as well; nil where they
    /// are numbers themselves.
    private static func told(_ names: [String]) -> [String]? {
        if names == names.indices.map({ "LABEL_\($0)" }) { return nil }
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
        let told = names.enumerated().map { index, name in
            counts[name] == 1 && !name.allSatisfy(\.isWhitespace) ? name : "\(name) (\(index))"
        }
        return Set(told).count == told.count ? told : nil
    }

    /// What the folder is called or, in the cache of Hugging Face's hub, the model; what no card's name
    /// may have becomes `-`.
    static func name(of folder: String) -> String {
        let parts = URL(fileURLWithPath: folder).standardizedFileURL.pathComponents
        var name = parts.last ?? ""
        // models--OWNER--NAME/snapshots/REVISION
        if parts.count > 2, parts[parts.count - 2] == "snapshots" {
            name = parts[parts.count - 3].components(separatedBy: "--").last ?? name
        }
        let word = String(
            name.unicodeScalars.map { scalar in
                let isFit =
                    scalar.isASCII
                    && (scalar.properties.isAlphabetic
                        || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar))
                return isFit ? Character(scalar) : "-"
            })
        let trimmed = String(word.drop { $0 == "." })
        return trimmed.isEmpty ? "teacher" : trimmed
    }
}

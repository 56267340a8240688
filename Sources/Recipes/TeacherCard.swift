import Base
import Models
import StrictYAML

/// A teacher: what answers, the file that it needs, and where that comes from.
package struct TeacherCard: Sendable, Equatable {
    /// The teacher's name; part of a cache's identity.
    package var name: String
    /// How many classes it tells apart.
    package var classes: Int
    /// Their names in the order of its outputs; `nil` where the card says their number alone. No part of
    /// a cache's identity: names change no response.
    package var classNames: [String]?
    /// What the card is of.
    package var subject: Subject
    /// The file of its weights, or of its responses, absolute.
    package var weightsFile: String
    /// The SHA-256 of that file, 64 lower-case hexadecimal digits; `nil` leaves it unchecked.
    package var weightsSHA256: String?
    /// Where the file comes from.
    package var source: String
    /// Its published (or measured) top-1, per cent; `nil` if unknown.
    package var top1: Double?

    /// What a card is of.
    package enum Subject: Sendable, Equatable {
        /// A network, with its weights in a safetensors file.
        case network(Network)
        /// Responses that somebody computed, in an HDF5 file.
        case responses(Responses)
    }

    /// A network and how its images are prepared.
    package struct Network: Sendable, Equatable {
        package var architecture: Architecture
        package var preprocessing: Preprocessing

        package init(architecture: Architecture, preprocessing: Preprocessing) {
            self.architecture = architecture
            self.preprocessing = preprocessing
        }
    }

    /// The network; `nil` for a card of responses.
    package var network: Network? {
        guard case .network(let network) = subject else { return nil }
        return network
    }

    /// The kind as the file names it.
    package var kind: String {
        switch subject {
        case .network(let network): network.architecture.kind
        case .responses: Responses.kind
        }
    }

    /// The kind and what tells its subjects apart in one line, as the fingerprint of a cache has it.
    package var fingerprintLine: String {
        switch subject {
        case .network(let network): network.architecture.fingerprintLine
        case .responses(let responses): responses.fingerprintLine
        }
    }
}

// MARK: - Reading

extension TeacherCard {
    /// Reads a teacher card, as strictly as a recipe.
    ///
    /// - Parameter path: The YAML file; relative paths in it start at its folder.
    /// - Throws: `YAMLError`, one line with the place.
    package init(contentsOf path: String) throws(YAMLError) {
        try self.init(.reading(path, overrides: [], noun: "teacher card"))
    }

    /// Reads a card from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: `YAMLError`, one line with the place.
    package init(parsing text: String, path: String) throws(YAMLError) {
        try self.init(.composing(text, path: path, overrides: [], noun: "teacher card"))
    }

    private init(_ root: SourcedNode) throws(YAMLError) {
        let common = ["name", "kind", "classes", "weights", "source", "top1", "extends"]
        let (network, responses) = (["architecture", "preprocessing"], ["responses"])
        var file = try SectionReader(
            root, noun: "teacher card", known: common + network + responses)
        let kind = try file.value("kind", Self.kinds)
        let family = Architecture.families.first { $0.kind == kind }
        // Responses have no network, and a network no responses.
        file = try SectionReader(
            root, noun: "teacher card", known: common + (family == nil ? responses : network))
        name = try file.value("name", .word)
        let classes = try file.value("classes", TeacherClasses.form)
        (self.classes, classNames) = (classes.count, classes.names)
        if let family {
            subject = .network(try Network(of: family, file, classes: classes.count))
        } else {
            subject = .responses(try file.section("responses"))
        }
        let weights: Weights = try file.section("weights")
        weightsFile = weights.file
        weightsSHA256 = weights.sha256
        source = try file.value("source", .text)
        top1 = file.has("top1") ? try file.value("top1", .orNone(.number(in: .percentage))) : nil
    }

    private static var kinds: Form<String> {
        .oneOf(Architecture.families.map { $0.kind } + [Responses.kind])
    }
}

extension TeacherCard.Network {
    fileprivate init(
        of family: any NetworkFamily.Type, _ file: SectionReader, classes: Int
    ) throws(YAMLError) {
        preprocessing = try file.section("preprocessing")
        architecture = try Architecture(of: family, in: file)
        if let fault = architecture.fault(classes: classes) {
            throw file.error("architecture.\(fault.key)", fault.message)
        }
        if let size = architecture.imageSize, size != preprocessing.size {
            throw file.error(
                "architecture.image_size",
                "architecture.image_size \(size) differs from preprocessing.size "
                    + "\(preprocessing.size)")
        }
    }
}

// MARK: - Responses

extension TeacherCard {
    /// Where responses lie in a foreign HDF5 file, and what they are.
    package struct Responses: Section, Equatable {
        static let kind = "precomputed"

        package var dataset: String
        /// `nil` where rows follow the sorted files.
        package var keys: String?
        package var values: Values
        package var temperature: Double

        /// What the numbers of a row are.
        package enum Values: String, Sendable, CaseIterable {
            /// Any finite numbers; their softmax is the response.
            case logits
            /// Shares that sum to 1.
            case probabilities
        }

        package init(dataset: String, keys: String?, values: Values, temperature: Double) {
            self.dataset = dataset
            self.keys = keys
            self.values = values
            self.temperature = temperature
        }

        package static let initial = Self(
            dataset: "", keys: nil, values: .logits, temperature: 1)

        package static let keys: [Key<Self>] = [
            Key(
                "dataset", \.dataset, .text,
                "the dataset, `[images, classes]` or `[views, images, classes]`"),
            Key(
                "keys", \.keys, .orNone(.text("a dataset's name"), as: "null"),
                "the dataset of file names, a row each; null where rows follow the sorted files"),
            Key("values", \.values, .choice, "what the numbers are"),
            Key(
                "temperature", \.temperature, .number(in: .positive),
                "divides logits before the softmax"),
        ]

        fileprivate var fingerprintLine: String {
            "\(Self.kind) dataset=\(dataset) keys=\(keys ?? "") values=\(values.rawValue) "
                + "temperature=\(temperature)"
        }
    }

    /// A card of responses that somebody computed.
    package init(
        name: String, classes: Int, responses: Responses, file: String, sha256: String?,
        source: String
    ) {
        self.name = name
        self.classes = classes
        classNames = nil
        subject = .responses(responses)
        weightsFile = file
        weightsSHA256 = sha256
        self.source = source
        top1 = nil
    }

}

// MARK: - Networks

extension TeacherCard {
    /// A card of a network.
    ///
    /// - Parameter file: of its weights; a relative path starts at the folder of the card's file.
    package init(
        name: String, classes: Int, classNames: [String]?, network: Network, file: String,
        sha256: String, source: String, top1: Double?
    ) {
        self.name = name
        self.classes = classes
        self.classNames = classNames
        subject = .network(network)
        weightsFile = file
        weightsSHA256 = sha256
        self.source = source
        self.top1 = top1
    }
}

// MARK: - Writing

extension TeacherCard {
    /// The card as a file that reads back to the same card.
    ///
    /// Every text is quoted that YAML could take for something else, such as a name `384`.
    package var yaml: String {
        let weights = Weights(file: weightsFile, sha256: weightsSHA256)
        var entries: [YAMLValue.Entry] = [
            .init("name", .text(YAMLText.scalar(name))),
            .init("kind", .text(kind)),
            .init(
                "classes",
                .text(TeacherClasses.form.write(.init(count: classes, names: classNames)))),
        ]
        switch subject {
        case .network(let network):
            entries += [
                .init("architecture", .block(network.architecture.entries)),
                .init("preprocessing", .block(network.preprocessing.entries())),
            ]
        case .responses(let responses):
            entries.append(.init("responses", .block(responses.entries())))
        }
        entries += [
            .init("weights", .block(weights.entries())),
            .init("source", .text(YAMLText.scalar(source))),
        ]
        if let top1 { entries.append(.init("top1", .text(YAMLText.scalar(top1)))) }
        return entries.yaml
    }
}

/// The section that names a card's file.
private struct Weights: Section {
    var file: String
    var sha256: String?

    static let initial = Self(file: "", sha256: nil)

    static let keys: [Key<Self>] = [
        Key("file", \.file, .path, "the file of the weights, or of the responses"),
        Key(
            "sha256", \.sha256, .orNone(digest, as: "null"),
            "its SHA-256; null leaves it unchecked"),
    ]

    private static let digest = Form<String>(
        expected: "64 hexadecimal digits in lower case",
        parse: { node in
            guard case .scalar(let text, _) = node.content, text.utf8.count == 64 else {
                return nil
            }
            let isHex = text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            return isHex ? text : nil
        }, write: { YAMLText.scalar($0) })
}

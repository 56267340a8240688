import Base
import Models
import StrictYAML
import Torch

/// A teacher: what answers, the file that it needs, and where that comes from.
package struct TeacherCard: Sendable, Equatable {
    /// The teacher's name; part of a cache's identity.
    package var name: String
    /// How many outputs it has, one for each class that it was trained for.
    package var outputs: Int
    /// The names of these classes in the order of the outputs; `nil` where the card says their number
    /// alone. No part of a cache's identity: names change no response.
    package var outputNames: [String]?
    /// The outputs that stand for the data's classes, in their order; `nil` where all do.
    package var classMap: [Int]?
    /// What the card is of.
    package var subject: Subject
    /// The file of its weights, or of its responses; `nil` of an ensemble, whose members have theirs.
    package var weights: Weights?
    /// Where the file comes from.
    package var source: String
    /// Its published (or measured) top-1, per cent; `nil` if unknown.
    package var top1: Double?
    /// Where it was read of a Hugging Face directory, what differs from what the directory says.
    package var directory: Directory?

    /// What is to be known of a card that is a Hugging Face directory.
    package struct Directory: Sendable, Equatable {
        /// What is done otherwise here than there, a sentence each.
        package var notices: [String]

        package init(notices: [String]) { self.notices = notices }
    }

    /// What a card is of.
    package enum Subject: Sendable, Equatable {
        /// A network, with its weights in a file.
        case network(Network)
        /// A module that somebody exported, code and weights in one file.
        case exported(Exported)
        /// Several teachers, whose probabilities are averaged.
        case ensemble(Ensemble)
        /// Responses that somebody computed, in an HDF5 file.
        case responses(Responses)
    }

    /// How many classes it tells apart.
    package var classes: Int { classMap?.count ?? outputs }

    /// Their names, in the order of its responses; `nil` where the card does not say them.
    package var classNames: [String]? {
        guard let outputNames, let classMap else { return outputNames }
        return classMap.map { outputNames[$0] }
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

    /// The network; `nil` for a card of something else.
    package var network: Network? {
        guard case .network(let network) = subject else { return nil }
        return network
    }

    /// How its images are prepared, of an ensemble the first member's; `nil` for responses.
    package var preprocessing: Preprocessing? {
        switch subject {
        case .network(let network): network.preprocessing
        case .exported(let exported): exported.preprocessing
        case .ensemble(let ensemble): ensemble.members[0].card.preprocessing
        case .responses: nil
        }
    }

    /// The kind as the file names it.
    package var kind: String {
        switch subject {
        case .network(let network): network.architecture.kind
        case .exported(let exported): exported.format.rawValue
        case .ensemble: Ensemble.kind
        case .responses: Responses.kind
        }
    }

    /// The kind and what tells its subjects apart in one line, as the fingerprint of a cache has it.
    package var fingerprintLine: String {
        switch subject {
        case .network(let network): network.architecture.fingerprintLine
        case .exported(let exported): exported.fingerprintLine
        case .ensemble(let ensemble): ensemble.fingerprintLine
        case .responses(let responses): responses.fingerprintLine
        }
    }
}

// MARK: - Reading

extension TeacherCard {
    /// Reads a teacher card, as strictly as a recipe, or a Hugging Face directory in place of one.
    ///
    /// - Parameter path: The YAML file, in which relative paths start at its folder; or the directory.
    /// - Throws: `YAMLError` for one error, one line with the place; `YAMLErrors` for several;
    ///   `TorchError` for a directory whose weights would have to be read, and cannot be.
    package init(contentsOf path: String) throws {
        guard (try? FileKind.at(path)) != .folder else {
            try self.init(huggingFace: path)
            return
        }
        try self.init(.reading(path, overrides: [], noun: Self.noun))
    }

    /// Reads the card of an ensemble's member, which is no ensemble: one that named itself would have no
    /// end.
    init(ofMember path: String) throws {
        guard (try? FileKind.at(path)) != .folder else {
            try self.init(huggingFace: path)
            return
        }
        try self.init(.reading(path, overrides: [], noun: Self.noun), isMember: true)
    }

    /// Reads a card from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: As `init(contentsOf:)`.
    package init(parsing text: String, path: String) throws {
        try self.init(.composing(text, path: path, overrides: [], noun: Self.noun))
    }

    private init(_ root: SourcedNode, isMember: Bool = false) throws {
        let findings = Findings()
        let card = try Self(root, findings, isMember: isMember)
        try findings.throwAny()
        guard let card else {
            preconditionFailure("a card without a subject, and nothing is wrong")
        }
        self = card
    }

    /// Reads as much of a card as can be read.
    ///
    /// - Returns: `nil` where there is nothing that it is of, which is noted.
    private init?(
        _ root: SourcedNode, _ findings: Findings, isMember: Bool
    ) throws(YAMLError) {
        // The kind says which keys there are besides: responses have no network, and a network no
        // responses.
        let glance = try SectionReader(root, noun: Self.noun, known: [], findings: Findings())
        let kind = (try? glance.value("kind", Common.kinds)).flatMap(Kind.init)
        let own = kind?.keys ?? Kind.allKeys
        let file = try SectionReader(
            root, noun: Self.noun, known: Common.known + own + ["extends"], findings: findings)
        if isMember, case .ensemble = kind {
            throw file.error("kind", "a member of an ensemble is no ensemble; name its members")
        }
        let common = try Common(unchecked: file)
        let weights =
            own.contains("weights")
            ? try file.noting("weights") { (file) throws(YAMLError) in
                let weights: Weights = try file.section("weights")
                if let kind, !kind.isNetwork { try weights.refuseReading(file) }
                return weights
            } : nil
        guard let kind, let read = try Self.subject(of: kind, file, classes: common.classes)
        else { return nil }
        subject = read
        name = common.name
        outputs = common.classes.count
        outputNames = common.classes.names
        if case .ensemble(let ensemble) = read { outputNames = outputNames ?? ensemble.classNames }
        classMap = common.classMap
        self.weights = weights
        source = common.source
        top1 = common.top1
    }

    /// - Returns: `nil` where one of its sections is missing, or is none, which is noted.
    private static func subject(
        of kind: Kind, _ file: SectionReader, classes: TeacherClasses
    ) throws(YAMLError) -> Subject? {
        switch kind {
        case .network(let family):
            try Network(of: family, file, classes: classes.count).map(Subject.network)
        case .exported(let format):
            try Exported(of: format, file).map(Subject.exported)
        case .ensemble:
            try file.noting("members") { (file) throws(YAMLError) in
                .ensemble(try Ensemble(file, classes: classes))
            }
        case .responses:
            try file.noting("responses") { (file) throws(YAMLError) in
                .responses(try file.section("responses"))
            }
        }
    }

    private static let noun = "teacher card"

    /// What a card is of, by the name that it gives it.
    fileprivate enum Kind {
        case network(any NetworkFamily.Type)
        case exported(ExportedModule.Format)
        case ensemble
        case responses

        static let names =
            Architecture.families.map { $0.kind } + ExportedModule.Format.allCases.map(\.rawValue)
            + [Ensemble.kind, Responses.kind]

        /// - Parameter name: one of `names`.
        init?(_ name: String) {
            if let family = Architecture.families.first(where: { $0.kind == name }) {
                self = .network(family)
            } else if let format = ExportedModule.Format(rawValue: name) {
                self = .exported(format)
            } else if name == Ensemble.kind {
                self = .ensemble
            } else if name == Responses.kind {
                self = .responses
            } else {
                return nil
            }
        }

        var isNetwork: Bool {
            if case .network = self { true } else { false }
        }

        /// What a card of the kind has besides what all have.
        var keys: [String] {
            switch self {
            case .network: ["architecture", "preprocessing", "weights"]
            case .exported: ["exported", "preprocessing", "weights"]
            case .ensemble: ["members"]
            case .responses: ["responses", "weights"]
            }
        }

        /// Those of all kinds.
        static let allKeys = [
            "architecture", "exported", "members", "preprocessing", "responses", "weights",
        ]
    }
}

/// What every card has.
private struct Common: Section {
    var name = ""
    var kind = ""
    var classes = TeacherClasses(count: Limits.classes.lowerBound, names: nil)
    var classMap: [Int]?
    var source = ""
    var top1: Double?

    static let kinds = Form<String>.oneOf(TeacherCard.Kind.names)

    static let initial = Self()
    static let keys: [Key<Self>] = [
        Key("name", \.name, .word, "the teacher's name"),
        Key(
            "kind", \.kind, kinds,
            "the network's family, or what it is instead: a module, several cards, or responses "
                + "alone"),
        Key(
            "classes", \.classes, TeacherClasses.form, "how many classes there are, or their names"),
        Key("source", \.source, .text, "where the file comes from"),
        Key(
            "top1", \.top1, .orNone(.number(in: .percentage)), hasDefault: true,
            "its published, or measured, top-1 accuracy, per cent"),
        Key(
            "class_map", expected: ClassMap.expected,
            read: { (card, common) throws(YAMLError) in
                guard card.has("class_map"), card.isSound("classes") else { return }
                common.classMap = try card.value("class_map", ClassMap.form(of: common.classes))
            },
            write: { common in
                common.classMap.map { .text(ClassMap.form(of: common.classes).write($0)) }
            },
            hasDefault: true,
            "the outputs that stand for the data's classes, in their order; none if all do"),
    ]
}

extension TeacherCard.Network {
    /// - Returns: `nil` where one of its sections is missing, or is none, which is noted.
    fileprivate init?(
        of family: any NetworkFamily.Type, _ file: SectionReader, classes: Int
    ) throws(YAMLError) {
        let preprocessing = try file.noting("preprocessing") { (file) throws(YAMLError) in
            try file.section("preprocessing") as Preprocessing
        }
        guard
            let architecture = try file.noting(
                "architecture",
                { (file) throws(YAMLError) in try Architecture(of: family, in: file) }),
            let preprocessing
        else { return nil }
        try file.check("architecture", "classes") { () throws(YAMLError) in
            guard let fault = architecture.fault(classes: classes) else { return }
            throw file.error("architecture.\(fault.key)", fault.message)
        }
        try file.check("architecture", "preprocessing.size") { () throws(YAMLError) in
            guard let size = architecture.imageSize, size != preprocessing.size else { return }
            throw file.error(
                "architecture.image_size",
                "architecture.image_size \(size) differs from preprocessing.size "
                    + "\(preprocessing.size)")
        }
        self.init(architecture: architecture, preprocessing: preprocessing)
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
        outputs = classes
        subject = .responses(responses)
        weights = Weights(file: file, sha256: sha256)
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
        sha256: String?, source: String, top1: Double?
    ) {
        self.name = name
        outputs = classes
        outputNames = classNames
        subject = .network(network)
        weights = Weights(file: file, sha256: sha256)
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
        var entries: [YAMLValue.Entry] = [
            .init("name", .text(YAMLText.scalar(name))),
            .init("kind", .text(kind)),
            .init(
                "classes",
                .text(TeacherClasses.form.write(.init(count: outputs, names: outputNames)))),
        ]
        if let classMap {
            let classes = TeacherClasses(count: outputs, names: outputNames)
            entries.append(.init("class_map", .text(ClassMap.form(of: classes).write(classMap))))
        }
        switch subject {
        case .network(let network):
            entries += [
                .init("architecture", .block(network.architecture.entries)),
                .init("preprocessing", .block(network.preprocessing.entries())),
            ]
        case .exported(let exported):
            entries += [
                .init("exported", .block(exported.interface.entries())),
                .init("preprocessing", .block(exported.preprocessing.entries())),
            ]
        case .ensemble(let ensemble):
            entries.append(.init("members", ensemble.list))
        case .responses(let responses):
            entries.append(.init("responses", .block(responses.entries())))
        }
        if let weights { entries.append(.init("weights", .block(weights.entries()))) }
        entries.append(.init("source", .text(YAMLText.scalar(source))))
        if let top1 { entries.append(.init("top1", .text(YAMLText.scalar(top1)))) }
        return entries.yaml
    }
}

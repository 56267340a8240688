import Foundation
import Recipes
import ResponseCache
import Testing
import Views

@testable import Distillation
@testable import Recipes

/// A field of a cache's fingerprint, a change on one side, and what the student is told.
struct IdentityCase: Sendable, CustomTestStringConvertible {
    typealias Change = @Sendable (inout Inputs) -> Void

    let field: String
    /// What differs from the common inputs when the cache is made.
    var cached: Change = { _ in }
    /// What differs when the student opens it.
    var here: Change = { _ in }
    /// A field that the cache has from another version of the program.
    var older: String?
    /// The lines after the first; each names one field.
    let lines: [String]

    var testDescription: String { field }

    /// A key of the recipe that is changed.
    static func recipe(_ field: String, _ overrides: String..., lines: String...) -> Self {
        Self(field: field, here: { $0.overrides = overrides }, lines: lines)
    }

    /// Another data set.
    static func data(_ field: String, _ name: String, lines: String...) -> Self {
        Self(field: field, here: { $0.dataset = name }, lines: lines)
    }

    /// A teacher that is changed.
    static func teacher(_ field: String, _ line: String, _ here: @escaping Change) -> Self {
        Self(field: field, here: here, lines: [line])
    }
}

@Suite("A cache's identity") struct CacheIdentityTests {
    // printf 'a/0.jpg\0003\0000\na/1.jpg\0005\0000\nb/0.jpg\0005\0001\nb/1.jpg\0006\0001\n' |
    // sha256sum; the data sets of the cases likewise, and a content is the digest of
    // for t in one three seven eleven; do printf $t | sha256sum | cut -c1-64 | xxd -r -p; done
    private static let digest = "6eb37b2da1dc0e419d10fbeee57294f1e9c1a6821e769acd11311da8ffcdffad"

    static let cases: [IdentityCase] = [
        IdentityCase(
            field: "pixels.version", older: "0",
            lines: ["pixels.version: 0 in the cache, \(CacheIdentity.pixelVersion) here"]),
        IdentityCase(
            field: "views.version", older: "philox4x32-10/0",
            lines: ["views.version: philox4x32-10/0 in the cache, philox4x32-10/2 here"]),
        .recipe("seed", "seed=43", lines: "seed: 42 in the cache, 43 here"),
        .recipe("batch.size", "batch.size=2", lines: "batch.size: 4 in the cache, 2 here"),
        .recipe("batch.group", "batch.group=4", lines: "batch.group: 2 in the cache, 4 here"),
        .recipe(
            "batch.repeats", "batch.repeats=2", lines: "batch.repeats: 1 in the cache, 2 here"),
        .recipe("view.size", "view.size=36", lines: "view.size: 32 in the cache, 36 here"),
        .recipe(
            "view.crop.scale", "view.crop.scale=[0.25, 1]",
            lines: "view.crop.scale: [0.08, 1] in the cache, [0.25, 1] here"),
        .recipe(
            "view.crop.ratio", "view.crop.ratio=[1, 1]",
            lines: "view.crop.ratio: [0.75, 1.5] in the cache, [1, 1] here"),
        .recipe(
            "view.interpolation", "view.interpolation=bicubic",
            lines: "view.interpolation: random in the cache, bicubic here"),
        .recipe("view.flip", "view.flip=0", lines: "view.flip: 0.5 in the cache, 0 here"),
        .recipe(
            "view.randaugment", "view.randaugment=rand-m9-mstd0.5",
            lines: "view.randaugment: rand-m7-n2-mstd0.5-p0.5-inc0 in the cache, "
                + "rand-m9-n2-mstd0.5-p0.5-inc0 here"),
        .recipe(
            "view.mean", "view.mean=[0.5, 0.5, 0.5]",
            lines: "view.mean: [0.5, 0.25, 0.5] in the cache, [0.5, 0.5, 0.5] here"),
        .recipe(
            "view.std", "view.std=[1, 1, 1]",
            lines: "view.std: [0.25, 0.25, 0.5] in the cache, [1, 1, 1] here"),
        .recipe(
            "view.mix", "view.mix.mixup=0.8",
            lines: "view.mix: probability 1, mixup 0.2, cutmix 1, switch 0.5 in the cache, "
                + "probability 1, mixup 0.8, cutmix 1, switch 0.5 here"),
        .recipe(
            "view.three_augment", "view.randaugment=none", "view.three_augment=true",
            lines: "views.version: philox4x32-10/2 in the cache, philox4x32-10/1 here",
            "view.randaugment: rand-m7-n2-mstd0.5-p0.5-inc0 in the cache, none here",
            "view.three_augment: absent in the cache, true here"),
        .recipe(
            "view.color_jitter",
            "view.color_jitter={brightness: 0.4, contrast: 0.3, saturation: 0.2}",
            lines: "view.color_jitter: absent in the cache, brightness: 0.4, contrast: 0.3, "
                + "saturation: 0.2, hue: 0, probability: 1 here"),
        .recipe(
            "view.erasing",
            "view.erasing={probability: 0.25, area: [0.1, 0.3], aspect: [0.5, 2], fill: pixel}",
            lines: "view.erasing: absent in the cache, probability: 0.25, area: [0.1, 0.3], "
                + "aspect: [0.5, 2], count: [1, 1], fill: pixel here"),
        .data(
            "data.digest", "other size",
            lines: "data.digest: \(digest) in the cache, "
                + "007a79ecb95670875b5764fe0365a090cd0ddf5faffa349a42306f60d6d02720 here"),
        .data(
            "data.content", "other pack",
            lines: "data.content: "
                + "be3c45795fe105de247bc65b04556fe04c705893d42e1d5a4fe4218280e0c990 in the cache, "
                + "57a063c81592a4d6122c27b67d94da1095abd1345ad2e52e437255fe113a191b here"),
        .data(
            "data.images", "more",
            lines: "data.digest: \(digest) in the cache, "
                + "3a4bd1ccbfdf3136e11f4786f411f233f53214c3cfa1ccb5c426267f5b563c7f here",
            "data.images: 4 in the cache, 5 here"),
        .data(
            "data.classes", "third class",
            lines: "data.digest: \(digest) in the cache, "
                + "6e20355d506ac2110e724ff8e717014a098fbb7c34309ee751342b7d154961be here",
            "data.classes: 2 in the cache, 3 here"),
        .teacher("teacher.name", "teacher.name: tiny in the cache, other here") {
            $0.card.name = "other"
        },
        .teacher(
            "teacher.architecture",
            "teacher.architecture: beit image_size=32 patch=4 width=64 depth=4 heads=4 "
                + "mlp_ratio=4.0 in the cache, resnet depth=18 here"
        ) { $0.card.change { $0.architecture = .resnet18 } },
        .teacher(
            "teacher.class_map", "teacher.class_map: absent in the cache, [1, 0] here"
        ) { $0.card.classMap = [1, 0] },
        .teacher("teacher.size", "teacher.size: 32 in the cache, 48 here") {
            $0.card.change { $0.preprocessing.size = 48 }
        },
        .teacher(
            "teacher.mean", "teacher.mean: [0.5, 0.5, 0.5] in the cache, [0.5, 0.5, 0.25] here"
        ) { $0.card.change { $0.preprocessing.mean[2] = 0.25 } },
        .teacher(
            "teacher.std", "teacher.std: [0.5, 0.5, 0.5] in the cache, [1.0, 0.5, 0.5] here"
        ) { $0.card.change { $0.preprocessing.std[0] = 1 } },
        .teacher("teacher.precision", "teacher.precision: fp32 in the cache, bf16 here") {
            $0.precision = .bf16
        },
        .teacher(
            "views.mixing.version", "views.mixing.version: absent in the cache, 2 here"
        ) { $0.versions.mixing = 2 },
        .teacher(
            "teacher.network.version", "teacher.network.version: absent in the cache, 2 here"
        ) { $0.versions.networks = [2] },
        IdentityCase(
            field: "teacher.renormalization.version",
            cached: { $0.versions.renormalization = 3 },
            here: { $0.versions.renormalization = 2 },
            lines: ["teacher.renormalization.version: 3 in the cache, 2 here"]),
        IdentityCase(
            field: "teacher.responses.version", cached: { $0.card.subject = precomputed },
            here: {
                $0.card.subject = precomputed
                $0.versions.importing = 2
            }, lines: ["teacher.responses.version: absent in the cache, 2 here"]),
        .teacher("teacher.weights", "teacher.weights: 0ff1ce in the cache, c0ffee here") {
            $0.weights = "c0ffee"
        },
        IdentityCase(
            field: "teacher.responses", cached: { $0.card.subject = precomputed },
            here: {
                $0.card.subject = precomputed
                $0.overrides = ["view.mix=none"]
            },
            lines: [
                "view.mix: probability 1, mixup 0.2, cutmix 1, switch 0.5 in the cache, none here",
                "teacher.responses: imported, blended in the cache, imported here",
            ]),
    ]

    private static let precomputed = TeacherCard.Subject.responses(
        .init(dataset: "logits", keys: nil, values: .logits, temperature: 1))

    @Test("a field that differs is told in so many words", arguments: cases)
    func mismatch(_ item: IdentityCase) throws {
        let sets = try DataSets()
        var (cached, here) = (try Inputs(), try Inputs())
        item.cached(&cached)
        item.here(&here)
        var fields = try cached.identity(in: sets).fingerprint.fields
        if let older = item.older {
            let index = try #require(fields.firstIndex { $0.name == item.field })
            fields[index] = .init(name: item.field, value: older)
        }
        let directory = "\(sets.path)/cache"
        _ = try CacheBuilder(
            directory: directory, manifest: smallManifest(Fingerprint(fields: fields)))
        #expect(
            throws: CacheError(
                "\(directory): the cache was made from other inputs; name another directory, or "
                    + "restore what differs:", details: item.lines, cause: .otherInputs)
        ) { try open(directory, as: here, in: sets) }
        #expect(item.lines.contains { $0.hasPrefix("\(item.field): ") })
    }

    @Test("every field has such a case")
    func complete() throws {
        let sets = try DataSets()
        var (network, responses) = (try Inputs(), try Inputs())
        // Everything that can be on, so that its field is there.
        network.overrides = Self.cases.filter { $0.field.hasPrefix("view.") }.flatMap { item in
            var inputs = network
            item.here(&inputs)
            return inputs.overrides
        }
        responses.card.subject = Self.precomputed
        (network.versions, responses.versions) = (.all(2), .all(2))
        network.card.classMap = [1, 0]
        let fields = try [network, responses].flatMap {
            try $0.identity(in: sets).fingerprint.current.fields.map(\.name)
        }
        // Another format is refused before its fields are read.
        #expect(Set(fields).subtracting(["format"]) == Set(Self.cases.map(\.field)))
        #expect(Self.cases.count == Set(Self.cases.map(\.field)).count)

        // A property of the view that has no field would escape the comparison above.
        let view = Mirror(reflecting: try network.recipe().view).children.compactMap(\.label)
        #expect(view.contains("labelSmoothing"))
        for property in view where property != "labelSmoothing" {
            let key = property.reduce(into: "view.") {
                $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1)
            }
            #expect(
                Self.cases.contains { $0.field == key || $0.field.hasPrefix("\(key).") }, "\(key)")
        }
    }

    @Test("the same inputs open it, and what one side does not know is not compared")
    func same() throws {
        let sets = try DataSets()
        let directory = "\(sets.path)/cache"
        var inputs = try Inputs()
        _ = try CacheBuilder(
            directory: directory,
            manifest: smallManifest(inputs.identity(in: sets).fingerprint))
        try open(directory, as: inputs, in: sets)
        inputs.weights = nil
        inputs.dataset = "other bytes"
        try open(directory, as: inputs, in: sets)
        // What a target and a student depend on is no part of a response.
        inputs.overrides = [
            "view.label_smoothing=0", "optimizer.lr=1", "loss.kl=1", "cache.encoding=bounded",
            "cache.epochs=2",
        ]
        try open(directory, as: inputs, in: sets)
    }

    @Test("versions of 1, and those that a kind of teacher does not use, have no field")
    func versions() throws {
        let sets = try DataSets()
        var (network, responses) = (try Inputs(), try Inputs())
        responses.card.subject = Self.precomputed
        func names(_ inputs: Inputs) throws -> [String] {
            try inputs.identity(in: sets).fingerprint.fields.map(\.name)
                .filter { $0.hasSuffix(".version") }
        }
        for inputs in [network, responses] {
            #expect(try names(inputs) == ["pixels.version", "views.version"])
        }
        (network.versions, responses.versions) = (.all(2), .all(2))
        #expect(
            try names(network) == [
                "pixels.version", "views.version", "views.mixing.version",
                "teacher.network.version", "teacher.renormalization.version",
            ])
        #expect(
            try names(responses) == [
                "pixels.version", "views.version", "teacher.responses.version",
            ])
    }

    @Test("other teachers and weights are no part of it")
    func mixture() throws {
        let sets = try DataSets()
        let alone = try Inputs()
        var among = alone
        among.overrides = [
            "teacher=none", "teachers=[{card: card.yaml, weight: 3}, {card: other.yaml}]",
        ]
        #expect(try among.recipe().teachers.map(\.weight) == [0.75, 0.25])
        #expect(
            try among.identity(in: sets).fingerprint == alone.identity(in: sets).fingerprint)
    }

    /// Opens a cache as the student of a recipe with one teacher does.
    private func open(_ directory: String, as inputs: Inputs, in sets: DataSets) throws {
        let match = CacheAssignment(
            recipe: "student",
            teachers: [.init(name: inputs.card.name, identity: try inputs.identity(in: sets))])
        #expect(try match.directories([directory], areMade: false) == [directory])
    }
}

import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// What determines every row of a response cache, in the order in which differences are reported.
package struct CacheIdentity: Sendable {
    /// Version of the code that turns an image file into uint8 pixels. It rises with any change
    /// that can alter a byte.
    package static let pixelVersion = 1

    /// Versions of the code between a view and the response to it.
    ///
    /// Only one above 1 has a field, so that caches from before there were these fields stay valid.
    struct Versions: Sendable {
        /// What computes the teacher's logits.
        var network: Int
        /// What brings a mixed batch to the teacher's normalization.
        var renormalization = Normalization.version
        /// What normalizes and mixes a group.
        var mixing = Mixer.version
        /// What makes responses of a file's numbers, and blends them.
        var importing = CacheImport.version

        /// Those of this program for what a card is of.
        init(_ subject: TeacherCard.Subject) {
            network =
                switch subject {
                case .network(let network): network.architecture.version
                case .responses: 1
                }
        }

        /// The fields of a card's responses.
        func fields(_ subject: TeacherCard.Subject) -> [(name: String, value: String)] {
            let all: [(String, Int)] =
                switch subject {
                case .responses: [("teacher.responses.version", importing)]
                case .network:
                    [
                        ("views.mixing.version", mixing),
                        ("teacher.network.version", network),
                        ("teacher.renormalization.version", renormalization),
                    ]
                }
            return all.filter { $0.1 != 1 }.map { ($0.0, "\($0.1)") }
        }
    }

    /// The fields, teacher's weights included.
    package let fingerprint: Fingerprint
    /// Whether the teacher's weights were at hand to be identified.
    package let knowsWeights: Bool

    static let weightsField = "teacher.weights"
    static let contentField = "data.content"

    /// Gathers the identity of the responses that a recipe asks for of one teacher.
    ///
    /// Other teachers of the recipe and the weights of their mixture are no part of it, so that one
    /// cache serves every recipe with that teacher.
    ///
    /// The contents of the images are known where the data set was packed; otherwise their paths,
    /// sizes and labels stand for them.
    ///
    /// The weights' SHA-256 comes from the card, else from the weights' file, else, where a student
    /// trains on a machine without the teacher, it stays unknown and is not compared.
    ///
    /// - Parameters:
    ///   - teacher: the teacher's section in the recipe.
    ///   - card: its card.
    package init(
        recipe: Recipe, plan: ViewPlan, dataset: ImageDataset, teacher: Recipe.Teacher,
        card: TeacherCard,
        weightsDigest: String?
    ) {
        self.init(
            recipe: recipe, plan: plan, dataset: dataset, teacher: teacher, card: card,
            weightsDigest: weightsDigest, versions: Versions(card.subject))
    }

    /// The same with other versions than this program's.
    init(
        recipe: Recipe, plan: ViewPlan, dataset: ImageDataset, teacher: Recipe.Teacher,
        card: TeacherCard,
        weightsDigest: String?, versions: Versions
    ) {
        var fields: [(name: String, value: String)] = [
            ("format", "\(CacheManifest.currentFormatVersion)"),
            ("pixels.version", "\(Self.pixelVersion)"),
            ("views.version", plan.version),
        ]
        fields += recipe.viewFields
        // Images without labels know no classes.
        let classes = dataset.classes.isEmpty ? recipe.data.classes : dataset.classes.count
        fields += [
            ("data.digest", dataset.digest),
            (Self.contentField, dataset.contentDigest ?? ""),
            ("data.images", "\(dataset.samples.count)"),
            ("data.classes", "\(classes)"),
            ("teacher.name", card.name),
            ("teacher.architecture", card.fingerprintLine),
        ]
        switch card.subject {
        case .responses:
            // Somebody else's images, size and precision: the file's SHA-256 stands for them.
            fields.append(("teacher.responses", CacheImport.description(plan.settings.mix)))
        case .network(let network):
            fields += [
                ("teacher.size", "\(network.preprocessing.size)"),
                ("teacher.mean", "\(network.preprocessing.mean)"),
                ("teacher.std", "\(network.preprocessing.std)"),
                ("teacher.precision", teacher.precision.rawValue),
            ]
        }
        fields += versions.fields(card.subject)
        fields.append((Self.weightsField, weightsDigest ?? ""))
        fingerprint = Fingerprint(fields: fields.map { .init(name: $0.name, value: $0.value) })
        knowsWeights = weightsDigest != nil
    }

    /// The identity to demand of a cache: what only one of the two sides knows is the cache's.
    package func expectation(for manifest: CacheManifest) -> Fingerprint {
        Fingerprint(
            fields: fingerprint.fields.compactMap { field in
                guard [Self.weightsField, Self.contentField].contains(field.name) else {
                    return field
                }
                let cached = manifest.fingerprint.fields.first { $0.name == field.name }
                // A cache from before data sets had content digests knows none.
                guard let cached else { return field.name == Self.contentField ? nil : field }
                return field.value.isEmpty || cached.value.isEmpty ? cached : field
            })
    }

    /// The SHA-256 of a card's weights as far as it can be known on this machine.
    package static func weightsDigest(of card: TeacherCard) throws -> String? {
        if let digest = card.weights.sha256 { return card.weightsIdentity(digest: digest) }
        guard !FileKind.isMissing(card.weightsFile) else { return nil }
        return card.weightsIdentity(digest: try WeightsArchives.digest(at: card.weightsFile))
    }
}

import Base
import StrictYAML

extension Recipe {
    /// The store of a teacher's responses; of several, each has one of its own.
    package struct Cache: Section, Equatable {
        package var epochs = 1
        package var encoding = Encoding.bounded(maxKL: ResponseBounds.standardMaxKL)
        package var groupsPerPart = 64

        /// How a response is stored.
        package enum Encoding: Sendable, Equatable {
            /// Every class's probability.
            case dense
            /// The given number of largest probabilities; the rest is spread evenly.
            case topK(Int)
            /// As few classes as keep each response within so many nats of the teacher's.
            case bounded(maxKL: Double)
        }

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key(
                "epochs", \.epochs, .integer(in: Limits.epochs), hasDefault: true,
                "how many epochs of views are stored; fewer than `schedule.epochs` are replayed"),
            .choice(
                of: encodings, \.encoding, hasDefault: true,
                "how a response is stored: every class's probability, the largest ones, or as few "
                    + "classes as keep it near the teacher's"),
            .constants(of: encodings, \.encoding),
            Key(
                "groups_per_part", \.groupsPerPart, .integer(in: Limits.groupsPerPart),
                hasDefault: true, "whole groups per part file"),
        ]

        private static let encodings = Alternatives<Encoding>(
            "encoding", "with encoding",
            [
                Alternative("dense", .dense),
                Alternative(
                    "topk", { (own: TopK) in .topK(own.k) },
                    { if case .topK(let k) = $0 { TopK(k: k) } else { nil } }),
                Alternative(
                    "bounded", { (own: Bounded) in .bounded(maxKL: own.maxKL) },
                    { if case .bounded(let maxKL) = $0 { Bounded(maxKL: maxKL) } else { nil } }),
            ])

        /// How many of the largest probabilities are stored unless the recipe says it.
        static let standardTopK = 50

        private struct TopK: Section {
            var k = Recipe.Cache.standardTopK

            static let initial = Self()
            static let keys: [Key<Self>] = [
                Key(
                    "top_k", \.k, .integer(in: 1...ResponseBounds.classes - 1), hasDefault: true,
                    "how many of the largest probabilities are stored, fewer than `data.classes`; "
                        + "the rest is spread evenly")
            ]
        }

        private struct Bounded: Section {
            var maxKL = ResponseBounds.standardMaxKL

            static let initial = Self()
            static let keys: [Key<Self>] = [
                Key(
                    "max_kl", \.maxKL, .number(in: .range(ResponseBounds.maxKL)), hasDefault: true,
                    "how far a stored response may be from the teacher's, nats")
            ]
        }

        /// Checks what must hold beside the number of classes.
        func check(_ file: SectionReader, classes: Int) throws(YAMLError) {
            try file.check("data.classes") { () throws(YAMLError) in
                guard classes > ResponseBounds.classes else { return }
                throw file.error(
                    "cache",
                    "a cache holds at most \(ResponseBounds.classes) classes, not the \(classes) of "
                        + "data.classes")
            }
            try file.check("data.classes", "cache") { () throws(YAMLError) in
                guard case .topK(let k) = encoding, k >= classes else { return }
                throw file.error(
                    "cache.top_k",
                    "cache.top_k \(k) is not below data.classes \(classes); lower it to "
                        + "\(classes - 1) or less, or set it to none and cache.encoding to dense")
            }
        }
    }
}

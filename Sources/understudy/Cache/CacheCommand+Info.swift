import ArgumentParser
import Base
import Distillation
import Foundation
import Recipes
import ResponseCache

extension CacheCommand {
    /// `understudy cache info`.
    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what a cache holds.",
            discussion: """
                A cache does not hold labels. With --recipe, the data set's are listed (no image \
                is read), and it is said how often the teacher's first class is one of its \
                view's: a teacher whose classes are in another order is near chance.

                Example:
                  understudy cache info --cache responses
                  understudy cache info --cache responses \\
                    --recipe recipes/imagenet-resnet50-kd.yaml
                """)

        @Option(name: .long, help: "The cache's folder.")
        var cache: String

        @Option(name: .long, help: "The recipe whose teacher made the cache, a YAML file.")
        var recipe: String?

        @OptionGroup var changes: RecipeOverrides

        @Flag(name: .long, help: "Print JSON.")
        var json = false

        func run() throws {
            let agreement = try recipe.flatMap {
                try LabelAgreement(
                    of: cache, recipe: Recipe(contentsOf: $0, overrides: changes.list))
            }
            if let warning = agreement?.warning {
                StandardStreams.report("warning: \(warning)\n")
            }
            let reader = try CacheReader(directory: cache)
            let manifest = reader.manifest
            let info = try reader.info()
            if json {
                try StandardStreams.print(
                    Output(
                        info: info, teacher: manifest.teacher, encoding: manifest.encoding.name,
                        classes: manifest.classes, epochs: manifest.epochs,
                        fingerprint: manifest.fingerprint, agreement: agreement
                    ).json())
                return
            }
            let perResponse = info.bytesPerResponse.map { String(format: "%.1f B", $0) } ?? "-"
            try StandardStreams.print(
                """
                cache        \(cache.printable)
                teacher      \(manifest.teacher.printable)
                responses    \(info.responses.grouped) of \(info.responsesInAll.grouped), \
                \(manifest.classes) classes, \(manifest.encoding)
                epochs       \(info.completeEpochs) of \(manifest.epochs) complete
                coverage     \(CoverageChart(reader))
                parts        \(info.parts.grouped) of \(info.partsInAll.grouped); \
                \(info.epochFiles.grouped) epochs in one file each
                size         \(info.bytes.grouped) B (\(info.bytes.byteText)), \
                \(perResponse) for each response
                divergence   \(info.divergenceText(convertedFrom: manifest.convertedFrom).printable)
                labels       \(labels(agreement))
                fingerprint  \(manifest.fingerprint.digest)
                """)
            for field in manifest.fingerprint.fields {
                try StandardStreams.print("  \(field.name): \(field.value)".printable)
            }
        }

        private func labels(_ agreement: LabelAgreement?) -> String {
            if let agreement { return agreement.text }
            return recipe == nil
                ? "unknown without --recipe" : "unknown: no response is there, or no label"
        }

        private struct Output: Encodable {
            let info: CacheInfo
            let teacher: String
            let encoding: String
            let classes: Int
            let epochs: Int
            let fingerprint: Fingerprint
            let agreement: LabelAgreement?

            func encode(to encoder: any Encoder) throws {
                try info.encode(to: encoder)
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(teacher, forKey: .teacher)
                try container.encode(encoding, forKey: .encoding)
                try container.encode(classes, forKey: .classes)
                try container.encode(epochs, forKey: .epochs)
                try container.encode(fingerprint, forKey: .fingerprint)
                try container.encodeIfPresent(agreement, forKey: .agreement)
            }

            private enum Key: String, CodingKey {
                case teacher, encoding, classes, epochs, fingerprint, agreement
            }
        }
    }
}

extension CacheInfo {
    /// What storing the responses cost, for people.
    fileprivate func divergenceText(convertedFrom: String?) -> String {
        guard let meanKL, let maxKL, let meanEntries else { return "-" }
        let origin = convertedFrom.map { "those it was converted from (\($0))" } ?? "the teacher's"
        return String(
            format: "mean %.5f, at most %.5f nats from %@, %.1f classes stored of each", meanKL,
            maxKL, origin, meanEntries)
    }
}

/// Which epochs of a cache are there, in one line: a mark for each epoch, or for each run of epochs
/// where there are many.
struct CoverageChart: CustomStringConvertible {
    let description: String

    private static let width = 60

    /// Charts a cache as it is now.
    init(_ reader: CacheReader) {
        let parts = reader.manifest.partsPerEpoch
        let there = reader.coverage().mapValues(\.count)
        self.init(
            shares: (0..<reader.manifest.epochs).map { Double(there[$0] ?? 0) / Double(parts) })
    }

    /// Charts the share of each epoch that is there.
    init(shares: [Double]) {
        let run = max(1, (shares.count + Self.width - 1) / Self.width)
        let marks = stride(from: 0, to: shares.count, by: run).map { start -> Character in
            let some = shares[start..<min(start + run, shares.count)]
            if some.allSatisfy({ $0 == 1 }) { return "#" }
            return some.allSatisfy { $0 == 0 } ? "." : "+"
        }
        description =
            "\(String(marks))  \(run == 1 ? "a mark" : "\(run) epochs a mark"): "
            + "# whole, + in part, . missing"
    }
}

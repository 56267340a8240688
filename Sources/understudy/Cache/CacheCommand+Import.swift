import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes
import ResponseCache
import StrictYAML

extension CacheCommand {
    /// `understudy cache import`.
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings responses that somebody else computed into a cache.",
            discussion: """
                The recipe's teacher card is of kind precomputed: it names an HDF5 file with a \
                dataset [images, classes], or [views, images, classes] of which epoch e takes view \
                e mod views; its SHA-256; what the numbers are; and the temperature. Rows are \
                matched to the training images by a dataset of file names (relative path, or a \
                name that one image has), or without keys by the order of sorted paths.

                If the card is not there yet, --from, --dataset and --logits or --probabilities \
                make it. If it is there, each of these options must say what it says; only --from \
                may name another place of the same file.

                Where the recipe mixes, the responses of both partners are blended by the group's \
                lambda. That is an approximation, and the cache's fingerprint says so.

                It says how often the first class of a response is one of the view's labels: \
                responses whose classes are in another order than the data's are near chance.

                Example:
                  understudy cache import --recipe recipes/mine.yaml --cache responses \\
                    --from logits.h5 --dataset logits --keys names --logits
                """)

        @OptionGroup var recipe: RecipeOptions
        @OptionGroup var teacher: TeacherOptions
        @OptionGroup var loading: LoadingArguments

        @Option(name: .long, help: "The cache's folder; made if it is not there.")
        var cache: String

        @Option(name: .long, help: "The HDF5 file of responses.")
        var from: String?

        @Option(name: .long, help: "The dataset of responses.")
        var dataset: String?

        @Option(name: .long, help: "The dataset of file names, one for each row.")
        var keys: String?

        @Flag(help: "What the numbers are.")
        var values: ResponseValues?

        @Option(name: .long, help: "Divides logits before the softmax; 1 in a new card.")
        var temperature: Double?

        @Option(
            name: .long, help: "The teacher's name in a new card; else --teacher's, or the file's.")
        var teacherName: String?

        @Flag(name: .long, help: "Print the summary as JSON.")
        var json = false

        func validate() throws {
            if let temperature, !(temperature > 0 && temperature.isFinite) {
                throw ValidationError("--temperature must be a number above 0")
            }
        }

        func run() throws {
            Interruption.install()
            let recipe = try recipe.read()
            let section = try teacher.section(of: recipe)
            let newCard: TeacherCard?
            if FileKind.isMissing(section.card) {
                newCard = try makeCard(at: section.card, classes: recipe.data.classes)
            } else {
                try compare(with: section.card)
                newCard = nil
            }
            let work = try CacheImport(
                recipe: recipe, teacher: section, newCard: newCard, directory: cache, file: from,
                loading: loading.options)
            let bar = ProgressBar()
            for note in work.notes { bar.line(note) }
            if work.isBlended {
                bar.line(
                    "the recipe mixes images: responses of both partners are blended by lambda, "
                        + "which approximates what the teacher would say of the mixed image")
            }
            let summary = try work.run(progress: bar)
            if json {
                try StandardStreams.print(summary.json())
            } else {
                try StandardStreams.print(
                    "\(cache): \(summary.built) parts built, \(summary.skipped) were there; "
                        + "\(summary.rows.grouped) responses in "
                        + String(format: "%.1f s", summary.seconds)
                        + (summary.blended ? "; blended" : "")
                        + (summary.agreement.map { "\nlabels: \($0.text)" } ?? ""))
            }
        }

        /// Holds the options that were given against the card.
        private func compare(with path: String) throws {
            let card = try TeacherCard(contentsOf: path)
            guard case .responses(let responses) = card.subject else { return }
            let pairs: [(String, String?, String)] = [
                ("--dataset", dataset, responses.dataset),
                ("--keys", keys, responses.keys ?? "null"),
                ("--\(values?.rawValue ?? "")", values?.rawValue, responses.values.rawValue),
                ("--temperature", temperature.map { "\($0)" }, "\(responses.temperature)"),
                ("--teacher-name", teacherName, card.name),
            ]
            for (option, given, written) in pairs {
                guard let given, given != written else { continue }
                throw CommandError(
                    "\(path): says \(written), \(option) says \(given); a student accepts only what "
                        + "the recipe's card says: mend the card, or leave the option out")
            }
        }

        /// The card that the recipe names; it is written once the rows are checked.
        private func makeCard(at path: String, classes: Int) throws -> TeacherCard {
            guard let from, let dataset, let values else {
                throw CommandError(
                    "\(path): there is no such teacher card; --from, --dataset and --logits or "
                        + "--probabilities make one")
            }
            let file = URL(fileURLWithPath: from).standardizedFileURL.path
            let responses = TeacherCard.Responses(
                dataset: dataset, keys: keys, values: values.inCards, temperature: temperature ?? 1)
            // Looked at before it is hashed, so that a wrong file is told at once.
            _ = try ForeignResponses(
                path: file, dataset: dataset, values: .logits, temperature: 1)
            let card = TeacherCard(
                name: teacherName ?? teacher.teacher ?? Self.word(from), classes: classes,
                responses: responses, file: file, sha256: try SHA256Sum.ofFile(file),
                source: "imported from \(file)")
            // As it will be read back: a name that no card may have is refused here. There is no such
            // file yet, and so no line of it to look at.
            do {
                return try TeacherCard(parsing: card.yaml, path: path)
            } catch let error as YAMLError {
                throw CommandError("the card that would be \(path): \(error.message)")
            } catch let errors as YAMLErrors {
                let messages = errors.all.map(\.message).joined(separator: "; ")
                throw CommandError("the card that would be \(path): \(messages)")
            }
        }

        /// The file's name as a card's name may be written.
        private static func word(_ path: String) -> String {
            let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            return String(
                name.map {
                    $0.isASCII && ($0.isLetter || $0.isNumber) || "_-".contains($0) ? $0 : "-"
                })
        }
    }
}

/// What the numbers of a file of responses are.
enum ResponseValues: String, EnumerableFlag {
    case logits, probabilities

    /// The same as a card says it.
    fileprivate var inCards: TeacherCard.Responses.Values {
        switch self {
        case .logits: .logits
        case .probabilities: .probabilities
        }
    }
}

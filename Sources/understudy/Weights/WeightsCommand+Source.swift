import ArgumentParser
import Base
import Foundation
import Recipes
import Torch

extension WeightsCommand {
    /// `understudy weights source`.
    struct Source: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints which file a card names, and where it comes from.",
            discussion: """
                The file, its SHA-256, the address from which it can be had, and whether it is \
                there. tools/fetch-weights downloads it.

                Example:
                  understudy weights source teachers/beit_base_patch16_224.yaml
                """)

        @Argument(help: ArgumentHelp("The teacher's card.", valueName: "card"))
        var card: String

        @Flag(name: .long, help: "Print JSON.")
        var json = false

        /// Whether a card's file is there.
        private enum State: String, Encodable {
            case missing
            /// There, and the card says nothing by which it could be checked.
            case unchecked
            /// There, with the SHA-256 that the card names.
            case present
            /// There, with another.
            case wrong
        }

        private struct Output: Encodable {
            let name: String
            let file: String
            let sha256: String?
            let url: String?
            let source: String
            let state: State
        }

        func run() throws {
            let card = try TeacherCard(contentsOf: card)
            let output = Output(
                name: card.name, file: card.weights.file, sha256: card.weights.sha256,
                url: card.weights.url, source: card.source, state: try Self.state(card.weights))
            guard !json else {
                try StandardStreams.print(output.json())
                return
            }
            try StandardStreams.print(
                """
                \(output.name): \(output.state.rawValue)
                  file    \(output.file)
                  sha256  \(output.sha256 ?? "-")
                  url     \(output.url ?? "-")
                  source  \(output.source)
                """.printableLines)
        }

        private static func state(_ weights: TeacherCard.Weights) throws -> State {
            guard !FileKind.isMissing(weights.file) else { return .missing }
            guard let sha256 = weights.sha256 else { return .unchecked }
            return try WeightsArchives.digest(at: weights.file) == sha256 ? .present : .wrong
        }
    }
}

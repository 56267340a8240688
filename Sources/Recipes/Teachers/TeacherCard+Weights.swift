import Base
import Models
import StrictYAML
import Torch

extension TeacherCard {
    /// The section that names a card's file.
    package struct Weights: Section, Equatable {
        /// The file, the index of several or the folder of the weights, or the file of the responses;
        /// absolute.
        package var file: String
        /// Its SHA-256, 64 lower-case hexadecimal digits; `nil` leaves it unchecked.
        package var sha256: String?
        /// Whose layout the weights have; `nil` where they are to tell it.
        package var layout: WeightOrigin?
        /// The key of the tensors in a file that has several sets of them; `nil` for the network's.
        package var entry: String?
        /// Where the file can be downloaded.
        package var url: String?

        package init(file: String, sha256: String?) {
            self.file = file
            self.sha256 = sha256
        }

        package static let initial = Self(file: "", sha256: nil)

        package static let keys: [Key<Self>] = [
            Key("file", \.file, .path, "the file of the weights, or of the responses"),
            Key(
                "sha256", \.sha256, .orNone(digest, as: "null"),
                "its SHA-256; null leaves it unchecked"),
            .added(
                "layout", \.layout, .orNone(.choice),
                "the library whose names the tensors have, where they do not tell it"),
            .added(
                "entry", \.entry, .orNone(.text),
                "the key of the tensors in a file of `torch.save` that has several sets of them"),
            .added(
                "url", \.url, .orNone(address),
                "where the file comes from, for tools/fetch-weights"),
        ]

        /// Refuses what says how a network's tensors are read, on a card of something else.
        func refuseReading(_ card: SectionReader) throws(YAMLError) {
            let given = layout != nil ? "weights.layout" : entry != nil ? "weights.entry" : nil
            guard let given else { return }
            throw card.error(given, "\(given) is of a network's weights; leave it out")
        }

        private static let digest = Form<String>(
            expected: "64 hexadecimal digits in lower case",
            parse: { node in
                guard case .scalar(let text, _) = node.content, text.utf8.count == 64 else {
                    return nil
                }
                let isHex = text.utf8.allSatisfy {
                    (48...57).contains($0) || (97...102).contains($0)
                }
                return isHex ? text : nil
            }, write: { YAMLText.scalar($0) })

        private static let address = Form<String>(
            expected: "an address that begins with https:// or http://",
            parse: { node in
                guard case .scalar(let text, _) = node.content,
                    text.hasPrefix("https://") || text.hasPrefix("http://"),
                    text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
                else { return nil }
                return text
            }, write: { YAMLText.scalar($0) })
    }

    /// What stands for the weights in a cache's identity.
    ///
    /// - Parameter digest: the file's SHA-256.
    package func weightsIdentity(digest: String) -> String {
        WeightsArchives.identity(digest: digest, entry: weights?.entry)
    }
}

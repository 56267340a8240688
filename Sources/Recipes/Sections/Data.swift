import Base
import StrictYAML

extension Recipe {
    /// The images: folders with one subfolder per class, lists of paths and labels, or tar shards.
    package struct Data: Section, Equatable {
        package var train = ""
        package var val = ""
        package var classes = 2
        package var onError = OnError.fail

        /// What happens when an image cannot be read.
        package enum OnError: String, Sendable, CaseIterable {
            /// Stop with an error that names the file.
            case fail
            /// Take another image, chosen deterministically, and count it.
            case substitute
        }

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key(
                "train", \.train, .path,
                "the training images: a folder of class folders or of tar shards, or a list"),
            Key("val", \.val, .path, "the validation images; likewise"),
            Key(
                "classes", \.classes, .integer(in: Limits.classes), hasDefault: true,
                "how many classes there are"),
            Key(
                "on_error", \.onError, .choice, hasDefault: true,
                "what happens when an image cannot be read: stop with an error that names the file, "
                    + "or take another image, chosen deterministically, and count it"),
        ]
    }
}

import Base
import StrictYAML

extension Recipe {
    /// The images: folders with one subfolder per class, lists of paths and labels, or tar shards; and
    /// images without labels.
    package struct Data: Section, Equatable {
        /// `nil` where no training image has a label.
        package var train: String? = ""
        /// Images without labels; `nil` without any.
        package var unlabeled: String?
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
                "train", \.train, .orNone(.path),
                "the training images: a folder of class folders or of tar shards, or a list; none "
                    + "where `unlabeled` are all"),
            Key(
                "unlabeled", expected: Form<String?>.orNone(.path).title,
                read: { (section, data) throws(YAMLError) in
                    guard section.has("unlabeled") else { return }
                    data.unlabeled = try section.value("unlabeled", .orNone(.path))
                },
                // Left out where there are none, as in recipes from before there was the key.
                write: { $0.unlabeled.map { .text(Form<String>.path.write($0)) } },
                hasDefault: true,
                "training images without labels, mixed among the others: a folder with all that is "
                    + "in it, or a list of paths; `ce` counts labelled images only"),
            Key("val", \.val, .path, "the validation images; likewise"),
            Key(
                "classes", \.classes, .integer(in: Limits.classes), hasDefault: true,
                "how many classes there are"),
            Key(
                "on_error", \.onError, .choice, hasDefault: true,
                "what happens when an image cannot be read: stop with an error that names the file, "
                    + "or take another image, chosen deterministically, and count it"),
        ]

        package func check(_ section: SectionReader) throws(YAMLError) {
            guard train != nil || unlabeled != nil else {
                throw section.error(
                    "train", "data.train is none, and so is data.unlabeled: no image to train on")
            }
        }
    }
}

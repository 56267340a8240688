import Base
import StrictYAML

/// How slots form groups and steps: section `batch`.
package struct BatchSettings: Section, Equatable {
    package var size = 1
    package var group = 1
    package var repeats = 1

    /// Groups per step.
    package var groups: Int { size / group }

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key("size", \.size, .integer(in: Limits.batch), "the slots of an optimizer step"),
        Key(
            "group", \.group, .integer(in: Limits.batch),
            "the slots of a group: the unit of mixing, of batch-norm statistics and of one forward pass"
        ),
        Key(
            "repeats", \.repeats, .integer(in: Limits.batch), hasDefault: true,
            "the slots of an epoch that show the same image (repeated augmentation); 1 for none"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        guard size % group == 0 else {
            throw section.error("size", "batch.size \(size) is not a multiple of group \(group)")
        }
        guard repeats <= groups else {
            throw section.error(
                "repeats",
                "batch.repeats \(repeats) exceeds the \(groups) group(s) of a step: "
                    + "the copies of an image must fall in different groups")
        }
    }
}

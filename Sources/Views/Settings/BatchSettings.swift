import Base
import StrictYAML

/// How slots form groups and steps: section `batch`.
package struct BatchSettings: Section, Equatable {
    package var size = 1536
    package var group = 192
    package var repeats = 1

    /// Groups per step.
    package var groups: Int { size / group }

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "size", \.size, .integer(in: Limits.batch), hasDefault: true,
            "the slots of an optimizer step"),
        Key(
            "group", \.group, .integer(in: Limits.batch), hasDefault: true,
            "the slots of a group: the unit of mixing, of batch-norm statistics and of one forward pass"
        ),
        Key(
            "repeats", \.repeats, .integer(in: Limits.batch), hasDefault: true,
            "the slots of an epoch that show the same image (repeated augmentation); 1 for none"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("size", "group", "repeats") { () throws(YAMLError) in
            guard size % group == 0 else {
                let fewest = max(size / group, repeats)
                let multiples = [fewest, max(fewest, size / group + 1)].map { $0 * group }
                    .filter { $0 > 0 && Limits.batch.contains($0) }
                let choice = Set(multiples).sorted().map { "\($0)" }.joined(separator: " or ")
                throw section.error(
                    "size",
                    "batch.size \(size) is not a multiple of group \(group): "
                        + (choice.isEmpty ? "lower group" : "choose \(choice)"))
            }
            guard repeats <= groups else {
                throw section.error(
                    "repeats",
                    "batch.repeats \(repeats) exceeds the \(groups) group(s) of a step, and the copies "
                        + "of an image must fall in different groups: lower it to \(groups)")
            }
        }
    }
}

extension BatchSettings {
    /// How many slots of an epoch a number of images gives, before they are cut into whole steps.
    ///
    /// The published sampler keeps a multiple of 256 positions of the repeated list (Touvron et al.,
    /// DeiT), so each epoch shows a third of the images three times, not all of them.
    func positions(images: Int) -> Int {
        repeats == 1 || images < 256 ? images : images / 256 * 256
    }

    /// Steps of an epoch; 0 where the images do not fill one.
    package func stepsPerEpoch(images: Int) -> Int { positions(images: images) / size }

    /// The largest even group that the step can be cut into instead, if there is one.
    package var evenGroup: Int? {
        Self.group(dividing: size, upTo: min(group, size / repeats)).flatMap {
            $0 % 2 == 0 ? $0 : nil
        }
    }

    /// The largest even divisor of a step's slots, else the largest divisor; nil below 1.
    package static func group(dividing size: Int, upTo most: Int) -> Int? {
        let divisors = stride(from: most, to: 0, by: -1).filter { size % $0 == 0 }
        return divisors.first { $0 % 2 == 0 } ?? divisors.first
    }

    /// What to change where the images do not fill a step; what it says can be read and planned.
    func advice(images: Int) -> String {
        let positions = positions(images: images)
        let fitting = positions / group * group
        if fitting >= group * repeats {
            return "lower batch.size to \(fitting), the largest multiple of batch.group that fits"
        }
        // Even, since mixing pairs the members of a group.
        let even = positions / repeats / 2 * 2
        guard even > 0 else {
            let pairs = images / 2 * 2
            return repeats > 1 && pairs > 0
                ? "lower batch.repeats to 1, and batch.group and batch.size to \(pairs), or add "
                    + "images"
                : "add images"
        }
        return "lower batch.group to \(even) and batch.size to \(even * repeats), or add images"
    }
}

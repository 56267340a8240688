import StrictYAML

/// Mixup and CutMix, drawn once per group: section `view.mix`.
package struct MixSettings: Section, Equatable {
    package var probability = 0.0
    package var mixup = 0.0
    package var cutmix = 0.0
    package var `switch` = 0.0

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "probability", \.probability, .number(in: .share),
            "the probability that a group is mixed at all"),
        Key("mixup", \.mixup, .number(in: parameters), "λ ~ Beta(mixup, mixup); 0 turns mixup off"),
        Key(
            "cutmix", \.cutmix, .number(in: parameters),
            "λ ~ Beta(cutmix, cutmix); 0 turns CutMix off"),
        Key(
            "switch", \.switch, .number(in: .share), "the probability of CutMix where both are on"),
    ]

    private static let parameters = NumberBounds.range(0...1000)

    package func check(_ section: SectionReader) throws(YAMLError) {
        // Far below 1, every λ of Beta is 0 or 1.
        for (key, value) in [("mixup", mixup), ("cutmix", cutmix)]
        where value != 0 && value < 0.001 {
            throw section.error(
                key, "\(section.dotted(key)): expected 0, or a number from 0.001 to 1000")
        }
        guard mixup > 0 || cutmix > 0 else {
            throw section.error("mixup", "view.mix: mixup and cutmix are both 0; write mix: none")
        }
    }

    /// The whole as one field of a fingerprint.
    var fieldText: String {
        "probability \(YAMLText.scalar(probability)), mixup \(YAMLText.scalar(mixup)), "
            + "cutmix \(YAMLText.scalar(cutmix)), switch \(YAMLText.scalar(`switch`))"
    }
}

import StrictYAML

extension Recipe {
    /// The weights of the loss's terms.
    package struct Loss: Section, Equatable {
        package var kl = 0.0
        package var ce = 0.0

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key(
                "kl", \.kl, .number(in: .nonNegative),
                "the weight of the divergence from the teacher's response; above 0 it needs a "
                    + "teacher"),
            Key(
                "ce", \.ce, .number(in: .nonNegative),
                "the weight of the cross-entropy with the mixed, smoothed labels"),
        ]

        package func check(_ section: SectionReader) throws(YAMLError) {
            guard kl + ce > 0 else {
                throw section.error(
                    "kl", "loss.kl and loss.ce are both 0: nothing would be learnt")
            }
        }
    }
}

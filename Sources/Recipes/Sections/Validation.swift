import Base
import Imaging
import StrictYAML

extension Recipe {
    /// How the model is measured after each epoch.
    package struct Validation: Section, Equatable {
        package var size = 224
        package var resize = 256
        package var interpolation = Interpolation.bilinear
        package var batch = 256

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key(
                "size", \.size, .integer(in: Limits.sides), hasDefault: true,
                "the side of the center crop, pixels"),
            Key(
                "resize", \.resize, .integer(in: Limits.sides), hasDefault: true,
                "the short side before the crop, pixels; at least `size`"),
            Key(
                "interpolation", \.interpolation, .choice, hasDefault: true, "the resampling filter"
            ),
            Key(
                "batch", \.batch, .integer(in: Limits.batch), hasDefault: true,
                "images per forward pass"),
        ]

        /// The short side before a crop of some size: published are 256 before 224.
        static func resize(for size: Int) -> Int {
            min(Int((Double(size) / 0.875).rounded()), Limits.sides.upperBound)
        }

        package func check(_ section: SectionReader) throws(YAMLError) {
            try section.check("size", "resize") { () throws(YAMLError) in
                guard resize >= size else {
                    throw section.error(
                        "resize",
                        "validation.resize \(resize) is less than validation.size \(size): raise it to "
                            + "\(Self.resize(for: size)), or leave it out")
                }
            }
        }
    }
}

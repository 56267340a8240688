import Base
import Imaging
import StrictYAML

extension Recipe {
    /// How the model is measured after each epoch.
    package struct Validation: Section, Equatable {
        package var size = 1
        package var resize = 1
        package var interpolation = Interpolation.bilinear
        package var batch = 1

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key("size", \.size, .integer(in: Limits.sides), "the side of the centre crop, pixels"),
            Key(
                "resize", \.resize, .integer(in: Limits.sides),
                "the short side before the crop, pixels; at least `size`"),
            Key("interpolation", \.interpolation, .choice, "the resampling filter"),
            Key("batch", \.batch, .integer(in: Limits.batch), "images per forward pass"),
        ]

        package func check(_ section: SectionReader) throws(YAMLError) {
            guard resize >= size else {
                throw section.error(
                    "resize", "validation.resize \(resize) is less than validation.size \(size)")
            }
        }
    }
}

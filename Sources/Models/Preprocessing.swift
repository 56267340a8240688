import Base
import Imaging
import StrictYAML

/// What a network expects of an image, and how it is prepared for a clean evaluation.
package struct Preprocessing: Section, Equatable {
    package var size: Int
    package var resize: Int
    package var interpolation: Interpolation
    package var mean: [Double]
    package var std: [Double]

    /// Makes a preprocessing; `resize` is at least `size`.
    package init(
        size: Int, resize: Int, interpolation: Interpolation, mean: [Double], std: [Double]
    ) {
        self.size = size
        self.resize = resize
        self.interpolation = interpolation
        self.mean = mean
        self.std = std
    }

    package static let initial = Self(
        size: 1, resize: 1, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 1, 1])

    package static let keys: [Key<Self>] = [
        Key("size", \.size, .integer(in: Limits.sides), "the side of the square input, in pixels"),
        Key(
            "resize", \.resize, .integer(in: Limits.sides),
            "the short side before the center crop, in pixels"),
        Key("interpolation", \.interpolation, .choice, "the resampling filter"),
        Key(
            "mean", \.mean, .numbers(3, in: .share),
            "subtracted from each channel (red, green, blue)"),
        Key(
            "std", \.std, .numbers(3, in: .deviation),
            "divides each channel after `mean`"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("size", "resize") { () throws(YAMLError) in
            guard resize >= size else {
                throw section.error(
                    "resize",
                    "preprocessing.resize \(resize) is less than preprocessing.size \(size)")
            }
        }
    }
}

extension Preprocessing {
    /// Mean and deviation of ImageNet's pixels.
    static func imageNet(_ size: Int, resize: Int, _ interpolation: Interpolation) -> Self {
        Self(
            size: size, resize: resize, interpolation: interpolation,
            mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
    }

    /// Pixels from -1 to 1, as Inception's were.
    static func inception(_ size: Int, resize: Int, _ interpolation: Interpolation) -> Self {
        Self(
            size: size, resize: resize, interpolation: interpolation,
            mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5])
    }
}

import StrictYAML

/// The random resized crop: section `view.crop`.
package struct CropSettings: Section, Equatable {
    package var scale = 1.0...1
    package var ratio = 1.0...1

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "scale", \.scale, .interval(in: .positiveShare),
            "the crop's area as a share of the image's, drawn uniformly"),
        Key(
            "ratio", \.ratio, .interval(in: .range(0.001...1000)),
            "the crop's width over its height, its logarithm drawn uniformly"),
    ]
}

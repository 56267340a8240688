/// A colour of 8 bits a channel.
package struct Colour: Equatable, Sendable {
    /// The three channels.
    package let red, green, blue: UInt8

    /// Makes a colour of its channels.
    package init(red: UInt8, green: UInt8, blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// The colour of a mean: 255 times each channel, rounded half to even.
    ///
    /// It is what RandAugment's geometric operations show where there is no picture. Source: timm
    /// 1.0.31, `timm/data/transforms_factory.py`: `min(255, round(255 * x)) for x in mean`.
    ///
    /// - Parameter mean: Red, green, blue, in 0…1.
    package init(mean: [Double]) {
        precondition(mean.count == 3, "a colour has three channels")
        func byte(_ value: Double) -> UInt8 {
            UInt8(max(0, min((255 * value).rounded(.toNearestOrEven), 255)))
        }
        self.init(red: byte(mean[0]), green: byte(mean[1]), blue: byte(mean[2]))
    }

    /// ImageNet's mean colour, (124, 116, 104).
    package static let imageNetMean = Colour(mean: [0.485, 0.456, 0.406])
}

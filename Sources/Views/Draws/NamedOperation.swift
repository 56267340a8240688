import Imaging

/// One operation of a rendering under the name that records and contact sheets give it.
package struct NamedOperation: Sendable, Equatable {
    /// timm's name of the operation, or `Hue`, `Greyscale`, `GaussianBlur`.
    package let name: String
    /// RandAugment's magnitude, 0…10; `nil` for operations of another origin.
    package let magnitude: Double?
    /// The argument, for RandAugment in timm's unit; `nil` for operations without one.
    package let argument: Double?
    /// What is done to the pixels.
    package let operation: PixelOperation
}

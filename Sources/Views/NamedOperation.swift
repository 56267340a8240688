import Imaging

/// One operation of a rendering under the name that records and contact sheets give it.
public struct NamedOperation: Sendable, Equatable {
    /// timm's name of the operation, or `Hue`, `Greyscale`, `GaussianBlur`.
    public let name: String
    /// RandAugment's magnitude, 0…10; `nil` for operations of another origin.
    public let magnitude: Double?
    /// The argument, for RandAugment in timm's unit; `nil` for operations without one.
    public let argument: Double?
    /// What is done to the pixels.
    public let operation: PixelOperation
}

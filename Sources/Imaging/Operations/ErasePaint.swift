/// What an erased rectangle shows.
package enum ErasePaint: Equatable, Sendable, Codable {
    /// One colour.
    case colour(red: UInt8, green: UInt8, blue: UInt8)
    /// A colour for each pixel: `[height, width, 3]` of the rectangle, red first.
    case pixels([UInt8])
}

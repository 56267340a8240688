import Base
import Loading
import Recipes

extension ViewLoader {
    /// A loader that takes the CRC-32C of each group's pixels, the identity of what a network is
    /// shown.
    init(checksumming recipe: Recipe, options: LoadingOptions) throws {
        try self.init(recipe: recipe, options: options) { crc32c($0) }
    }
}

extension ViewGroup {
    /// The CRC-32C of the pixels.
    var pixelChecksum: UInt32 {
        guard let checksum else { preconditionFailure("the loader takes no checksums") }
        return checksum
    }
}

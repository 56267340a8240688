import Base
import Foundation
import Torch

/// The memory that images take before any network has seen them: its least need, known from a recipe
/// alone.
struct PixelMemory {
    /// How many images there are at a time.
    let images: Int
    /// The sides that each is rendered at, in pixels.
    let sizes: Set<Int>
    /// Where they become a network's input.
    let device: Device

    /// On the host, in bytes: three a pixel as they are rendered, and on the CPU twelve more as the
    /// floats of the network that takes the largest.
    var bytes: Int {
        let pixels = sizes.map { images * $0 * $0 }
        return 3 * pixels.reduce(0, +) + (device == .cpu ? 12 * (pixels.max() ?? 0) : 0)
    }

    /// Checks that they can fit.
    ///
    /// - Parameters:
    ///   - available: bytes that can be had at most.
    ///   - keys: of the recipe, that make it less.
    /// - Throws: `DatasetError`.
    func check(
        _ what: String, keys: String, available: Int = SystemMemory.most()
    ) throws(DatasetError) {
        guard bytes > available else { return }
        let sides = sizes.sorted().map { "\($0)x\($0)" }.joined(separator: " and ")
        throw DatasetError(
            "\(what) of \(images) images of \(sides) pixels needs at least \(bytes) bytes of memory, "
                + "and no more than \(available) can be had; lower \(keys)",
            cause: .system(ENOMEM))
    }
}

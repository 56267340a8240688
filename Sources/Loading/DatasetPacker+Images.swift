import Base
import Imaging

extension DatasetPacker {
    /// An image as it goes into a shard.
    struct Packed: Sendable {
        let bytes: [UInt8]
        /// The ending of its format, for a path without one.
        let ending: String
        let isResized: Bool
    }

    /// Reads an image and makes it smaller where that is asked for.
    func image(_ index: Int) throws(DatasetError) -> Packed {
        let path = dataset.samples[index].path
        let hasEnding = ImageDataset.extensions.contains(Directory.ending(of: path))
        return try dataset.reading(index, into: FileBuffer()) { bytes in
            if let side = options.maxShortSide {
                let (width, height) = try ImageDecoder.size(of: bytes)
                let short = min(width, height)
                if short > side {
                    // int(side · long / short), as torchvision's Resize truncates.
                    let resized = try ImageDecoder.decode(bytes).resized(
                        width: side * width / short, height: side * height / short,
                        interpolation: .bicubic)
                    return Packed(
                        bytes: try ImageEncoder.jpeg(resized, quality: options.quality),
                        ending: "jpg", isResized: true)
                }
            }
            let format = ImageFormat(sniffing: bytes)
            guard hasEnding || format != nil else {
                throw DatasetError("neither JPEG nor PNG, by name or content")
            }
            guard SystemMemory.canAllocate(bytes.count) else {
                throw DatasetError.noMemory("the image", bytes.count)
            }
            return Packed(
                bytes: Array(bytes), ending: format == .png ? "png" : "jpg", isResized: false)
        }
    }

    /// A path with an ending that fits a JPEG.
    static func jpegPath(_ path: String) -> String {
        Directory.ending(of: path) == "png" ? String(path.dropLast(3)) + "jpg" : path
    }
}

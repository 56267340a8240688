import Base
import Imaging

/// An image as it goes into a shard.
struct PackedImage: Sendable {
    let bytes: [UInt8]
    /// The ending of its format, for a path without one.
    let ending: String
    let isResized: Bool

    private init(bytes: [UInt8], ending: String, isResized: Bool) {
        self.bytes = bytes
        self.ending = ending
        self.isResized = isResized
    }

    /// Reads an image and makes it smaller where that is asked for.
    init(
        _ index: Int, of dataset: ImageDataset, _ options: DatasetPacker.Options
    ) throws(DatasetError) {
        let path = dataset.samples[index].path
        let hasEnding = FileEndings.images.contains(Directory.ending(of: path))
        self = try dataset.reading(index, into: FileBuffer()) { bytes in
            if let side = options.maxShortSide {
                let (width, height) = try ImageDecoder.size(of: bytes)
                let short = min(width, height)
                if short > side {
                    // int(side · long / short), as torchvision's Resize truncates.
                    let resized = try ImageDecoder.decode(bytes).resized(
                        width: side * width / short, height: side * height / short,
                        interpolation: .bicubic)
                    return PackedImage(
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
            return PackedImage(
                bytes: Array(bytes), ending: format == .png ? "png" : "jpg", isResized: false)
        }
    }

    /// The path of a resized image: with an ending that fits a JPEG.
    static func path(ofResized path: String) -> String {
        Directory.ending(of: path) == "png" ? String(path.dropLast(3)) + "jpg" : path
    }
}

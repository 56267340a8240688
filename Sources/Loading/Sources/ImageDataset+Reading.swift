import Imaging

extension ImageDataset {
    /// Reads one image's bytes and lends them to `body`.
    ///
    /// Allocates nothing once the buffer has grown to the size of the files.
    ///
    /// - Parameters:
    ///   - index: the image, `0..<samples.count`.
    ///   - buffer: the memory to read into; of the calling thread alone.
    ///   - body: uses the bytes, which are valid during the call only.
    /// - Throws: `DatasetError` with the image's place if it cannot be read, is not what was listed
    ///   or indexed, or `body` throws.
    package func reading<Result>(
        _ index: Int, into buffer: FileBuffer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        try reading(nil, of: index, into: buffer, body)
    }

    /// Reads a part of one image's bytes and lends them to `body`.
    func reading<Result>(
        _ part: Range<Int>?, of index: Int, into buffer: FileBuffer,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        let bytes = try store.read(index, samples[index], part, into: buffer)
        do {
            return try body(bytes)
        } catch {
            throw DatasetError(
                "\(location(of: index)): \(error)",
                cause: (error as? ImageError).map { .image($0.cause) } ?? .contents)
        }
    }

    /// Where an image lies: its path, or `shard.tar: member`.
    package func location(of index: Int) -> String {
        store.location(of: index, samples[index])
    }

    /// Decodes one image whole.
    ///
    /// - Throws: `DatasetError` naming its place.
    package func image(_ index: Int) throws(DatasetError) -> Image {
        try decoding(index) { try ImageDecoder.decode($0) }
    }

    /// The rectangle of one image, read from its header.
    ///
    /// - Throws: `DatasetError` naming its place.
    package func bounds(of index: Int) throws(DatasetError) -> PixelRect {
        try decoding(index) { bytes in
            let size = try ImageDecoder.size(of: bytes)
            return PixelRect(x: 0, y: 0, width: size.width, height: size.height)
        }
    }

    /// Reads one image's bytes into a buffer of this call and has `body` decode them.
    func decoding<Result>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        try reading(index, into: FileBuffer(), body)
    }
}

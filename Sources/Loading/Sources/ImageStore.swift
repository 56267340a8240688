/// Where the bytes of a data set's images lie.
///
/// Reading is safe from any thread, and allocates nothing once the buffer has grown to the size of
/// the images.
protocol ImageStore: Sendable {
    /// Reads an image's bytes.
    ///
    /// - Parameter part: the bytes wanted, within the sample's size; all of them where it is nil,
    ///   which are then checked against their checksum, if they have one.
    /// - Returns: a part of the buffer's memory, valid until its next use.
    /// - Throws: `DatasetError` with the place if it cannot be read or is not what was listed.
    func read(
        _ index: Int, _ sample: ImageDataset.Sample, _ part: Range<Int>?, into buffer: FileBuffer
    ) throws(DatasetError) -> UnsafeRawBufferPointer

    /// The place of an image, for messages.
    func location(of index: Int, _ sample: ImageDataset.Sample) -> String
}

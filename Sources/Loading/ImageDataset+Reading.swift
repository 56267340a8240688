import Base
import Foundation
import Imaging

/// Where the bytes of a data set's images lie.
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
    private func reading<Result>(
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

    /// Checks that every image of a validation set can be read, by its beginning and its end.
    ///
    /// A header that can be read and the format's end mark near the end of the file are taken for a
    /// whole image; one without the mark is decoded. So a training finds what would end its first
    /// validation before it begins: 50,000 images take some seconds.
    ///
    /// - Throws: `DatasetError` naming the first that cannot be decoded, and how many more there
    ///   are, or that cannot be read at all; `Interrupted` after a signal.
    package func checkValidationImages(workers: Int) throws {
        let faults = try stoppable { () throws(DatasetError) in
            try concurrentMap(samples.count, workers: workers) { index throws(DatasetError) in
                try refuseInterruption(path)
                return try fault(of: index)
            }
        }.compactMap { $0 }
        guard let first = faults.first else { return }
        let others = faults.count - 1
        throw DatasetError(
            "\(first.description); every validation image counts, data.on_error is for training "
                + "images" + (others > 0 ? " (and \(others) more cannot be decoded)" : ""),
            cause: first.cause)
    }

    /// The reason for which an image cannot be decoded; nil if there is none.
    private func fault(of index: Int) throws(DatasetError) -> DatasetError? {
        let count = samples[index].bytes
        let buffer = FileBuffer()
        do {
            let head = 0..<min(count, 1 << 16)
            let format = try reading(head, of: index, into: buffer) {
                try ImageDecoder.check($0)
            }
            let tail = max(0, count - 4096)..<count
            if try reading(tail, of: index, into: buffer, { format.ends(in: $0) }) { return nil }
        } catch {
            guard error.isUndecodable else { throw error }
        }
        // Most headers lie within the beginning, but a camera's preview may come before.
        do {
            _ = try image(index)
            return nil
        } catch {
            guard error.isUndecodable else { throw error }
            return error
        }
    }

    /// Reads one image's bytes into a buffer of this call and has `body` decode them.
    func decoding<Result>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        try reading(index, into: FileBuffer(), body)
    }
}

/// Images in files of their own.
final class FileStore: ImageStore {
    private let root: String
    // Relative paths are resolved from the open folder: no path is put together for each read, and
    // a change of the working directory changes nothing.
    private let descriptor: Int32

    init(root: String) throws(DatasetError) {
        self.root = root
        descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(root, "cannot be opened") }
    }

    deinit { close(descriptor) }

    /// The kind and size of the file at a path below the root, or an absolute one; errno if none.
    func status(_ path: String) -> stat? {
        var status = stat()
        return fstatat(descriptor, path, &status, 0) == 0 ? status : nil
    }

    func location(of index: Int, _ sample: ImageDataset.Sample) -> String {
        sample.path.hasPrefix("/") ? sample.path : "\(root)/\(sample.path)"
    }

    func read(
        _ index: Int, _ sample: ImageDataset.Sample, _ part: Range<Int>?, into buffer: FileBuffer
    ) throws(DatasetError) -> UnsafeRawBufferPointer {
        let part = part ?? 0..<sample.bytes
        let file = Descriptor.open(sample.path, below: descriptor)
        guard file >= 0 else {
            throw .system(location(of: index, sample), "cannot be read")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            throw .system(location(of: index, sample), "cannot be read")
        }
        guard FileKind(status) == .file, Int(status.st_size) == sample.bytes else {
            throw DatasetError(
                "\(location(of: index, sample)): changed since it was listed: \(sample.bytes) bytes "
                    + "then, \(status.st_size) now; start again to list the data anew")
        }
        let target = try buffer.reserve(part.count, for: location(of: index, sample))
        let count = Descriptor.read(file, into: target, at: part.lowerBound)
        guard count >= 0 else {
            throw .system(location(of: index, sample), "cannot be read")
        }
        guard count == part.count else {
            throw DatasetError(
                "\(location(of: index, sample)): changed while it was read; start again")
        }
        return UnsafeRawBufferPointer(target)
    }
}

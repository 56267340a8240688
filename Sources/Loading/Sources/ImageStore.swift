import Base
import Foundation

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

/// Images in files of their own.
final class FileStore: ImageStore {
    let root: String
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

import Base
import Foundation

/// Memory that files are read into, one after another.
///
/// It grows to the largest file and is reused, so that reading allocates nothing in steady state.
/// Not `Sendable`: each thread has its own.
package final class FileBuffer {
    private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    private static let alignment = 64

    /// Makes an empty buffer.
    package init() {}

    deinit { free(storage.baseAddress) }

    /// Memory of `count` bytes; what was there before is lost if it grows.
    ///
    /// - Parameter place: what the bytes are of, for the error.
    /// - Throws: `DatasetError` where there is no memory.
    func reserve(
        _ count: Int, for place: @autoclosure () -> String
    ) throws(DatasetError) -> UnsafeMutableRawBufferPointer {
        if storage.count < count {
            free(storage.baseAddress)
            storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            // Twice the size seen, so that a data set of growing files does not allocate for each.
            let size = max(count.multipliedReportingOverflow(by: 2).partialValue, count, 1 << 16)
            var start: UnsafeMutableRawPointer?
            guard posix_memalign(&start, Self.alignment, size) == 0, let start else {
                throw .noMemory(place(), count)
            }
            storage = UnsafeMutableRawBufferPointer(start: start, count: size)
        }
        return UnsafeMutableRawBufferPointer(rebasing: storage[..<count])
    }
}

/// Reads of open files.
enum Descriptor {
    /// Opens a file for reading; -1 and errno where that fails.
    ///
    /// Without blocking: a pipe put in a file's place must not hold up a worker for ever.
    static func open(_ path: String, below folder: Int32 = AT_FDCWD) -> Int32 {
        // Passing the String itself would copy it to the heap for each call.
        path.withCString { open($0, below: folder) }
    }

    /// The same of a path as C has it.
    static func open(_ path: UnsafePointer<CChar>, below folder: Int32 = AT_FDCWD) -> Int32 {
        RegularFile.descriptor(path, below: folder)
    }

    /// Fills `target` from the file's bytes at `offset`.
    ///
    /// - Returns: the bytes read, fewer at the file's end; -1 and errno where reading fails.
    static func read(
        _ descriptor: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int
    ) -> Int {
        var filled = 0
        while filled < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
            if count < 0, errno == EINTR { continue }
            if count < 0 { return -1 }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Reads a whole file.
    ///
    /// - Returns: nil if there is no such file.
    static func contents(
        of path: String, limit: Int = 1 << 32
    ) throws(DatasetError) -> [UInt8]? {
        let descriptor = open(path)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system(path, "cannot be read")
        }
        return try contents(ofOpen: descriptor, path, limit: limit)
    }

    /// Reads a whole file, and closes it.
    ///
    /// - Parameter path: the file's, for the error.
    static func contents(
        ofOpen descriptor: Int32, _ path: String, limit: Int = 1 << 32
    ) throws(DatasetError) -> [UInt8] {
        defer { close(descriptor) }
        let size = try size(ofOpen: descriptor, path, limit: limit)
        guard SystemMemory.canAllocate(size) else { throw .noMemory(path, size) }
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            let count = read(descriptor, into: UnsafeMutableRawBufferPointer(buffer), at: 0)
            code = count < 0 ? errno : 0
            initialized = max(count, 0)
        }
        guard code == 0 else { throw .system(path, "cannot be read", code) }
        return bytes
    }

    /// The same into a buffer.
    ///
    /// - Returns: a part of the buffer's memory, valid until its next use.
    static func contents(
        ofOpen descriptor: Int32, _ path: String, into buffer: FileBuffer
    ) throws(DatasetError) -> UnsafeRawBufferPointer {
        defer { close(descriptor) }
        let size = try size(ofOpen: descriptor, path, limit: 1 << 32)
        guard SystemMemory.canAllocate(size) else { throw .noMemory(path, size) }
        let target = try buffer.reserve(size, for: path)
        let count = read(descriptor, into: target, at: 0)
        guard count >= 0 else { throw .system(path, "cannot be read") }
        return UnsafeRawBufferPointer(rebasing: target[..<count])
    }

    private static func size(
        ofOpen descriptor: Int32, _ path: String, limit: Int
    ) throws(DatasetError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "cannot be read") }
        guard FileKind(status) == .file else {
            throw DatasetError("\(path): is not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw DatasetError("\(path): \(size) bytes are too many to read at once")
        }
        return size
    }
}

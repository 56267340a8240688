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

import CHDF5
import Foundation
import Synchronization

/// HDF5 as Debian builds it is not thread-safe, not even for different files.
private let hdf5Lock = Mutex<Void>(())

/// An HDF5 file that is written in memory or read from disk, or a group of one.
///
/// A value of this type exists only inside `create` or `open`, which hold the process-wide lock, so
/// that no two threads are ever inside HDF5.
struct HDF5File: ~Copyable {
    let file: OpaquePointer
    /// What errors begin with.
    private let path: String

    /// Builds a file in memory.
    ///
    /// - Parameters:
    ///   - path: the name for errors.
    ///   - expectedBytes: about how large the file will be.
    ///   - fill: writes the content.
    ///   - use: receives the finished file's bytes.
    static func create<Result>(
        path: String, expectedBytes: Int,
        fill: (borrowing HDF5File) throws(CacheError) -> Void,
        use: (UnsafeRawBufferPointer) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        var image: UnsafeMutableRawPointer?
        var count = 0
        defer { chdf5_free(image) }
        try locked { () throws(CacheError) in
            let file = try HDF5File(path) { chdf5_create(expectedBytes, $0, $1) }
            try fill(file)
            try file.check { chdf5_finish(file.file, &image, &count, $0) }
        }
        // Outside the lock: writing to the disk takes a while and needs no HDF5.
        return try use(UnsafeRawBufferPointer(start: image, count: count))
    }

    /// Opens a file on disk and lends it.
    static func open<Result>(
        path: String, _ body: (borrowing HDF5File) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        // What is no file, or cannot be opened, is told in the system's words, not in HDF5's.
        close(try CacheFiles.openForReading(path))
        var result: Result?
        try locked { () throws(CacheError) in
            let file = try HDF5File(path) { chdf5_open(path, $0, $1) }
            result = try body(file)
        }
        guard let result else { preconditionFailure("the body ran, or an error was thrown") }
        return result
    }

    /// Opens a group of the file and lends it as if it were a file.
    func group<Result>(
        _ name: String, _ body: (borrowing HDF5File) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        let group = try HDF5File("\(path), \(name)") { chdf5_open_group(file, name, $0, $1) }
        return try body(group)
    }

    /// HDF5's version at run time, such as 1.10.8.
    static var version: (major: Int, minor: Int, release: Int) {
        var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
        hdf5Lock.withLock { _ in chdf5_version(&major, &minor, &release) }
        return (Int(major), Int(minor), Int(release))
    }

    /// Runs what enters HDF5 while nobody else does; not to be nested.
    static func locked<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        try hdf5Lock.withLock { _ throws(Failure) in try body() }
    }

    /// Calls into HDF5 while nobody else does.
    ///
    /// - Parameter path: what the error begins with.
    static func locked(
        _ path: String, _ call: (UnsafeMutablePointer<Message?>) -> Int32
    ) throws(CacheError) {
        var (message, status): (Message?, Int32) = (nil, 0)
        locked { status = call(&message) }
        if status != 0 { throw failure(path, message) }
    }

    /// Opens something of HDF5's while nobody else is in it.
    static func locked(
        _ path: String,
        _ open: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<Message?>) -> Int32
    ) throws(CacheError) -> OpaquePointer {
        var opened: OpaquePointer?
        try locked(path) { open(&opened, $0) }
        guard let opened else { throw failure(path, nil) }
        return opened
    }

    typealias Message = UnsafeMutablePointer<CChar>

    private init(
        _ path: String,
        _ begin: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<Message?>) -> Int32
    ) throws(CacheError) {
        var file: OpaquePointer?
        var message: Message?
        let status = begin(&file, &message)
        guard status == 0, let file else { throw Self.failure(path, message) }
        self.file = file
        self.path = path
    }

    deinit { chdf5_close(file) }

    /// An error that begins with the file's name.
    func error(_ text: String) -> CacheError { CacheError("\(path): \(text)") }

    private static func failure(_ path: String, _ message: Message?) -> CacheError {
        defer { chdf5_free(message) }
        return CacheError("\(path): \(message.map { String(cString: $0) } ?? "HDF5 failed")")
    }

    func check(
        _ call: (UnsafeMutablePointer<Message?>) -> Int32
    ) throws(CacheError) {
        var message: Message?
        if call(&message) != 0 { throw Self.failure(path, message) }
    }
}

extension HDF5File {
    /// An element type and how Swift holds it.
    enum Element {
        /// numpy's `<f2`, held as bits.
        case half
        case uint16
        case uint32
        case uint8

        fileprivate var code: chdf5_type {
            switch self {
            case .half: CHDF5_F16
            case .uint16: CHDF5_U16
            case .uint32: CHDF5_U32
            case .uint8: CHDF5_U8
            }
        }
    }

    func write(_ name: String, _ value: String) throws(CacheError) {
        try check { chdf5_write_string(file, name, value, $0) }
    }

    func write(_ name: String, _ value: Int) throws(CacheError) {
        try check { chdf5_write_int(file, name, Int64(value), $0) }
    }

    func write(_ name: String, _ value: Double) throws(CacheError) {
        try check { chdf5_write_double(file, name, value, $0) }
    }

    /// Writes a dataset of the shape, in chunks of `chunkRows` of its first dimension.
    func write<Value: BitwiseCopyable>(
        _ name: String, _ element: Element, shape: [Int], chunkRows: Int, _ values: [Value]
    ) throws(CacheError) {
        precondition(shape.reduce(1, *) == values.count, "\(name): \(values.count) for \(shape)")
        let extent = shape.map { UInt64($0) }
        try check { message in
            values.withUnsafeBytes { bytes in
                chdf5_write_dataset(
                    file, name, element.code, Int32(extent.count), extent, UInt64(chunkRows),
                    bytes.baseAddress, message)
            }
        }
    }

    /// Copies the root group of a file on disk, with all that is in it, to a new group.
    ///
    /// Datasets are copied as they are stored: their checksums still are those of the first writer.
    func copy(rootOf other: String, to group: String) throws(CacheError) {
        // Not by `open`: whoever holds this file holds the lock.
        let source = try HDF5File(other) { chdf5_open(other, $0, $1) }
        try check { chdf5_copy_root(source.file, file, group, $0) }
    }

    func string(_ name: String) throws(CacheError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        defer { chdf5_free(text) }
        try check { chdf5_read_string(file, name, &text, $0) }
        return text.map { String(cString: $0) } ?? ""
    }

    func integer(_ name: String) throws(CacheError) -> Int {
        var value: Int64 = 0
        try check { chdf5_read_int(file, name, &value, $0) }
        return Int(value)
    }

    func number(_ name: String) throws(CacheError) -> Double {
        var value = 0.0
        try check { chdf5_read_double(file, name, &value, $0) }
        return value
    }

    /// Reads a whole dataset, which must have this type and shape, and verifies its checksums.
    ///
    /// - Parameter padding: zeros to put after its values.
    func read<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ name: String, _ element: Element, shape: [Int], padding: Int = 0
    ) throws(CacheError) -> [Value] {
        let extent = shape.map { UInt64($0) }
        let count = shape.reduce(1, *)
        var message: Message?
        var status: Int32 = 0
        let values = [Value](unsafeUninitializedCapacity: count + padding) { buffer, initialized in
            status = chdf5_read_dataset(
                file, name, element.code, Int32(extent.count), extent, buffer.baseAddress, &message)
            for index in count..<count + padding { buffer[index] = 0 }
            initialized = status == 0 ? count + padding : 0
        }
        if status != 0 { throw Self.failure(path, message) }
        return values
    }
}

import Base
import Foundation

/// The few file operations of a cache, with errors that name the path.
enum CacheFiles {
    /// Opens a file for reading.
    ///
    /// - Returns: a descriptor that the caller closes.
    /// - Throws: `CacheError` also for what is no file, such as a folder or a pipe.
    static func openForReading(_ path: String) throws(CacheError) -> Int32 {
        do { return try RegularFile.open(path) } catch { throw .unopened(path, error) }
    }

    /// A file's bytes.
    static func contents(_ path: String) throws(CacheError) -> [UInt8] {
        let descriptor = try openForReading(path)
        defer { close(descriptor) }
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 1 << 16))
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("\(path): cannot read") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// A file's bytes, mapped where that is safe.
    static func mapped(_ path: String) throws(CacheError) -> Data {
        close(try openForReading(path))
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw CacheError("\(path): cannot read")
        }
    }

    /// Names in a folder, sorted; empty if there is no such folder.
    static func names(in folder: String) throws(CacheError) -> [String] {
        do { return try Folders.names(in: folder) } catch {
            if error.code == ENOENT { return [] }
            throw CacheError(error)
        }
    }

    /// Makes a folder and those above it, and makes the new entries durable.
    static func makeFolder(_ path: String) throws(CacheError) {
        try asCacheError { () throws(SystemFailure) in
            var made: [String] = []
            try Folders.make(path) { made.append($0) }
            for folder in made { try Folders.synchronize(Folders.parent(of: folder)) }
        }
    }

    /// Removes a file.
    ///
    /// - Returns: whether it was there.
    static func remove(_ path: String) throws(CacheError) -> Bool {
        if unlink(path) == 0 { return true }
        guard errno == ENOENT else { throw .system("\(path): cannot remove") }
        return false
    }

    /// Publishes a file, replacing what is there.
    ///
    /// Others that replace it at the same time must write the same bytes, or what was written is
    /// looked at again, as `ManifestFile.add` does.
    static func publish(
        _ bytes: UnsafeRawBufferPointer, at path: String
    ) throws(CacheError) {
        var file = try written(bytes, at: path)
        try publish(&file)
    }

    /// Gives a file its name, replacing what is there.
    static func publish(_ file: inout AtomicFile) throws(CacheError) {
        do { try file.publish() } catch {
            // Where locks do not reach other hosts, one that raced for this name may have taken our
            // temporary for stale. It has then published the same bytes.
            guard error.code == ENOENT, (try? FileKind.at(file.path)) == .file else {
                throw CacheError(error)
            }
        }
    }

    /// Publishes a file unless there is one of its name.
    ///
    /// - Returns: whether it is this one that is there now.
    static func publishUnlessPresent(
        _ bytes: UnsafeRawBufferPointer, at path: String
    ) throws(CacheError) -> Bool {
        var file = try written(bytes, at: path)
        do { return try file.publishUnlessPresent() } catch { throw CacheError(error) }
    }

    static func publish(_ bytes: [UInt8], at path: String) throws(CacheError) {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(CacheError) in try publish(bytes, at: path) }
        }
        try result.get()
    }

    static func publishUnlessPresent(
        _ bytes: [UInt8], at path: String
    ) throws(CacheError) -> Bool {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(CacheError) in try publishUnlessPresent(bytes, at: path) }
        }
        return try result.get()
    }

    /// A file that is whole and on the disk, but has no name yet.
    private static func written(
        _ bytes: UnsafeRawBufferPointer, at path: String
    ) throws(CacheError) -> AtomicFile {
        var file = try begun(path)
        do {
            try file.append(bytes)
            try file.flush()
        } catch { throw unwritten(path, bytes.count, error.code) }
        return file
    }

    private static func begun(_ path: String) throws(CacheError) -> AtomicFile {
        var attempts = 0
        while true {
            do { return try AtomicFile(path) } catch {
                // A compaction removed the epoch's folder, in which there was nothing any more. Some
                // folders, as those of /proc, are there and say the same.
                attempts += 1
                guard error.code == ENOENT, attempts < 100 else { throw CacheError(error) }
            }
            try makeFolder(Folders.parent(of: path))
        }
    }

    /// The error of a write that failed.
    static func unwritten(_ path: String, _ bytes: Int, _ code: Int32) -> CacheError {
        let advice = roomAdvice(code, kept: "finished parts are kept")
        return CacheError(
            "\(path): cannot write \(bytes) bytes: \(errnoText(code))\(advice)",
            cause: .system(code))
    }
}

import Base
import Foundation

extension CacheError {
    /// A failed system call: the context and the text of `errno`.
    static func system(_ context: String, _ code: Int32 = errno, advice: String = "") -> CacheError
    {
        CacheError("\(context): \(errnoText(code))\(advice)")
    }

    /// What is no file, or one that the system does not open.
    static func unopened(_ path: String, _ refusal: RegularFile.Refusal) -> CacheError {
        CacheError("\(path): \(refusal.code != nil ? "cannot open: " : "")\(refusal)")
    }
}

/// The few file operations of a cache, with errors that name the path.
enum Files {
    /// What lies at a path.
    enum Kind: Equatable {
        case nothing, file, folder, other
        /// The system does not say, for the reason of this `errno`.
        case unknown(Int32)
    }

    /// Whether an `errno` of `stat` says that there is nothing at a path.
    private static func isAbsence(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }

    static func kind(_ path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            return isAbsence(code) ? .nothing : .unknown(code)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// Bytes of a file; nil if there is no regular file.
    ///
    /// One of which the system does not say is there, with 0: it is not to be made anew, and whoever
    /// reads it is told why that cannot be done.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else { return isAbsence(errno) ? nil : 0 }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

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

    /// Makes a folder and those above it, and makes the new entries durable.
    static func makeFolder(_ path: String) throws(CacheError) {
        var made: [String] = []
        do {
            try Folders.make(path) { made.append($0) }
        } catch {
            throw CacheError(error.description)
        }
        for folder in made { try synchronizeFolder(Folders.parent(of: folder)) }
    }

    /// Names in a folder, sorted; empty if there is no such folder.
    static func names(in folder: String) throws(CacheError) -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw .system("\(folder): cannot list")
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .system("\(folder): cannot list") }
        return names.sorted()
    }

    /// Makes renames and new names within a folder durable.
    static func synchronizeFolder(_ path: String) throws(CacheError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A compaction removed it, with all that was named in it.
        if descriptor < 0, errno == ENOENT { return }
        guard descriptor >= 0 else { throw .system("\(path): cannot open the folder") }
        defer { close(descriptor) }
        // Some network file systems cannot, and say so with EINVAL: there the rename is all we have.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .system("\(path): cannot flush the folder")
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
}

/// A small file that a command makes beside a cache, such as a teacher's card.
package enum NewFile {
    /// Makes a file that is not there yet: it appears complete, or not at all.
    ///
    /// - Throws: `CacheError` if its folder is missing, it is there, or it cannot be written.
    package static func publish(_ text: String, at path: String) throws(CacheError) {
        let folder = Folders.parent(of: path)
        let name = path.hasPrefix("\(folder)/") ? String(path.dropFirst(folder.count + 1)) : path
        guard Files.kind(folder) == .folder else {
            throw CacheError("\(path): there is no folder \(folder)")
        }
        try PublishedFile.removeStale(folder: folder, name: name)
        let file = try PublishedFile(folder: folder, name: name)
        try file.write(Array(text.utf8))
        guard try file.publishUnlessPresent() else {
            throw CacheError("\(path): somebody else made it meanwhile; run again")
        }
    }
}

/// A file that appears under its name complete and durable, or not at all.
///
/// It is written under a `TemporaryName` in the folder of its name. The writer holds a
/// lock (flock) on it until it is published; the system drops the lock when the writer dies, however
/// it dies. So a temporary that nobody has locked is stale, and anybody may remove it.
struct PublishedFile: ~Copyable {
    private let folder: String
    private let name: String
    private let temporary: String
    private let descriptor: Int32

    /// Creates and locks a temporary beside the future file.
    init(folder: String, name: String) throws(CacheError) {
        var attempts = 0
        while true {
            let temporary = "\(folder)/\(TemporaryName(of: name))"
            let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor < 0 {
                let code = errno
                if code == EEXIST { continue }
                // A compaction removed the epoch's folder, in which there was nothing any more.
                // Some folders, as those of /proc, are there and say the same.
                attempts += 1
                if code == ENOENT, attempts < 100 {
                    try Files.makeFolder(folder)
                    continue
                }
                throw .system("\(temporary): cannot create", code)
            }
            // Another writer's cleaning may come between open and lock: then take a new name. A file
            // system without locks is fine: there nobody cleans.
            let lock: FileLock.Outcome
            do {
                lock = try FileLock.take(descriptor, path: temporary)
            } catch {
                unlink(temporary)
                close(descriptor)
                throw CacheError("\(error)")
            }
            var status = stat()
            if lock != .busy, fstat(descriptor, &status) == 0, status.st_nlink > 0 {
                self.folder = folder
                self.name = name
                self.temporary = temporary
                self.descriptor = descriptor
                return
            }
            unlink(temporary)
            close(descriptor)
        }
    }

    deinit {
        // After a rename there is nothing of this name left.
        unlink(temporary)
        close(descriptor)
    }

    /// Writes the whole content and flushes it to the disk.
    func write(_ bytes: UnsafeRawBufferPointer) throws(CacheError) {
        try Self.write(bytes, to: descriptor, path: "\(folder)/\(name)")
        guard fsync(descriptor) == 0 else {
            throw Self.failure("\(folder)/\(name)", errno, bytes.count)
        }
    }

    /// Writes the whole content and flushes it to the disk.
    func write(_ bytes: [UInt8]) throws(CacheError) {
        let result = bytes.withUnsafeBytes { bytes in
            Swift.Result { () throws(CacheError) in try write(bytes) }
        }
        try result.get()
    }

    /// Gives the file its name, replacing what is there.
    func publish() throws(CacheError) {
        if rename(temporary, "\(folder)/\(name)") != 0 {
            let code = errno
            // Where locks do not reach other hosts, one that raced for this name may have taken our
            // temporary for stale. It has then published the same bytes.
            guard code == ENOENT, Files.kind("\(folder)/\(name)") == .file else {
                throw .system("\(folder)/\(name): cannot rename the temporary file", code)
            }
        }
        try Files.synchronizeFolder(folder)
    }

    /// Gives the file its name unless the name is taken.
    ///
    /// - Returns: whether it is this file that now has the name.
    func publishUnlessPresent() throws(CacheError) -> Bool {
        if link(temporary, "\(folder)/\(name)") == 0 {
            try Files.synchronizeFolder(folder)
            return true
        }
        if errno == EEXIST { return false }
        // A file system without hard links: two writers at this very moment could both succeed.
        guard Files.kind("\(folder)/\(name)") == .nothing else { return false }
        try publish()
        return true
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(CacheError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = Foundation.write(descriptor, piece.baseAddress, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path, errno, bytes.count) }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ path: String, _ code: Int32, _ count: Int) -> CacheError {
        .system(
            "\(path): cannot write \(count) bytes", code,
            advice: roomAdvice(code).map { "; \($0), finished parts are kept" } ?? "")
    }

    /// Removes temporaries whose writers are gone: those of a file, or of every file of the folder.
    static func removeStale(folder: String, name: String? = nil) throws(CacheError) {
        for entry in try Files.names(in: folder) {
            guard let published = TemporaryName(entry)?.name, published == name ?? published
            else { continue }
            let path = "\(folder)/\(entry)"
            // A link is none of ours, wherever it leads.
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // Where there are no locks, or a lock cannot be had, its writer may be alive.
            if (try? FileLock.take(descriptor, path: path)) == .held { unlink(path) }
        }
    }

    /// Whether a name is that of a temporary.
    static func isTemporary(_ name: String) -> Bool { TemporaryName(name) != nil }
}

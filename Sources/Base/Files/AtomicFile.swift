import Foundation

/// A file that appears under its name whole and durable, or not at all.
///
/// What is written lies under a `TemporaryName` beside the name until it is published. The writer
/// holds a lock on it; the system drops the lock when the writer dies, however it dies. So a
/// temporary that nobody has locked is stale, and the next writer of the same name removes it. Where
/// the file system has no locks nobody can tell, and temporaries stay.
///
/// A value that is dropped before it is published leaves nothing behind.
package struct AtomicFile: ~Copyable {
    private enum Target {
        /// The temporary, which is to get the name.
        case name(String)
        /// A pipe or a device, which gets the bytes of a file without a name.
        case stream(Int32)
    }

    /// Where the file is to appear.
    package let path: String
    private let target: Target
    private let descriptor: Int32
    private var isFlushed = false

    /// Makes and locks a temporary beside the path, and removes stale ones of the same name.
    ///
    /// - Parameter orStream: whether a pipe or a device at the path is written to, and stays what it
    ///   is; otherwise the file takes its place.
    package init(_ path: String, orStream: Bool = false) throws(SystemFailure) {
        self.path = path
        if orStream, Self.isStream(path) {
            let stream = try Self.stream(path)
            do { descriptor = try NamelessFile.make(for: "output") } catch {
                close(stream)
                throw error
            }
            target = .stream(stream)
            return
        }
        let (folder, name) = Self.split(path)
        guard !name.isEmpty else {
            throw SystemFailure("\(path): cannot create", path.isEmpty ? ENOENT : EISDIR)
        }
        Self.removeStale(in: folder) { $0 == name }
        while true {
            let temporary = "\(folder)/\(TemporaryName(of: name))"
            let made = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if made < 0 {
                if errno == EEXIST { continue }
                throw SystemFailure("\(temporary): cannot create")
            }
            // Another writer's cleaning may come between open and lock: then take a new name. A lock
            // that cannot be had at all is nobody else's either.
            let lock = (try? FileLock.take(made, path: temporary)) ?? .unavailable
            var status = stat()
            if lock != .busy, fstat(made, &status) == 0, status.st_nlink > 0 {
                descriptor = made
                target = .name(temporary)
                return
            }
            unlink(temporary)
            close(made)
        }
    }

    deinit {
        switch target {
        // After a rename there is nothing of this name left.
        case .name(let temporary): unlink(temporary)
        case .stream(let stream): close(stream)
        }
        close(descriptor)
    }

    /// Writes bytes after those that are there.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SystemFailure) {
        isFlushed = false
        let code = bytes.write(to: descriptor)
        guard code == 0 else { throw SystemFailure("\(path): cannot write", code) }
    }

    /// Writes bytes after those that are there.
    package mutating func append(_ bytes: some ContiguousBytes) throws(SystemFailure) {
        let code = bytes.withUnsafeBytes { $0.write(to: descriptor) }
        isFlushed = false
        guard code == 0 else { throw SystemFailure("\(path): cannot write", code) }
    }

    /// Writes bytes over the first ones; nothing is to be appended after that.
    package mutating func overwriteBeginning(_ bytes: [UInt8]) throws(SystemFailure) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw SystemFailure("\(path): cannot write")
        }
        try append(bytes)
    }

    /// Sees to it that the bytes are on the disk; publishing does, too.
    ///
    /// This also reports what a network file system could not store. Some cannot flush, and say so
    /// with EINVAL.
    package mutating func flush() throws(SystemFailure) {
        guard !isFlushed else { return }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw SystemFailure("\(path): cannot write")
        }
        isFlushed = true
    }

    /// Gives the file its name, replacing what is there, or sends it down the stream.
    ///
    /// - Throws: `SystemFailure`; then the path holds what it held before, unless it is only said that
    ///   the folder cannot be flushed.
    package mutating func publish() throws(SystemFailure) {
        switch target {
        case .stream(let stream): try send(to: stream)
        case .name(let temporary):
            try flush()
            guard rename(temporary, path) == 0 else {
                throw SystemFailure("\(path): cannot rename the temporary file")
            }
            try Folders.synchronize(Self.split(path).folder)
        }
    }

    /// Gives the file its name unless the name is taken.
    ///
    /// - Returns: whether it is this file that now has the name.
    package mutating func publishUnlessPresent() throws(SystemFailure) -> Bool {
        guard case .name(let temporary) = target else {
            preconditionFailure("a stream is always present")
        }
        try flush()
        if link(temporary, path) == 0 {
            try Folders.synchronize(Self.split(path).folder)
            return true
        }
        if errno == EEXIST { return false }
        // A file system without hard links: two writers at this very moment could both succeed.
        guard try FileKind.at(path) == nil else { return false }
        try publish()
        return true
    }

    /// Whether a path leads to a pipe or a device, which takes bytes one after another.
    package static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return [S_IFIFO, S_IFCHR].contains(status.st_mode & S_IFMT)
    }

    /// Removes what killed writers left in a folder, as far as that can be told and done.
    ///
    /// - Parameter isOurs: whether files of a name are the caller's to clean up after.
    package static func removeStale(
        in folder: String, of isOurs: (String) -> Bool = { _ in true }
    ) {
        for entry in (try? Folders.names(in: folder)) ?? [] {
            guard let name = TemporaryName(entry)?.name, isOurs(name) else { continue }
            let path = "\(folder)/\(entry)"
            // A link is none of ours, wherever it leads.
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, FileKind(status) == .file else { continue }
            // What cannot be removed costs space only.
            if (try? FileLock.take(descriptor, path: path)) == .held { unlink(path) }
        }
    }

    /// Opens a pipe or a device for writing.
    private static func stream(_ path: String) throws(SystemFailure) -> Int32 {
        // A pipe that nobody reads from would let the opening wait for ever.
        let stream = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard stream >= 0 else {
            let isUnread = errno == ENXIO
            throw SystemFailure(path, reason: isUnread ? "nobody reads from this pipe" : nil)
        }
        guard fcntl(stream, F_SETFL, 0) == 0 else {
            let failure = SystemFailure(path)
            close(stream)
            throw failure
        }
        return stream
    }

    private func send(to stream: Int32) throws(SystemFailure) {
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            let count = pread(descriptor, &piece, piece.count, off_t(offset))
            guard count >= 0 else { throw SystemFailure("\(path): cannot write") }
            if count == 0 { return }
            let code = piece.withUnsafeBytes {
                UnsafeRawBufferPointer(rebasing: $0[..<count]).write(to: stream)
            }
            guard code == 0 else { throw SystemFailure("\(path): cannot write", code) }
            offset += count
        }
    }

    /// A path's folder and the name in it, which a path with a slash at its end has none of.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }
}

extension AtomicFile {
    /// Writes a file, or to a pipe or a device, in one go.
    ///
    /// - Throws: `SystemFailure` of the form `file: path: reason`; then the path holds what it held
    ///   before.
    package static func write(
        _ bytes: some ContiguousBytes, to path: String
    ) throws(SystemFailure) {
        do {
            var file = try AtomicFile(path, orStream: true)
            try file.append(bytes)
            try file.publish()
        } catch {
            throw SystemFailure("file: \(path)", error.code, reason: reason(error))
        }
    }

    /// Why a file could not be written, and what to do where there was no room.
    package static func reason(_ failure: SystemFailure) -> String {
        failure.reason + roomAdvice(failure.code, kept: "what was at the path is kept")
    }
}

extension UnsafeRawBufferPointer {
    /// Writes all of the bytes to an open file.
    ///
    /// - Returns: 0, or the `errno` of the write that failed.
    package func write(to descriptor: Int32) -> Int32 {
        var rest = self[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = Foundation.write(descriptor, piece.baseAddress, piece.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // A pipe that somebody made non-blocking: wait until it takes more.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, 1000)
                continue
            }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}

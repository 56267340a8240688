import CBase
import Foundation

/// A folder that appears under its name with all that is in it, or not at all.
///
/// What is written lies in a `TemporaryName` beside the name until it is published. As with
/// `AtomicFile`, a lock on the temporary tells a writer at work from a dead one, whose temporaries the
/// next writer of the name removes.
///
/// A value that is dropped before it is published leaves nothing behind.
package struct AtomicFolder: ~Copyable {
    /// Where the folder is to appear.
    package let path: String
    /// Where its files are to be written until then.
    package let temporary: String
    private let lock: Int32

    /// Makes and locks a temporary beside the path, and removes stale ones of the same name.
    package init(_ path: String) throws(SystemFailure) {
        let place = Self.place(of: path)
        (temporary, lock) = try Self.make(of: path)
        self.path = "\(place.folder)/\(place.name)"
    }

    /// Makes a temporary of a path, and locks it.
    private static func make(
        of path: String
    ) throws(SystemFailure) -> (temporary: String, lock: Int32) {
        let place = Self.place(of: path)
        guard !place.name.isEmpty else {
            throw SystemFailure("\(path): cannot make the folder", path.isEmpty ? ENOENT : EEXIST)
        }
        removeStale(of: place.name, in: place.folder)
        while true {
            let temporary = "\(place.folder)/\(TemporaryName(of: place.name))"
            guard mkdir(temporary, 0o777) == 0 else {
                if errno == EEXIST { continue }
                throw SystemFailure("\(temporary): cannot make the folder")
            }
            // Another writer's cleaning may come before the lock, at any moment: then take a new name.
            // A lock that cannot be had at all is nobody else's either.
            let lock = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard lock >= 0 else {
                if errno == ENOENT { continue }
                let failure = SystemFailure("\(temporary): cannot open the folder")
                rmdir(temporary)
                throw failure
            }
            let outcome = (try? FileLock.take(lock, path: temporary)) ?? .unavailable
            if outcome != .busy, FileIdentity(temporary) == FileIdentity(lock) {
                return (temporary, lock)
            }
            rmdir(temporary)
            close(lock)
        }
    }

    deinit {
        // After it was published there is nothing of this name left, or what was there before.
        try? FileManager.default.removeItem(atPath: temporary)
        close(lock)
    }

    /// Gives the folder its name. An empty folder at the path, or one that the caller knows it may
    /// replace, is removed once the new one has its place.
    ///
    /// - Parameter replacing: whether a folder that is there may go with all that is in it.
    /// - Throws: `SystemFailure`; then the path holds what it held before, unless it is only said that
    ///   the folder above cannot be flushed.
    package borrowing func publish(replacing: Bool) throws(SystemFailure) {
        try publish(replacing: replacing, exchanging: { cbase_exchange($0, $1) })
    }

    /// - Parameter exchange: has two folders change places; returns 0 or an `errno`.
    borrowing func publish(
        replacing: Bool, exchanging exchange: (String, String) -> Int32
    ) throws(SystemFailure) {
        try flush(temporary)
        if rename(temporary, path) != 0 {
            // A folder that is not empty can only change places.
            guard replacing, errno == ENOTEMPTY || errno == EEXIST else {
                throw SystemFailure("\(path): cannot rename the temporary folder")
            }
            try replace(exchange)
        }
        try Folders.synchronize(Folders.parent(of: path))
    }

    /// Has the old folder and the new one change places.
    private borrowing func replace(
        _ exchange: (String, String) -> Int32
    ) throws(SystemFailure) {
        let code = exchange(temporary, path)
        if code == 0 { return }
        guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(code) else {
            throw SystemFailure("\(path): cannot rename the temporary folder", code)
        }
        // For a moment there is nothing of the name. What a crash then leaves is the old folder, whole,
        // beside it; the new one's temporary goes as any other.
        let old = Self.aside(path)
        guard rename(path, old) == 0 else {
            throw SystemFailure("\(path): cannot rename the folder")
        }
        guard rename(temporary, path) == 0 else {
            let failure = SystemFailure("\(path): cannot rename the temporary folder")
            rename(old, path)
            throw failure
        }
        try? FileManager.default.removeItem(atPath: old)
    }

    /// Where an old folder lies for a moment: under no temporary's name, so that no writer removes it.
    static func aside(_ path: String) -> String {
        "\(path).old-\(String(UInt64.random(in: .min ... .max), radix: 16))"
    }

    /// Makes the names in a folder, and in those within, durable; its files are already.
    private borrowing func flush(_ folder: String) throws(SystemFailure) {
        for name in try Folders.names(in: folder)
        where try FileKind.at("\(folder)/\(name)") == .folder {
            try flush("\(folder)/\(name)")
        }
        try Folders.synchronize(folder)
    }

    private static func place(of path: String) -> (folder: String, name: String) {
        var path = Substring(path)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
        let folder = slash == path.startIndex ? "" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    /// Removes what killed writers of a name left in a folder, as far as that can be told and done.
    private static func removeStale(of name: String, in folder: String) {
        for entry in (try? Folders.names(in: folder.isEmpty ? "/" : folder)) ?? []
        where TemporaryName(entry)?.name == name {
            let path = "\(folder)/\(entry)"
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            if (try? FileLock.take(descriptor, path: path)) == .held {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }
}

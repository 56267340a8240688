import Base
import Foundation

/// A folder that this process alone works in, made where it was not there.
///
/// Until it is kept, everything that was made for it goes again with the object: a training that
/// cannot begin leaves no folder.
final class RunLock {
    private static let name = ".lock"

    private let path: String
    private var descriptor: Int32 = -1
    private var madeFolders: [String] = []
    private var madeFile = false
    private var isKept = false

    /// Makes the folder if need be and locks it.
    ///
    /// - Throws: `TrainingError` if another process holds the lock, or with the system's reason.
    init(folder: String) throws {
        path = "\(folder)/\(Self.name)"
        do {
            repeat {
                try makeFolders(folder)
            } while try !openFile() || !take(in: folder)
        } catch let error as SystemFailure {
            throw TrainingError(error.description)
        }
    }

    deinit {
        if !isKept {
            if madeFile { unlink(path) }
            // Those that hold something by now stay.
            for folder in madeFolders.reversed() { rmdir(folder) }
        }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Leaves folder and lock file where they are.
    func keep() { isKept = true }

    /// Whether a name in the folder is the lock's file.
    static func isLock(_ name: String) -> Bool { name == Self.name }

    private func makeFolders(_ folder: String) throws(SystemFailure) {
        try Folders.make(folder) { madeFolders.append($0) }
    }

    /// - Returns: false if the file, or the folder, was removed between the looks at it, as a training
    ///   does that could not begin.
    private func openFile() throws(SystemFailure) -> Bool {
        if descriptor >= 0 { close(descriptor) }
        var status = stat()
        let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        descriptor = open(path, flags | O_CREAT | O_EXCL, 0o644)
        madeFile = descriptor >= 0
        if descriptor < 0, errno == EEXIST { descriptor = open(path, flags) }
        if descriptor < 0, errno == ENOENT, lstat(path, &status) != 0 { return false }
        guard descriptor >= 0 else { throw SystemFailure("\(path): cannot be opened") }
        return true
    }

    /// - Returns: false if the file was removed between its opening and the lock, as a training does
    ///   that could not begin.
    private func take(in folder: String) throws -> Bool {
        guard try FileLock.take(descriptor, path: path) != .busy else {
            madeFile = false
            throw TrainingError(
                "\(folder): another process is training here; wait for it", .runBusy)
        }
        var (opened, named) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0
            && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }
}

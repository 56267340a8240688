import Foundation

/// The descriptors of shards, opened when first read and shared by all threads.
///
/// Sendable: all mutable state is read and written with `condition` locked.
final class OpenShards: @unchecked Sendable {
    private struct File {
        /// -1 while it is not open.
        var descriptor: Int32 = -1
        var readers = 0
        var lastUse = 0
    }

    /// The most descriptors kept open.
    let limit: Int
    private let paths: [String]
    private let openFile: @Sendable (String) -> Int32
    private let condition = NSCondition()
    private var files: [File]
    private var open = 0
    private var clock = 0

    /// - Parameters:
    ///   - limit: the most descriptors kept open.
    ///   - openFile: opens a file for reading; -1 and errno where that fails.
    init(
        paths: [String], limit: Int = OpenShards.standardLimit,
        openFile: @escaping @Sendable (String) -> Int32 = { Descriptor.open($0) }
    ) {
        precondition(limit >= 1, "at least one shard is open")
        self.paths = paths
        self.limit = limit
        self.openFile = openFile
        files = [File](repeating: File(), count: paths.count)
    }

    deinit {
        for file in files where file.descriptor >= 0 { close(file.descriptor) }
    }

    /// A quarter of the descriptors that the process may have, and 256 at most: the cache, the run
    /// and libraries open files, too.
    static var standardLimit: Int {
        let descriptors = sysconf(Int32(_SC_OPEN_MAX))
        return standardLimit(descriptors: descriptors > 0 ? descriptors : 256)
    }

    static func standardLimit(descriptors: Int) -> Int { max(1, min(256, descriptors / 4)) }

    /// Descriptors open now.
    var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return open
    }

    /// A shard's descriptor, which stays open until it is given back.
    ///
    /// Where the process has no descriptor left, one of ours is closed for it, as soon as nobody
    /// reads from it.
    func borrow(_ shard: Int) throws(DatasetError) -> Int32 {
        condition.lock()
        defer { condition.unlock() }
        while files[shard].descriptor < 0 {
            if open >= limit { closeOldest() }
            let descriptor = openFile(paths[shard])
            let code = errno
            if descriptor >= 0 {
                files[shard].descriptor = descriptor
                open += 1
                break
            }
            guard code == EMFILE || code == ENFILE, open > 0 else {
                throw .system(paths[shard], "cannot be read", code)
            }
            if !closeOldest() { condition.wait() }
        }
        clock += 1
        files[shard].lastUse = clock
        files[shard].readers += 1
        return files[shard].descriptor
    }

    /// Ends the use of a borrowed descriptor.
    func giveBack(_ shard: Int) {
        condition.lock()
        files[shard].readers -= 1
        condition.broadcast()
        condition.unlock()
    }

    /// Closes the file that has not been used for longest, unless every one is being read.
    ///
    /// - Returns: whether one was closed.
    @discardableResult
    private func closeOldest() -> Bool {
        let idle = files.indices.filter { files[$0].descriptor >= 0 && files[$0].readers == 0 }
        guard let oldest = idle.min(by: { files[$0].lastUse < files[$1].lastUse }) else {
            return false
        }
        close(files[oldest].descriptor)
        files[oldest].descriptor = -1
        open -= 1
        return true
    }
}

import Foundation
import Synchronization

/// The descriptors of shards, opened when first read and shared by all threads.
final class OpenShards: Sendable {
    /// Descriptors kept open; a process may often have 1024.
    static let limit = 256

    private struct File {
        var descriptor: Int32
        var readers: Int
        var lastUse: Int
    }

    private struct State {
        var files: [Int: File] = [:]
        var clock = 0
    }

    private let paths: [String]
    private let state = Mutex(State())

    init(paths: [String]) { self.paths = paths }

    deinit {
        state.withLock { for file in $0.files.values { close(file.descriptor) } }
    }

    /// Descriptors open now.
    var count: Int { state.withLock { $0.files.count } }

    /// A shard's descriptor, which stays open until it is given back.
    func borrow(_ shard: Int) throws(DatasetError) -> Int32 {
        let descriptor = state.withLock { state in
            state.clock += 1
            if state.files[shard] == nil {
                if state.files.count >= Self.limit { Self.closeOldest(&state) }
                let descriptor = Descriptor.open(paths[shard])
                guard descriptor >= 0 else { return -errno }
                state.files[shard] = File(descriptor: descriptor, readers: 0, lastUse: 0)
            }
            state.files[shard]?.readers += 1
            state.files[shard]?.lastUse = state.clock
            return state.files[shard]?.descriptor ?? -EBADF
        }
        guard descriptor >= 0 else { throw .system(paths[shard], "cannot be read", -descriptor) }
        return descriptor
    }

    /// Ends the use of a borrowed descriptor.
    func giveBack(_ shard: Int) {
        state.withLock { $0.files[shard]?.readers -= 1 }
    }

    /// Closes the file that has not been used for longest, unless every one is being read.
    private static func closeOldest(_ state: inout State) {
        let idle = state.files.filter { $0.value.readers == 0 }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        close(oldest.value.descriptor)
        state.files[oldest.key] = nil
    }
}

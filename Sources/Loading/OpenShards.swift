import Foundation
import Synchronization

/// The descriptors of shards, opened when first read and shared by all threads.
final class OpenShards: Sendable {
    /// Descriptors kept open; a process may often have 1024.
    static let limit = 256

    private struct File {
        /// -1 while it is not open.
        var descriptor: Int32 = -1
        var readers = 0
        var lastUse = 0
    }

    private struct State {
        var files: [File]
        var open = 0
        var clock = 0
    }

    private let paths: [String]
    private let state: Mutex<State>

    init(paths: [String]) {
        self.paths = paths
        state = Mutex(State(files: [File](repeating: File(), count: paths.count)))
    }

    deinit {
        state.withLock {
            for file in $0.files where file.descriptor >= 0 { close(file.descriptor) }
        }
    }

    /// Descriptors open now.
    var count: Int { state.withLock { $0.open } }

    /// A shard's descriptor, which stays open until it is given back.
    func borrow(_ shard: Int) throws(DatasetError) -> Int32 {
        let descriptor = state.withLock { state in
            if state.files[shard].descriptor < 0 {
                if state.open >= Self.limit { Self.closeOldest(&state) }
                let descriptor = Descriptor.open(paths[shard])
                guard descriptor >= 0 else { return -errno }
                state.files[shard].descriptor = descriptor
                state.open += 1
            }
            state.clock += 1
            state.files[shard].lastUse = state.clock
            state.files[shard].readers += 1
            return state.files[shard].descriptor
        }
        guard descriptor >= 0 else { throw .system(paths[shard], "cannot be read", -descriptor) }
        return descriptor
    }

    /// Ends the use of a borrowed descriptor.
    func giveBack(_ shard: Int) {
        state.withLock { $0.files[shard].readers -= 1 }
    }

    /// Closes the file that has not been used for longest, unless every one is being read.
    private static func closeOldest(_ state: inout State) {
        let idle = state.files.indices.filter {
            state.files[$0].descriptor >= 0 && state.files[$0].readers == 0
        }
        guard let oldest = idle.min(by: { state.files[$0].lastUse < state.files[$1].lastUse })
        else { return }
        close(state.files[oldest].descriptor)
        state.files[oldest].descriptor = -1
        state.open -= 1
    }
}

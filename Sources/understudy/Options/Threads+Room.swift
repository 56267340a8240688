import Base
import Torch

extension Threads {
    /// Checks that a limit of mappings leaves room to compute, with the threads that are set.
    ///
    /// - Parameter workers: threads that render besides.
    static func requireRoom(rendering workers: Int = 0) throws(MappingLimitError) {
        try MappingLimit.require(MappingLimit.roomToCompute(threads: count + workers))
    }
}

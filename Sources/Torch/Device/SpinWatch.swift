import Base
import CTorch
import Foundation
import Synchronization

/// Has threads that compute sleep soon where other processes want their cores, and wait awake where
/// nobody does.
///
/// Waiting awake saves a training time on cores of its own, and costs it most of its speed beside others
/// (tools/bench-busy). So what others take of the cores is looked at, a few times in a second.
package enum SpinWatch {
    /// Starts watching, once in a process; not where the user has said how long threads are to spin, nor
    /// where a limit of the address space leaves no room for threads that do nothing.
    package static func begin() {
        let environment = ProcessInfo.processInfo.environment
        guard !isBegun.exchange(true, ordering: .relaxed), Threads.count > 1,
            ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"].allSatisfy({ environment[$0] == nil }),
            MappingLimit.ofProcess().isEmpty
        else { return }
        let cores = Cores.numbers
        guard !cores.isEmpty, let first = CoreLoad.now() else { return }
        // Without a thread for it, threads spin as libgomp has them.
        try? WorkerThread.start { watch(cores, first) }
    }

    private static let isBegun = Atomic(false)

    /// Seconds between two looks.
    private static let interval = 0.25

    private static func watch(_ cores: [Int], _ first: CoreLoad) {
        var (last, policy) = (first, SpinPolicy())
        while true {
            Thread.sleep(forTimeInterval: interval)
            guard let now = CoreLoad.now() else { return }
            if let isBrief = policy.change(others: now.others(since: last, on: cores)) {
                guard (try? spinBriefly(isBrief)) == true else { return }
            }
            last = now
        }
    }

    /// Has waiting threads sleep soon, or wait awake again.
    ///
    /// - Returns: false where that cannot be chosen.
    static func spinBriefly(_ isBrief: Bool) throws(TorchError) -> Bool {
        var isDone: Int32 = 0
        try Tensor.call("threads") { ct_spin_briefly(isBrief ? 1 : 0, &isDone, $0) }
        return isDone != 0
    }
}

/// When threads are to sleep soon.
struct SpinPolicy {
    /// Others' share of the cores from which on threads sleep soon, and down to which they go on to.
    private static let bounds = (from: 0.2, to: 0.1)
    /// Looks that must agree before threads wait awake again.
    private static let patience = 4

    private(set) var isBrief = false
    private var quiet = 0

    /// Takes in what others had of the cores since the last look.
    ///
    /// - Returns: what is to be changed to; `nil` for nothing.
    mutating func change(others share: Double) -> Bool? {
        quiet = share < Self.bounds.to ? quiet + 1 : 0
        if !isBrief, share > Self.bounds.from {
            isBrief = true
            return true
        }
        if isBrief, quiet >= Self.patience {
            isBrief = false
            return false
        }
        return nil
    }
}

import CBase
import Foundation

/// The processor cores that this process may use at a time, and what leaves it no more.
///
/// What Foundation counts as active processors knows nothing of a container's quota: a pod with two
/// cores of 64 would start 64 threads and be stopped for most of each tenth of a second.
package struct Cores: Sendable, Equatable, CustomStringConvertible {
    /// What bounds the number of cores.
    package enum Bound: Sendable, Equatable {
        /// All that the machine has.
        case machine
        /// The process may run on some of the machine's cores only (taskset, Slurm, cpusets).
        case affinity
        /// The control group gets so many cores' time (containers).
        case quota
    }

    /// How many threads can run at a time: at least 1, a part of a core counted as one.
    package let count: Int
    /// The cores of the machine.
    package let machine: Int
    /// Why `count` is what it is.
    package let bound: Bound

    /// The process's own, as they were when first asked for.
    package static let usable = Cores(
        machine: sysconf(Int32(_SC_NPROCESSORS_ONLN)), affinity: numbers.count,
        quota: CoreQuota.ofProcess())

    /// The numbers of the machine's cores that the process may run on; empty if unknown.
    package static var numbers: [Int] {
        // More than any system has: the kernel refuses a set that is smaller than its own.
        var bits = [UInt8](repeating: 0, count: 1 << 17)
        guard cbase_affinity(&bits, bits.count) == 0 else { return [] }
        return bits.indices.flatMap { byte in
            (0..<8).filter { bits[byte] >> $0 & 1 == 1 }.map { byte * 8 + $0 }
        }
    }

    /// The least of what is known.
    ///
    /// - Parameters:
    ///   - machine: cores of the machine.
    ///   - affinity: cores that the process may run on; 0 if unknown.
    ///   - quota: cores' time that it gets; `nil` for any.
    init(machine: Int, affinity: Int, quota: Double?) {
        let allowed = affinity > 0 ? affinity : max(machine, 1)
        self.machine = max(machine, allowed)
        if let quota, quota.rounded(.up) < Double(allowed) {
            count = max(Int(quota.rounded(.up)), 1)
            bound = .quota
        } else {
            count = allowed
            bound = allowed < self.machine ? .affinity : .machine
        }
    }

    /// `2 cores`, or `2 of 64 cores (affinity)`.
    package var description: String {
        let cores = machine == 1 ? "core" : "cores"
        return switch bound {
        case .machine: "\(count) \(cores)"
        case .affinity: "\(count) of \(machine) \(cores) (affinity)"
        case .quota: "\(count) of \(machine) \(cores) (cgroup quota)"
        }
    }
}

/// How many cores' time the control groups of a process leave it.
enum CoreQuota {
    /// This process's quota, in cores; `nil` where there is none.
    static func ofProcess() -> Double? {
        ControlGroups.ofProcess("cpu").flatMap { least($0, reading: BoundedFile.text) }
    }

    /// The least quota of a process's groups and of those around them.
    ///
    /// - Parameter reading: the text of a file, or `nil` where it cannot be read.
    ///
    /// Source: Linux, admin-guide/cgroup-v2, `cpu.max`; scheduler/sched-bwc, `cpu.cfs_quota_us`.
    static func least(
        _ groups: ControlGroups, reading: (_ path: String) -> String?
    ) -> Double? {
        groups.folders.compactMap { folder in
            folder.isUnified
                ? unified(reading("\(folder.path)/cpu.max"))
                : legacy(
                    quota: reading("\(folder.path)/cpu.cfs_quota_us"),
                    period: reading("\(folder.path)/cpu.cfs_period_us"))
        }.min()
    }

    /// Of `200000 100000`: 2; of `max 100000`: nothing.
    private static func unified(_ text: String?) -> Double? {
        let fields = text?.split(whereSeparator: \.isWhitespace) ?? []
        guard fields.count == 2 else { return nil }
        return ratio(fields[0], fields[1])
    }

    private static func legacy(quota: String?, period: String?) -> Double? {
        guard let quota = quota?.split(whereSeparator: \.isWhitespace).first,
            let period = period?.split(whereSeparator: \.isWhitespace).first
        else { return nil }
        return ratio(quota, period)
    }

    private static func ratio(_ quota: Substring, _ period: Substring) -> Double? {
        // A quota of -1 is none.
        guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else {
            return nil
        }
        return Double(quota) / Double(period)
    }
}

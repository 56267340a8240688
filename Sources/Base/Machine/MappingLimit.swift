import CBase
import Foundation

/// A limit of what the process may map: of its address space (`ulimit -v`, SGE's `h_vmem`), or of
/// what of it can be written (`ulimit -d`).
///
/// Where a small allocation fails, neither Swift nor the threads of an operation can go on. So who
/// is about to work asks beforehand for the room that the work takes in any case; what is large is
/// asked for on its own and may be refused.
package struct MappingLimit: Sendable, Equatable, CustomStringConvertible {
    /// What is limited.
    package enum Kind: Sendable, CaseIterable {
        case addressSpace
        case data
    }

    /// What is limited.
    package let kind: Kind
    /// The most that may be mapped, in bytes.
    package let bytes: Int
    /// What is mapped already.
    package let mapped: Int

    /// What may still be mapped.
    package var left: Int { max(0, bytes - mapped) }

    /// `the address space is limited to 700000 KiB (ulimit -v)`.
    package var description: String {
        switch kind {
        case .addressSpace: "the address space is limited to \(bytes >> 10) KiB (ulimit -v)"
        case .data: "the data segment is limited to \(bytes >> 10) KiB (ulimit -d)"
        }
    }

    /// The limits that this process has, and what it has mapped now.
    package static func ofProcess() -> [MappingLimit] {
        let bounds = Kind.allCases.compactMap { kind in bound(kind).map { (kind, $0) } }
        guard !bounds.isEmpty, let mapped = Mapped.now() else { return [] }
        return bounds.map { MappingLimit(kind: $0, bytes: $1, mapped: mapped[$0]) }
    }

    /// Checks that there is room for more.
    ///
    /// - Parameter room: bytes that the work will map in any case.
    /// - Throws: `MappingLimitError`.
    package static func require(_ room: Int) throws(MappingLimitError) {
        for limit in ofProcess() where limit.left < room {
            throw MappingLimitError(limit, needed: limit.mapped + room)
        }
    }

    /// What threads that compute and render map before there is any tensor, in bytes.
    ///
    /// Measured with the smallest networks: 136 MiB with one of each, and 64 that malloc takes as its
    /// store before that or then (`HostMemory.keepFreed`). Every further one takes its stack of 8 MiB;
    /// malloc would give it 64 MiB of addresses, but does without.
    package static func roomToCompute(threads: Int) -> Int { (208 + 8 * threads) << 20 }

    /// Has a crash for want of what the limits leave end with a line instead, where there are any.
    package static func explainExhaustion() {
        let limits = ofProcess()
        guard !limits.isEmpty else { return }
        let line =
            "Error: no memory left: \(limits.map(\.description).joined(separator: "; ")); "
            + "raise the limit\n"
        // For the process's life.
        cbase_explain_exhaustion(strdup(line))
    }

    private static func bound(_ kind: Kind) -> Int? {
        let resource =
            switch kind {
            case .addressSpace: RLIMIT_AS
            case .data: RLIMIT_DATA
            }
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        // No limit is the largest number, which no Int is.
        return Int(exactly: limit.rlim_cur)
    }
}

/// A limit of mappings that leaves too little to work with.
package struct MappingLimitError: Error, CustomStringConvertible, Equatable {
    /// The limit, what is needed, and what to do.
    package let description: String

    init(_ limit: MappingLimit, needed: Int) {
        description =
            "\(limit.description), and this command needs at least \((needed + 1023) >> 10) KiB: "
            + "raise the limit"
    }
}

/// What the process has mapped.
private struct Mapped {
    private let space: Int
    private let data: Int

    subscript(_ kind: MappingLimit.Kind) -> Int {
        switch kind {
        case .addressSpace: space
        case .data: data
        }
    }

    /// Reads it; `nil` without /proc.
    ///
    /// Source: proc_pid_statm(5): size and, as the sixth, data with stack, in pages.
    static func now() -> Mapped? {
        guard let text = BoundedFile.text(of: "/proc/self/statm") else { return nil }
        let pages = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard pages.count > 5 else { return nil }
        let size = sysconf(Int32(_SC_PAGESIZE))
        return Mapped(space: pages[0] * size, data: pages[5] * size)
    }
}

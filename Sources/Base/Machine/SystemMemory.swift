import CBase
import Foundation

/// The memory that the process may take.
package enum SystemMemory {
    /// Below this, in bytes, want of memory is not looked for: a process that has not as much left
    /// is at its end anyway.
    private static let small = 1 << 20

    /// Whether memory of a size can be allocated now.
    ///
    /// Swift ends the process where an array finds no memory. Who is about to allocate what a file
    /// or an option asks for asks here first, and throws.
    ///
    /// - Parameter bytes: any number; a negative one stands for a product that overflowed.
    package static func canAllocate(_ bytes: Int) -> Bool {
        guard bytes >= 0 else { return false }
        return bytes < small || cbase_can_allocate(bytes) != 0
    }

    /// The bytes that can be had at most, whatever else the machine does: of its memory with swap
    /// space, of what control groups give to the process, and of what limits let it map.
    package static func most() -> Int {
        let machine = BoundedFile.text(of: "/proc/meminfo").flatMap(installed)
        let groups = ControlGroups.ofProcess("memory").flatMap {
            given(by: $0, reading: BoundedFile.text)
        }
        let bounds = [machine, groups].compactMap { $0 } + MappingLimit.ofProcess().map(\.left)
        return bounds.min() ?? .max
    }

    /// The memory and swap space of a machine, of the lines in /proc/meminfo (proc_meminfo(5)).
    static func installed(_ text: String) -> Int? {
        var sum: Int?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, ["MemTotal:", "SwapTotal:"].contains(words[0]),
                let bytes = Int(words[1])?.multipliedReportingOverflow(by: 1024), !bytes.overflow
            else { continue }
            sum = (sum ?? 0) + bytes.partialValue
        }
        return sum
    }

    /// The least memory that a process's control groups give it; `nil` where none limits it.
    ///
    /// - Parameter reading: the text of a file, or `nil` where it cannot be read.
    ///
    /// Source: Linux, admin-guide/cgroup-v2, `memory.max`; cgroup-v1/memory,
    /// `memory.limit_in_bytes`.
    static func given(
        by groups: ControlGroups, reading: (_ path: String) -> String?
    ) -> Int? {
        groups.folders.compactMap { folder in
            let name = folder.isUnified ? "memory.max" : "memory.limit_in_bytes"
            // Without a limit it says `max`, or a number beyond every machine.
            return reading("\(folder.path)/\(name)")
                .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }.filter { $0 > 0 }.min()
    }
}

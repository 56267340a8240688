import CBase
import Foundation

/// What other processes take of the cores that this one may run on.
package struct CoreLoad: Sendable, Equatable {
    /// The time that each of the machine's cores has been busy, with anything, in ticks.
    let busy: [Int: Int]
    /// This process's own time on all cores, in ticks.
    let own: Int
    /// When it was looked at, in ticks.
    let time: Double

    /// Looks at the machine; `nil` where /proc does not tell.
    package static func now() -> CoreLoad? {
        guard let text = BoundedFile.text(of: "/proc/stat") else { return nil }
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
        }
        return CoreLoad(
            busy: busy(in: text),
            own: Int(seconds * ticksPerSecond),
            time: ProcessInfo.processInfo.systemUptime * ticksPerSecond)
    }

    /// The share of the cores' time that others had since an earlier look, 0 to 1.
    ///
    /// - Parameter cores: the numbers of those that count.
    package func others(since earlier: CoreLoad, on cores: [Int]) -> Double {
        let passed = (time - earlier.time) * Double(cores.count)
        guard passed > 0 else { return 0 }
        let all = cores.reduce(0) { $0 + (busy[$1] ?? 0) - (earlier.busy[$1] ?? 0) }
        return min(max(Double(all - (own - earlier.own)) / passed, 0), 1)
    }

    private static let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))

    /// Reads the lines of the cores.
    ///
    /// Source: proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal, of which steal is
    /// what another guest of the same host had; guests' time is in user and nice already.
    static func busy(in text: String) -> [Int: Int] {
        var busy: [Int: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
            let fields = line.split(separator: " ")
            guard let number = Int(fields[0].dropFirst(3)), fields.count > 8 else { continue }
            let ticks = fields[1...8].map { Int($0) ?? 0 }
            busy[number] = ticks.reduce(0, +) - ticks[3] - ticks[4]
        }
        return busy
    }
}

import Foundation

/// The most memory that the process has held at once.
package enum PeakMemory {
    /// Its bytes in RAM, of its own and of files that it maps; `nil` where /proc does not tell.
    package static func resident() -> Int? {
        BoundedFile.text(of: "/proc/self/status").flatMap(highWater)
    }

    /// Begins to look for the most anew. Where the system does not let it, as in some containers,
    /// the most since the process began stands.
    package static func reset() {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        // Source: proc_pid_clear_refs(5), since Linux 4.0.
        _ = write(file, "5", 1)
        close(file)
    }

    /// Reads the line of proc_pid_status(5).
    static func highWater(in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 3, words[2] == "kB", let kibibytes = Int(words[1]) else {
                return nil
            }
            return Int.product(kibibytes, 1024)
        }
        return nil
    }
}

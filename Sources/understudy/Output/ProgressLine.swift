import Base
import Foundation

/// One report of progress, as text.
struct ProgressLine {
    /// What is done; from outside, as `note` is.
    let label: String
    let done: Int
    let total: Int
    let unit: String
    /// Units for each second; 0 while it is not known.
    let rate: Double
    let note: String

    /// The line of a log.
    var plain: String { "\(label): \(figures)".printable }

    /// The line of a terminal, cut to be narrower than it: the cursor then stays on the line.
    func drawn(columns: Int) -> String {
        let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 1
        let filled = Int(12 * share)
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 12 - filled)
        return Self.cut("\(label) [\(bar)] \(figures)".printable, to: columns - 1)
    }

    private var figures: String {
        let left = Double(total) - Double(done)
        let time = rate > 0 && left > 0 ? clock(left / rate) : "0:00"
        let speed = String(format: "%.1f", rate)
        return "\(done)/\(total)  \(speed) \(unit)/s  \(time) left  \(note)"
    }

    private func clock(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 3_599_999))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return whole >= 3600
            ? "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
            : "\(whole / 60):\(two(whole % 60))"
    }

    /// As much of a text as fits in a number of columns.
    private static func cut(_ text: String, to columns: Int) -> String {
        var room = columns
        return String(
            text.prefix { character in
                room -= width(of: character)
                return room >= 0
            })
    }

    /// The columns that a terminal gives a character.
    ///
    /// Source: Unicode Standard Annex 11, the blocks that are wide as a whole.
    private static func width(of character: Character) -> Int {
        guard let value = character.unicodeScalars.first?.value, value >= 0x1100 else { return 1 }
        let wide: [ClosedRange<UInt32>] = [
            0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
            0x20000...0x3FFFD,
        ]
        return wide.contains { $0.contains(value) } ? 2 : 1
    }
}

import Base
import Foundation

/// Shows progress on standard error: one redrawn line on a terminal, plain lines now and then
/// elsewhere.
final class ProgressBar: ProgressReporter {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    /// Whether lines are all that is shown.
    private let showsLinesOnly: Bool

    /// - Parameter showsLinesOnly: for one of several processes, whose progress another one shows.
    init(showsLinesOnly: Bool = false) { self.showsLinesOnly = showsLinesOnly }

    private var label = ""
    private var unit = ""
    private var total = 0
    private var start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?
    private var isDrawn = false

    func begin(_ label: String, total: Int, unit: String) {
        self.label = label
        self.total = total
        self.unit = unit
        start = .now
        lastDrawn = nil
        first = nil
    }

    // Work done at the first report: a resumed piece starts at more than zero, which is no speed.
    private var first: (done: Int, at: ContinuousClock.Instant)?

    func advance(to done: Int, note: String) {
        guard !showsLinesOnly else { return }
        let now = ContinuousClock.now
        let baseline = first ?? (0, start)
        if first == nil { first = (done, now) }
        // A log file gets a line every ten seconds, a terminal a frame every tenth.
        let interval = isTerminal ? Duration.milliseconds(100) : .seconds(10)
        let isDue = (lastDrawn ?? start).duration(to: now) >= interval
        guard isDue || (isTerminal && done >= total) else { return }
        lastDrawn = now
        let elapsed = baseline.at.duration(to: now).seconds
        let line = ProgressLine(
            label: label, done: done, total: total, unit: unit,
            rate: elapsed > 0 ? Double(done - baseline.done) / elapsed : 0, note: note)
        if isTerminal {
            write("\r\u{1B}[2K" + line.drawn(columns: min(columns, 120)))
            isDrawn = true
        } else {
            write(line.plain + "\n")
        }
    }

    func end() {
        erase()
    }

    func line(_ text: String) {
        erase()
        write(text.printable + "\n")
    }

    private func erase() {
        if isDrawn { write("\r\u{1B}[2K") }
        isDrawn = false
    }

    private func write(_ text: String) {
        StandardStreams.report(text)
    }

    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

extension ProgressBar {
    /// What the tools that go through a cache part by part report to.
    ///
    /// - Parameter goesOn: whether the same command takes up the work where a signal stopped it.
    /// - Returns: draws how many of how many parts are done; throws `Interrupted` after a signal.
    func parts(_ label: String, goesOn: Bool) -> (_ done: Int, _ total: Int) throws -> Void {
        var hasBegun = false
        return { done, total in
            if !hasBegun { self.begin(label, total: total, unit: "parts") }
            hasBegun = true
            self.advance(to: done, note: "")
            guard Interruption.requested else { return }
            throw Interrupted(
                description: "stopped after \(done) of \(total) parts"
                    + (goesOn ? "; the same command goes on from there" : ""))
        }
    }
}

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
        return "\(label) [\(bar)] \(figures)".printable.cut(to: columns - 1)
    }

    private var figures: String {
        let left = Double(total) - Double(done)
        let time = rate > 0 && left > 0 ? (left / rate).clockText : "0:00"
        let speed = String(format: "%.1f", rate)
        return "\(done)/\(total)  \(speed) \(unit)/s  \(time) left  \(note)"
    }
}

/// Tells nobody.
struct NoProgress: ProgressReporter {
    func begin(_ label: String, total: Int, unit: String) {}
    func advance(to done: Int, note: String) {}
    func end() {}
    func line(_ text: String) {}
}

import Base
import Foundation

/// The lines that the terminal or a batch system's log gets of each epoch: what it came to, and how the
/// run gets on.
///
/// ```
/// epoch  12/610  loss 1.2345  ce 1.9876  kl 0.1234  top-1 63.33  raw 61.10
///   2026-03-01 18:02:11  7123.4 images/s  2 % waiting for data  27:10:33 left
/// ```
final class ConsoleLog: RunObserver {
    /// Those of the training.
    private let epochs: Int
    /// The names of the losses that are told, in order.
    private let losses: [String]
    /// Where this start of the training began: epochs done by then, a broken one among them, and
    /// seconds spent.
    private let start: (epochs: Double, seconds: Double)
    private let now: () -> time_t
    private let print: (String) -> Void

    init(
        epochs: Int, losses: [String], start: (epochs: Double, seconds: Double) = (0, 0),
        now: @escaping () -> time_t = { time(nil) }, print: @escaping (String) -> Void
    ) {
        self.epochs = epochs
        self.losses = losses
        self.start = start
        self.now = now
        self.print = print
    }

    static func open(_ run: ObservedRun) -> ConsoleLog? {
        let done = Double(run.state.steps) / Double(run.schedule.stepsPerEpoch)
        return ConsoleLog(
            epochs: run.schedule.settings.epochs, losses: run.losses,
            start: (done, run.state.seconds), print: run.progress.line)
    }

    func epochEnded(_ record: EpochRecord) {
        var figures = losses.compactMap { name in
            record.losses[name].map { "\(name) " + String(format: "%.4f", $0) }
        }
        figures.append(String(format: "top-1 %.2f", record.top1))
        if let raw = record.rawTop1 { figures.append(String(format: "raw %.2f", raw)) }
        let epoch = String(format: "epoch %3ld/%ld", record.epoch + 1, epochs)
        print(([epoch] + figures).joined(separator: "  "))
        print("  " + course(record).joined(separator: "  "))
        if record.substituted > 0 {
            print("\(record.substituted) images so far were replaced: not decodable")
        }
    }

    /// When it was, how fast it went, and how long the rest of the run takes at the pace since its start.
    private func course(_ record: EpochRecord) -> [String] {
        var figures = [timestamp, String(format: "%.1f images/s", record.imagesPerSecond)]
        if let wait = record.dataWait {
            figures.append(String(format: "%.0f %% waiting for data", 100 * wait))
        }
        let done = Double(record.epoch + 1) - start.epochs
        let left = Double(epochs - record.epoch - 1)
        if done > 0, left > 0 {
            let pace = (record.seconds - start.seconds) / done
            figures.append("\((pace * left).clockText) left")
        }
        return figures
    }

    /// The local time: `2026-03-01 18:02:11`.
    private var timestamp: String {
        var (moment, parts) = (now(), tm())
        localtime_r(&moment, &parts)
        return String(
            format: "%04d-%02d-%02d %02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1,
            parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec)
    }
}

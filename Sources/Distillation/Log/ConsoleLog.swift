import Foundation

/// The line that the terminal or a batch system's log gets of each epoch.
final class ConsoleLog: RunObserver {
    /// Those of the training.
    private let epochs: Int
    /// The names of the losses that are told, in order.
    private let losses: [String]
    private let print: (String) -> Void

    init(epochs: Int, losses: [String], print: @escaping (String) -> Void) {
        self.epochs = epochs
        self.losses = losses
        self.print = print
    }

    static func open(_ run: ObservedRun) -> ConsoleLog? {
        ConsoleLog(
            epochs: run.schedule.settings.epochs, losses: run.losses, print: run.progress.line)
    }

    func epochEnded(_ record: EpochRecord) {
        let figures = losses.compactMap { name in
            record.losses[name].map { "  \(name) " + String(format: "%.4f", $0) }
        }
        print(
            String(format: "epoch %3ld/%ld", record.epoch + 1, epochs) + figures.joined()
                + String(
                    format: "  top-1 %.2f  %.1f images/s", record.top1, record.imagesPerSecond))
        if record.substituted > 0 {
            print("\(record.substituted) images so far were replaced: not decodable")
        }
    }
}

import Foundation
import Synchronization

/// Whether Ctrl-C, a closed terminal or a batch system asked the program to stop.
///
/// The first signal asks: loops look at `requested` between steps, save and end. The second one
/// ends the process at once.
public enum Interruption {
    /// What asks: Ctrl-C and `kill`, a closed terminal, and what Slurm's `--signal` and other batch
    /// systems send before their time limit.
    public static let signals = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]

    private static let received = Atomic<Int32>(0)

    /// Whether a signal has come.
    public static var requested: Bool { received.load(ordering: .relaxed) != 0 }

    /// The signal that has come; `nil` while none has.
    public static var signal: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Begins to catch the signals; for commands whose loops look at `requested`.
    ///
    /// One that the parent has the program ignore, as `nohup` does SIGHUP, stays ignored.
    public static func install() {
        // Touched here so that the handler never initialises it.
        received.store(0, ordering: .relaxed)
        var caught = sigset_t()
        sigemptyset(&caught)
        for number in signals {
            if number == SIGHUP, isIgnored(number) { continue }
            sigaddset(&caught, number)
            Foundation.signal(number) { number in
                Interruption.received.store(number, ordering: .relaxed)
                Foundation.signal(number, SIG_DFL)
            }
        }
        // A parent that starts programs from a thread with blocked signals passes that on.
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var present = sigaction()
        sigaction(number, nil, &present)
        // Swift cannot compare C functions; the constants are small numbers in their place.
        return unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// The work stopped half-way because a signal asked for it; what was done is saved.
public struct Interrupted: Error, CustomStringConvertible, Equatable {
    /// Where it stopped and how to go on.
    public let description: String

    /// Makes the error from its one line.
    public init(description: String) { self.description = description.printable }
}

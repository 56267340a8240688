import Foundation
import Synchronization

/// What the program does about signals, above all about those that ask it to stop: Ctrl-C, a closed
/// terminal, a batch system.
///
/// The first signal asks: loops look at `requested` between steps, save and end. The second one
/// ends the process at once.
package enum Interruption {
    /// What asks: Ctrl-C and `kill`, a closed terminal, what Slurm's `--signal` and other batch
    /// systems send before their time limit, and a limit of processor time.
    package static let signals = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU]

    /// What would end the process in the midst of a write: to a reader that has gone, and beyond the
    /// limit of a file's size (`ulimit -f`).
    package static let signalsOfWrites = [SIGPIPE, SIGXFSZ]

    private static let received = Atomic<Int32>(0)

    /// Whether a signal has come.
    package static var requested: Bool { received.load(ordering: .relaxed) != 0 }

    /// The signal that has come; `nil` while none has.
    package static var signal: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Has writes fail with their reason instead of ending the process; called first of all, for
    /// every command. Programs that are started inherit it: `ChildProcess` undoes it for them.
    package static func ignoreSignalsOfWrites() {
        for number in signalsOfWrites { Foundation.signal(number, SIG_IGN) }
    }

    /// Begins to catch the signals; for commands whose loops look at `requested`.
    ///
    /// One that the parent has the program ignore, as `nohup` does SIGHUP, stays ignored.
    package static func install() {
        // Touched here so that the handler never initializes it.
        received.store(0, ordering: .relaxed)
        var caught = sigset_t()
        sigemptyset(&caught)
        for number in signals {
            if number == SIGHUP, isIgnored(number) { continue }
            sigaddset(&caught, number)
            Foundation.signal(number) { number in
                Interruption.received.store(number, ordering: .relaxed)
                // The system repeats this one each second, up to the limit at which it kills.
                Foundation.signal(number, number == SIGXCPU ? SIG_IGN : SIG_DFL)
            }
        }
        leaveTimeToSave()
        // A parent that starts programs from a thread with blocked signals passes that on.
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    }

    /// Has SIGXCPU come before the hard limit of processor time, which kills without a word.
    ///
    /// `ulimit -t` sets both limits alike. A tenth of the time is left to finish a step and save it,
    /// but no more than a minute of each core.
    private static func leaveTimeToSave() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_CPU.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_max != .max, limit.rlim_max > 1,
            limit.rlim_cur >= limit.rlim_max
        else { return }
        limit.rlim_cur =
            limit.rlim_max - min(max(limit.rlim_max / 10, 1), 60 * rlim_t(Cores.usable.count))
        setrlimit(resource, &limit)
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
package struct Interrupted: Error, CustomStringConvertible, Equatable {
    /// Where it stopped, and what of it is kept.
    package let description: String

    /// Makes the error from its one line.
    package init(description: String) { self.description = description.printable }
}

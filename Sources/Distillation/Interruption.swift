import Foundation
import Synchronization

/// Whether Ctrl-C or a batch system asked the program to stop.
///
/// The first SIGINT or SIGTERM asks: loops look at `requested` between steps, save and end. The
/// second one ends the process at once.
public enum Interruption {
    private static let flag = Atomic<Bool>(false)

    /// Whether a signal has come.
    public static var requested: Bool { flag.load(ordering: .relaxed) }

    /// Begins to catch SIGINT and SIGTERM; for commands whose loops look at `requested`.
    public static func install() {
        // Touched here so that the handler never initialises it.
        flag.store(false, ordering: .relaxed)
        var caught = sigset_t()
        sigemptyset(&caught)
        for number in [SIGINT, SIGTERM] {
            sigaddset(&caught, number)
            signal(number) { number in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
        // A parent that starts programs from a thread with blocked signals passes that on.
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    }
}

/// The work stopped half-way because a signal asked for it; what was done is saved.
public struct Interrupted: Error, CustomStringConvertible, Equatable {
    /// Where it stopped and how to go on.
    public let description: String

    /// Makes the error from its one line.
    public init(description: String) { self.description = description }
}

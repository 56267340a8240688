import Foundation

/// Threads of the program's own.
///
/// Foundation's `Thread.start` says nothing where the system has no thread to give, and Dispatch
/// waits for one: in a container with a limit on processes either would hang for ever.
package enum WorkerThread {
    /// Starts a thread that runs `body` and ends.
    ///
    /// - Throws: `SystemFailure` where the system cannot start one.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(SystemFailure) {
        let thread = try make(body)
        pthread_detach(thread)
    }

    /// Runs `body` for every worker, each on a thread of its own, and waits for all.
    ///
    /// The first worker is the calling thread, so one worker needs no thread. Where fewer threads
    /// can be started than asked for, their work is not lost: `body` must share out its work by
    /// taking pieces, not by the worker's number.
    ///
    /// - Parameter body: takes pieces of the work until there are none.
    package static func run(_ workers: Int, _ body: @escaping @Sendable () -> Void) {
        var threads: [pthread_t] = []
        for _ in 1..<max(workers, 1) {
            guard let thread = try? make(body) else { break }
            threads.append(thread)
        }
        body()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// The stack of a thread, in bytes: the main thread's.
    private static let stackSize = 8 << 20

    private static func make(
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemFailure) -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw SystemFailure("cannot start a thread", code)
        }
        return thread
    }

    /// Carries a closure through a C pointer.
    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

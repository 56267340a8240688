import Base
import Foundation

/// Another process of this program, which this one started and which does not outlive it.
///
/// What it prints goes to temporary files without names, so nothing is left of it whichever of the
/// two is killed.
struct ChildProcess {
    /// How it ended.
    enum End: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    /// The environment variable by which it knows whom not to outlive.
    static let parentVariable = "UNDERSTUDY_PARENT"

    /// How it ended; nil while it runs, as far as `look` has seen.
    private(set) var end: End?
    private let process: pid_t
    private let output: Int32
    private let errors: Int32

    /// Starts the program.
    ///
    /// - Parameter environment: of the process, but for `parentVariable`.
    init(_ arguments: [String], environment: [String: String]) throws(SystemFailure) {
        output = try NamelessFile.make(for: "output")
        do {
            errors = try NamelessFile.make(for: "errors")
        } catch {
            close(output)
            throw error
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, or a terminal's Ctrl-C would reach it beside what is passed on, and a
        // second signal ends it at once.
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // What this process ignores for itself.
        var writes = sigset_t()
        sigemptyset(&writes)
        for number in Interruption.signalsOfWrites { sigaddset(&writes, number) }
        posix_spawnattr_setsigdefault(&attributes, &writes)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var variables = environment
        variables[Self.parentVariable] = "\(getpid())"
        let words = ([CommandLine.arguments.first ?? "understudy"] + arguments).map { strdup($0) }
        let pairs = variables.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + pairs { free(text) } }
        var process: pid_t = 0
        let code = posix_spawn(
            &process, "/proc/self/exe", &actions, &attributes, words + [nil], pairs + [nil])
        self.process = process
        guard code == 0 else {
            close(output)
            close(errors)
            throw SystemFailure("cannot start a process", code)
        }
    }

    /// Looks whether it has ended, or waits for that.
    mutating func look(waiting: Bool = false) {
        guard end == nil else { return }
        var status: Int32 = 0
        var found: pid_t
        repeat {
            found = waitpid(process, &status, waiting ? 0 : WNOHANG)
        } while found < 0 && errno == EINTR
        guard found != 0 else { return }
        let number = status & 0x7F
        end = found < 0 ? .exit(1) : number == 0 ? .exit(status >> 8 & 0xFF) : .signal(number)
    }

    /// Sends it a signal while it runs.
    func send(_ number: Int32) {
        if end == nil { kill(process, number) }
    }

    /// What it has printed on standard output.
    var printed: String { Self.text(in: output) }

    /// What it has printed on standard error.
    var reported: String { Self.text(in: errors) }

    private static func text(in file: Int32) -> String {
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 1 << 16))
        while true {
            let count = pread(file, &buffer, buffer.count, off_t(bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// Closes the files of what it printed.
    func discard() {
        close(output)
        close(errors)
    }
}

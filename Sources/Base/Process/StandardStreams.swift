import Foundation

/// Standard input, output and error of the program.
///
/// Foundation's handles crash where a stream is closed or its disk is full. Here what is printed
/// can fail, and says so; what is only reported is dropped.
package enum StandardStreams {
    /// Opens what the parent left closed as `/dev/null`, so that no file of ours gets its number.
    ///
    /// Called first of all. What is then printed on a closed standard output is an error, since the
    /// stand-in is opened for reading only; on a closed standard error it is dropped.
    package static func open() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(number, F_GETFD) == -1 {
            // The lowest free number is this one: those below are open.
            _ = Foundation.open("/dev/null", O_RDONLY)
        }
    }

    /// Prints lines on standard output: results, which must not get lost.
    ///
    /// What a terminal would obey is written as `printableLines` writes it.
    ///
    /// - Throws: `SystemFailure`, as on a full disk.
    package static func print(_ text: String) throws(SystemFailure) {
        try printVerbatim(text.printableLines)
    }

    /// Prints lines of the program's own on standard output as they are, tabs and all.
    ///
    /// - Throws: `SystemFailure`, as on a full disk.
    package static func printVerbatim(_ text: String) throws(SystemFailure) {
        let code = write(text + "\n", to: STDOUT_FILENO)
        guard code == 0 else { throw SystemFailure(outputName, code) }
    }

    /// Whether an error says that nobody reads standard output any more, as `head` does not after
    /// its lines: no failure of the program's, and nothing to tell.
    package static func isUnread(_ error: any Error) -> Bool {
        error as? SystemFailure == SystemFailure(outputName, EPIPE)
    }

    private static let outputName = "standard output"

    /// Reads standard input to its end.
    ///
    /// - Throws: `SystemFailure`, also where there is more than `limit` bytes.
    package static func readInput(limit: Int) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemFailure("standard input") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= limit else { throw SystemFailure("standard input", EFBIG) }
        }
    }

    /// Writes text on standard error as it is; where that fails nothing is left to be told.
    package static func report(_ text: String) {
        _ = write(text, to: STDERR_FILENO)
    }

    /// - Returns: 0, or the `errno` of the write that failed.
    private static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { UnsafeRawBufferPointer($0).write(to: descriptor) }
    }
}

import Foundation

/// The built program, run as a user runs it.
enum Program {
    /// What a run printed and how it ended.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// Standard error's last line.
        var lastError: String {
            errors.split(separator: "\n").last.map(String.init) ?? ""
        }
    }

    /// The program beside the test bundle.
    static var path: String {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("understudy").path
    }

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - fileLimit: how large it may make files, in blocks of 512 bytes; what is more fails as on
    ///     a full disk.
    ///   - diskIsFull: whether what it prints goes to a full disk.
    ///   - environment: variables to set besides those that are there.
    static func start(
        _ arguments: [String], in folder: String, output: URL, errors: URL, fileLimit: Int? = nil,
        diskIsFull: Bool = false, environment: [String: String] = [:]
    ) throws -> Process {
        // Under nohup the program would take over that SIGHUP is ignored.
        signal(SIGHUP, SIG_DFL)
        let process = Process()
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let fileLimit {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            let script = "ulimit -f \(fileLimit); exec \"$0\" \"$@\""
            process.arguments = ["-c", script, path] + arguments
        }
        if diskIsFull {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "exec \"$0\" \"$@\" >/dev/full", path] + arguments
        }
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        for url in [output, errors] {
            _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        return process
    }

    /// Runs the program to its end, or kills it with SIGKILL after `killAfter` seconds.
    @discardableResult
    static func run(
        _ arguments: [String], in folder: Folder, killAfter seconds: Double? = nil,
        fileLimit: Int? = nil, diskIsFull: Bool = false, environment: [String: String] = [:]
    ) throws -> Outcome {
        let name = UUID().uuidString
        let output = URL(fileURLWithPath: "\(folder.path)/.out-\(name)")
        let errors = URL(fileURLWithPath: "\(folder.path)/.err-\(name)")
        let process = try start(
            arguments, in: folder.path, output: output, errors: errors, fileLimit: fileLimit,
            diskIsFull: diskIsFull, environment: environment)
        if let seconds {
            Thread.sleep(forTimeInterval: seconds)
            kill(process.processIdentifier, SIGKILL)
        }
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }
}

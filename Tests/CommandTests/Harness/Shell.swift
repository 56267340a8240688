import Foundation

/// The built program with its streams and limits as a shell sets them.
enum Shell {
    /// Runs a script of /bin/sh in which `"$0" "$@"` is the program with its arguments.
    ///
    /// - Parameter seconds: when a program that hangs is killed, which gives status 137.
    static func run(
        _ script: String, _ arguments: [String], in folder: Folder, limit seconds: Int = 120
    ) throws -> Program.Outcome {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = bundle.deletingLastPathComponent().appendingPathComponent("understudy").path
        let name = UUID().uuidString
        let files = ["out", "err"].map { URL(fileURLWithPath: "\(folder.path)/.\($0)-\(name)") }
        for file in files { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["-s", "KILL", "\(seconds)", "/bin/sh", "-c", script, program]
        process.arguments? += arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        // What a signal ended has a status of its own here, as a shell gives it.
        let status =
            process.terminationReason == .uncaughtSignal
            ? 128 + process.terminationStatus : process.terminationStatus
        return Program.Outcome(
            status: status, output: try String(contentsOf: files[0], encoding: .utf8),
            errors: try String(contentsOf: files[1], encoding: .utf8))
    }
}

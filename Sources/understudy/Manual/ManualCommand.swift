import ArgumentParser
import Base

/// `understudy manual`, for tools/install.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Prints the manual page of all commands, in troff.",
        discussion: """
            tools/install puts it where man finds it.

            Example:
              understudy manual > understudy.1
              man ./understudy.1
            """,
        shouldDisplay: false)

    func run() throws {
        let page = ManualPage(try CommandTree(of: Understudy.self), version: Base.version)
        try StandardStreams.printVerbatim(page.text)
    }
}

import ArgumentParser
import Base
import Distillation
import Foundation
import Torch

/// The command line's root.
@main
struct Understudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "understudy",
        abstract: "Distils a large image classifier into a small one from cached responses.",
        discussion: """
            A teacher is run once over every augmented view; its responses are cached; any number \
            of students are trained from the cache.

            Example:
              understudy plan --recipe recipes/imagenet-resnet50-kd.yaml --images 1281167
            """,
        version: "understudy \(Base.version), libtorch \(Libtorch.version)",
        subcommands: [
            InitCommand.self, PlanCommand.self, RecipeCommand.self, ViewsCommand.self,
            CacheCommand.self, TrainCommand.self, EvalCommand.self, PredictCommand.self,
            AverageCommand.self, ExportCommand.self, WeightsCommand.self, ReportCommand.self,
            CompareCommand.self, PackCommand.self, DoctorCommand.self, BenchCommand.self,
            ManualCommand.self,
        ])

    static func main() {
        StandardStreams.open()
        Interruption.ignoreSignalsOfWrites()
        MappingLimit.explainExhaustion()
        HostMemory.keepFreed()
        do {
            try Numerics.standard.set()
            var command = try parse(Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch let error as Interrupted {
            StandardStreams.report("\(error.description)\n")
            // As a shell reports a program that a signal ended.
            Foundation.exit(128 + (Interruption.signal ?? SIGINT))
        } catch {
            end(with: error)
        }
    }

    /// Reads a command line as `parseAsRoot` does, but for words that are misspelt.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        try refuseBlank(arguments)
        try Misspelling.checkCommand(arguments, of: Self.self)
        do {
            return try parseAsRoot(arguments)
        } catch  where exitCode(for: error) == .validationFailure {
            throw try Misspelling.option(in: arguments, of: CommandTree(of: Self.self)) ?? error
        }
    }

    /// Refuses an argument of blanks alone, as a variable that is not set leaves: no option takes
    /// one, and as a path it would be the root's folder or a name that nobody sees.
    private static func refuseBlank(_ arguments: [String]) throws {
        func isBlank(_ text: some StringProtocol) -> Bool { text.allSatisfy(\.isWhitespace) }
        for (index, argument) in arguments.enumerated() {
            if isBlank(argument) {
                let place =
                    index == 0 ? "the first one" : "the one after \(arguments[index - 1].quoted)"
                throw ValidationError(
                    "an argument is blank, \(place.printable); is a variable not set?")
            }
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else {
                continue
            }
            if isBlank(argument[argument.index(after: equals)...]) {
                throw ValidationError(
                    "\(argument[..<equals]) is blank; is a variable not set?".printable)
            }
        }
    }

    /// Ends the process as `exit(withError:)` does, but for what that leaves out: a help text, a
    /// version or a completion script that cannot be written is an error; what a user wrote is
    /// shown without what a terminal would obey; and an error of Foundation's is one line.
    private static func end(with error: any Error) -> Never {
        let status = exitCode(for: error)
        guard status != .success else {
            do {
                try StandardStreams.printVerbatim(fullMessage(for: error))
                Foundation.exit(EXIT_SUCCESS)
            } catch {
                end(with: error)
            }
        }
        if StandardStreams.isUnread(error) {
            // As a shell reports a program that the closed pipe ended.
            Foundation.exit(128 + SIGPIPE)
        }
        let isUsage = status == .validationFailure
        let text =
            isUsage
            ? fullMessage(for: error).printableLines
            : "Error: \(advisedLine(error))"
        StandardStreams.report(text + "\n")
        let isMisspelt = error is Misspelling
        Foundation.exit((isMisspelt ? ExitCode.validationFailure : status).rawValue)
    }
}

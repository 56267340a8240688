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
        subcommands: [
            PlanCommand.self, ViewsCommand.self, CacheCommand.self,
            TrainCommand.self,
            EvalCommand.self, PredictCommand.self, AverageCommand.self, ExportCommand.self,
            PackCommand.self, DoctorCommand.self, BenchCommand.self,
        ])

    static func main() {
        StandardStreams.open()
        HostMemory.keepFreed()
        do {
            try Numerics.standard.set()
            var command = try parseAsRoot()
            try command.run()
        } catch let error as Interrupted {
            StandardStreams.report("\(error.description)\n")
            // As a shell reports a program that a signal ended.
            Foundation.exit(128 + (Interruption.signal ?? SIGINT))
        } catch {
            exit(withError: error)
        }
    }
}

import ArgumentParser
import Models
import Recipes

/// `understudy bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures what a device does in a second, on made-up data.",
        discussion: """
            tools/gpu-check runs these beside the same work in PyTorch.

            Example:
              understudy bench student --device cuda:0 --precision bf16
              understudy bench training --device cuda:0 --online
            """,
        subcommands: [Student.self, TeacherForward.self, Training.self, Images.self])

    /// A published network by its name.
    static func published(_ name: String) throws -> PublishedNetwork {
        guard let network = PublishedNetwork.named(name) else {
            throw ValidationError(
                "no model '\(name)'; known: \(PublishedNetwork.names.joined(separator: ", "))")
        }
        return network
    }
}

import ArgumentParser

/// `understudy weights`.
struct WeightsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Looks at weights from elsewhere, and converts them.",
        discussion: """
            Reads safetensors, also several files behind an index, what torch.save wrote (.pth, \
            .pt, .bin) of either kind, and Hugging Face directories. Nothing of a pickle is run.

            Example:
              understudy weights inspect resnet50.pth
              understudy weights convert resnet50.pth --out resnet50.safetensors
            """,
        subcommands: [Inspect.self, Convert.self, Source.self])
}

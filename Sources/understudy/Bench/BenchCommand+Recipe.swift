import ArgumentParser
import Base
import Distillation
import Loading
import Recipes

extension BenchCommand {
    /// `understudy bench recipe`, which is what `understudy bench --recipe` does.
    struct RecipeBench: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "recipe",
            abstract: "What a recipe takes on this machine: views, teacher, student, memory.",
            discussion: """
                Renders the recipe's own views, runs its teachers over them, encodes what they \
                say, and takes training steps, each for some seconds, alone and as in a training. \
                Nothing is kept. `understudy plan --measured` makes hours, bytes and a break-even \
                of what --json prints.

                Example:
                  understudy bench --recipe recipes/patches-kd.yaml
                  understudy bench --recipe recipes/imagenet-resnet50-kd.yaml \\
                    --device cuda:0 --json > bench.json
                """)

        @OptionGroup var recipe: RecipeOptions
        @OptionGroup var measuring: MeasuringOptions
        @OptionGroup var device: DeviceOptions

        @Flag(name: .long, help: "Print JSON.")
        var json = false

        func run() throws {
            Interruption.install()
            let listed = ListedData()
            let measurement = try measuring.measure(recipe.read(listed), listed, on: device)
            try StandardStreams.print(json ? try measurement.json() : measurement.text)
        }
    }
}

/// For how long a recipe is measured.
struct MeasuringOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "Seconds for each figure; one step or one group is always finished.")
    var seconds = 10.0

    func validate() throws {
        guard (0.1...3600).contains(seconds) else {
            throw ValidationError("--seconds must be between 0.1 and 3600")
        }
    }

    /// - Parameter listed: the recipe's images, as far as they were listed for it.
    func measure(
        _ recipe: Recipe, _ listed: ListedData, on device: DeviceOptions
    ) throws -> RecipeMeasurement {
        var loading = device.loading
        loading.listed = listed
        return try RecipeMeasurement(
            recipe, device: device.checkedDevice(), loading: loading, patience: seconds,
            progress: ProgressBar())
    }
}

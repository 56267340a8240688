import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes
import Views

/// `understudy views bench`.
struct ViewBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures how fast views are rendered, and where the time goes.",
        discussion: """
            Renders an epoch's views from their files, as training does, and throws them away. \
            tools/bench-views compares the result with Pillow and timm.

            Example:
              understudy views bench --recipe recipes/imagenet-resnet50-kd.yaml --workers 1
            """)

    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var loading: LoadingArguments

    @Option(name: .long, help: "Views to render, rounded up to whole groups.")
    var views = 1536

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    /// More tell no more, and are hours.
    private static let counts = 1...10_000_000

    func validate() throws {
        guard Self.counts.contains(views) else {
            throw ValidationError("--views must be between 1 and \(Self.counts.upperBound)")
        }
    }

    func run() throws {
        let loader = try ViewLoader(recipe: recipe.read(), options: loading.options)
        let plan = loader.plan
        let count = (views + plan.groupSize - 1) / plan.groupSize
        let groups = (0..<count).map { index in
            (epoch: index / plan.groupsPerEpoch, group: index % plan.groupsPerEpoch)
        }
        let size = plan.settings.size
        // The first groups fill the file cache and the buffers and are not counted.
        _ = try Self.seconds(loader, groups.prefix(2).map { $0 }, size: size)
        let seconds = try Self.seconds(loader, groups, size: size)
        let rendered = count * plan.groupSize
        let report = Report(
            views: rendered, workers: loading.workers, seconds: seconds,
            imagesPerSecond: Double(rendered) / seconds,
            stages: try Self.stages(loader, groups.prefix(4).map { $0 }, size: size))
        try StandardStreams.print(json ? try report.json() : report.text)
    }

    /// The time in which groups go through the pipeline.
    private static func seconds(
        _ loader: ViewLoader, _ groups: [(epoch: Int, group: Int)], size: Int
    ) throws -> Double {
        let start = ContinuousClock.now
        let pipeline = loader.prefetch(groups, sizes: [size])
        while try pipeline.next() != nil {}
        return start.duration(to: .now).seconds
    }

    /// The mean time of each stage on one thread, in milliseconds for each view.
    private static func stages(
        _ loader: ViewLoader, _ groups: [(epoch: Int, group: Int)], size: Int
    ) throws -> [String: Double] {
        let worker = RenderWorker()
        guard SystemMemory.canAllocate(size * size * 3) else {
            throw CommandError("no memory for a view of \(size)x\(size) pixels")
        }
        let pixels = UnsafeMutablePointer<UInt8>.allocate(capacity: size * size * 3)
        defer { pixels.deallocate() }
        var times: [ViewLoader.Stage: Duration] = [:]
        var slots = 0
        for (epoch, group) in groups {
            for slot in loader.plan.slots(ofGroup: group) {
                var last = ContinuousClock.now
                try loader.render(
                    loader.plan.view(epoch: epoch, slot: slot), sizes: [size], with: worker,
                    into: { _ in pixels },
                    lap: { stage in
                        let now = ContinuousClock.now
                        times[stage, default: .zero] += last.duration(to: now)
                        last = now
                    })
                slots += 1
            }
        }
        return Dictionary(
            uniqueKeysWithValues: times.map {
                ($0.key.rawValue, $0.value.seconds * 1000 / Double(max(slots, 1)))
            })
    }

    /// What was measured.
    private struct Report: Encodable {
        let views: Int
        let workers: Int
        let seconds: Double
        let imagesPerSecond: Double
        /// Milliseconds for each view, on one thread.
        let stages: [String: Double]

        enum CodingKeys: String, CodingKey {
            case views, workers, seconds, stages
            case imagesPerSecond = "images_per_second"
        }

        var text: String {
            let lines = ViewLoader.Stage.allCases.map { stage in
                let name = stage.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
                return String(format: "%@%.3f ms", name, stages[stage.rawValue] ?? 0)
            }
            return "\(views) views in " + String(format: "%.2f s", seconds)
                + " with \(workers) worker(s): "
                + String(format: "%.0f images/s\n", imagesPerSecond)
                + lines.joined(separator: "\n")
        }
    }
}

import ArgumentParser
import Base
import Distillation
import Foundation

extension CacheCommand {
    /// `understudy cache build`.
    struct Build: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs a recipe's teacher over every view and stores its responses.",
            discussion: """
                Parts that are there already are skipped, so the same command goes on after a \
                kill or Ctrl-C. A cache of fewer epochs than the recipe's cache.epochs grows to as \
                many, and one of more is left as it is.

                It says how often the teacher's first class is one of the view's labels: a \
                teacher whose classes are in another order than the data's is near chance.

                Several builders share the work without talking to each other: started by \
                torchrun, srun, a Slurm array or mpirun, each takes every n-th part by its rank; \
                elsewhere --shard says so.

                Example:
                  understudy cache build --recipe recipes/imagenet-resnet50-kd.yaml \\
                    --cache responses --device cuda
                  understudy cache build --recipe recipes/imagenet-resnet50-kd.yaml \\
                    --cache responses --device cuda:1 --shard 1/2
                """)

        @OptionGroup var recipe: RecipeOptions
        @OptionGroup var teacher: TeacherOptions
        @OptionGroup var device: DeviceOptions

        @Option(name: .long, help: "The cache's folder; made if it is not there.")
        var cache: String

        @Option(
            name: .long, help: "Only these cached epochs, A..<B; by default the recipe's.",
            transform: SlotRange.init(parsing:))
        var epochs: SlotRange?

        @Option(
            name: .long,
            help: ArgumentHelp(
                "Only every n-th part, from the i-th (from 0); by default the launcher's rank and "
                    + "world size. 0/1 is all parts, whatever the launcher says.",
                valueName: "i/n"))
        var shard: String?

        @Option(
            name: .long,
            help: "Build with this many processes on the CPU, which share its cores.")
        var processes = 1

        @Flag(name: .long, help: "Print the summary as JSON.")
        var json = false

        func validate() throws {
            guard (1...Self.mostProcesses).contains(processes) else {
                throw ValidationError("--processes must be 1 to \(Self.mostProcesses)")
            }
            guard processes == 1 || device.device == .device(.cpu) else {
                throw ValidationError(
                    "--processes is for the CPU; start one builder for each GPU, with --shard")
            }
        }

        /// More than any machine has cores for.
        private static let mostProcesses = 1024

        func run() throws {
            Interruption.install()
            let isOneOfSeveral = try followParent()
            var share = try chosenShare()
            // Whose share it is of the command's own nobody asked.
            if isOneOfSeveral {
                share = Share(index: share.index, count: share.count, source: nil)
            }
            var loading = device.loading
            let recipe = try recipe.read(listingFor: &loading)
            let section = try teacher.section(of: recipe)
            if let epochs { try recipe.checkCached(epochs: epochs.range) }
            if processes > 1 {
                try requireFiles([self.recipe.recipe, section.card])
                let summary = try CacheBuildProcesses(self, share: share).run(
                    recipe: recipe, progress: ProgressBar())
                try StandardStreams.print(json ? try summary.json() : text(summary, share))
                return
            }
            let build = try CacheBuild(
                recipe: recipe, teacher: section, directory: cache, device: device.checkedDevice(),
                loading: loading)
            let progress = ProgressBar(showsLinesOnly: isOneOfSeveral)
            if !isOneOfSeveral { progress.line(device.threadsText) }
            let summary = try build.run(epochs: epochs?.range, share: share, progress: progress)
            try StandardStreams.print(json ? try summary.json() : text(summary, share))
        }

        /// Has one of several processes of a command end with the command.
        ///
        /// - Returns: whether this is one.
        private func followParent() throws -> Bool {
            let text = ProcessInfo.processInfo.environment[ChildProcess.parentVariable]
            guard let parent = text.flatMap({ Int32($0) }) else { return false }
            guard ParentProcess.follow(parent) else {
                throw CommandError("process \(parent), which started this one, has ended")
            }
            return true
        }

        /// Refuses what several processes cannot each read.
        private func requireFiles(_ paths: [String]) throws {
            for path in paths {
                var status = stat()
                guard stat(path, &status) == 0, ![.file, .folder].contains(FileKind(status))
                else { continue }
                throw CommandError(
                    "\(path): is \(FileKind(status).noun), which only one process can read; save it "
                        + "as a file for --processes")
            }
        }

        private func chosenShare() throws -> Share {
            if let shard { return try Share(parsing: shard, source: "--shard") }
            return try Share(environment: ProcessInfo.processInfo.environment)
        }

        private func text(_ summary: CacheBuild.Summary, _ share: Share) -> String {
            var lines = [
                (share == .whole ? cache : "\(cache), shard \(share)")
                    + ": \(summary.built) parts built, \(summary.skipped) were there, "
                    + "\(summary.bytes.byteText); \(summary.rows.grouped) responses in "
                    + String(format: "%.1f s", summary.seconds)
            ]
            if summary.substituted > 0 {
                lines.append(
                    "\(summary.substituted) images could not be decoded and were replaced")
            }
            if let agreement = summary.agreement { lines.append("labels: \(agreement.text)") }
            if summary.missing > 0 {
                lines.append("\(summary.missing) parts of other shards are still missing")
            }
            return lines.joined(separator: "\n")
        }
    }
}

import Base
import Distillation
import Foundation
import Recipes
import ResponseCache

/// Several processes of this program that build a cache together, each its share of a shard.
///
/// They need not know of each other. This one starts them, shows how far they are by the parts
/// that appear, passes an interruption on, and ends the others if one fails.
final class CacheBuildProcesses {
    private struct Child {
        let process: Process
        let shard: Shard
        /// Where its summary and its errors go.
        let output: URL
        let errors: URL
        /// The parts that it is still to publish, last first.
        var missing: [PartID] = []
    }

    private let command: CacheCommand.Build
    private let shard: Shard
    private let folder: URL
    private var children: [Child] = []

    init(_ command: CacheCommand.Build, shard: Shard) throws {
        self.command = command
        self.shard = shard
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "understudy-build-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Runs them to their end.
    ///
    /// - Throws: `Interrupted` after a signal, when they have ended; `CommandError` with the error
    ///   of the first that failed.
    func run(recipe: Recipe, progress: any ProgressReporter) throws -> CacheBuild.Summary {
        let start = ContinuousClock.now
        defer {
            // Reached by an error, too: none is left behind.
            signal(SIGTERM)
            progress.end()
        }
        for index in 0..<command.processes { try startChild(index) }
        var follower: CacheReader?
        var (total, done) = (0, 0)
        while children.contains(where: { $0.process.isRunning }) {
            if Interruption.requested {
                signal(SIGINT)
                throw Interrupted(
                    description: "stopped; the parts published so far are kept, and the same "
                        + "command goes on from there")
            }
            try throwFailure()
            if let reader = follower {
                done += published(reader)
                progress.advance(to: done, note: "\(command.processes) processes")
            } else if let reader = try? CacheReader(directory: command.cache) {
                follower = reader
                total = list(reader)
                progress.begin("cache", total: total, unit: "responses")
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
        try throwFailure()
        var summary = try children.map(summary(of:)).reduce(into: CacheBuild.Summary()) {
            $0.add($1)
        }
        let range = command.epochs?.range ?? 0..<(recipe.cache?.epochs ?? 0)
        summary.missing = try CacheReader(directory: command.cache).missingParts(epochs: range)
            .count
        summary.seconds = start.duration(to: .now).seconds
        return summary
    }

    private func startChild(_ index: Int) throws {
        let count = command.processes
        let share = shard.divided(Shard(index: index, count: count, source: nil))
        let loading = command.device.loadingOptions
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        var arguments = [
            "cache", "build", "--recipe", command.recipe.recipe, "--cache", command.cache,
            "--shard", "\(share)", "--json",
            "--workers", "\(max(1, loading.workers / count))",
            "--prefetch", "\(max(1, loading.prefetch / count))",
        ]
        arguments += command.recipe.overrides.flatMap { ["--set", $0] }
        if let teacher = command.teacher.teacher { arguments += ["--teacher", teacher] }
        if let epochs = command.epochs { arguments += ["--epochs", "\(epochs.range)"] }
        var environment = ProcessInfo.processInfo.environment
        if let threads = command.device.threads {
            arguments += ["--threads", "\(max(1, threads / count))"]
        } else if environment["OMP_NUM_THREADS"] == nil {
            environment["OMP_NUM_THREADS"] = "\(max(1, Cores.usable.count / count))"
        }
        process.arguments = arguments
        process.environment = environment
        let output = folder.appendingPathComponent("output-\(index)")
        let errors = folder.appendingPathComponent("errors-\(index)")
        for url in [output, errors] { try Data().write(to: url) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        children.append(Child(process: process, shard: share, output: output, errors: errors))
    }

    /// Notes what each child is to publish.
    ///
    /// - Returns: the responses in it.
    private func list(_ reader: CacheReader) -> Int {
        let manifest = reader.manifest
        let range = command.epochs?.range ?? 0..<manifest.epochs
        guard range.upperBound <= manifest.epochs else { return 0 }
        let missing = reader.missingParts(epochs: range)
        for index in children.indices {
            children[index].missing = missing.filter {
                children[index].shard.owns($0, of: manifest)
            }.reversed()
        }
        return children.reduce(0) { sum, child in
            child.missing.reduce(sum) { $0 + manifest.slots(of: $1).count }
        }
    }

    /// Takes out what has been published since, in the order in which a child works.
    private func published(_ reader: CacheReader) -> Int {
        var rows = 0
        for index in children.indices {
            while let next = children[index].missing.last, reader.isPublished(next) {
                rows += reader.manifest.slots(of: next).count
                children[index].missing.removeLast()
            }
        }
        return rows
    }

    private func throwFailure() throws {
        for child in children where !child.process.isRunning {
            guard child.process.terminationStatus != 0 else { continue }
            if child.process.terminationReason == .uncaughtSignal {
                throw CommandError(
                    "the process of shard \(child.shard) was ended by signal "
                        + "\(child.process.terminationStatus); run again, finished parts are kept")
            }
            let text = (try? String(contentsOf: child.errors, encoding: .utf8)) ?? ""
            // Some errors have more lines than one; what comes before is progress.
            let lines = text.components(separatedBy: "\n")
            let first = lines.lastIndex { $0.hasPrefix("Error: ") } ?? 0
            throw CommandError(
                lines[first...].joined(separator: "\n").replacing(
                    "Error: ", with: "", maxReplacements: 1
                )
                .trimmingCharacters(in: .newlines))
        }
    }

    /// Sends a signal to those that run and waits for their ends.
    private func signal(_ number: Int32) {
        let running = children.filter { $0.process.isRunning }
        for child in running { kill(child.process.processIdentifier, number) }
        for child in running { child.process.waitUntilExit() }
    }

    private func summary(of child: Child) throws -> CacheBuild.Summary {
        try JSONDecoder().decode(CacheBuild.Summary.self, from: Data(contentsOf: child.output))
    }
}

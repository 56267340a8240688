import Base
import Distillation
import Foundation
import Recipes
import ResponseCache

/// Several processes of this program that build a cache together, each its part of a share.
///
/// They need not know of each other. This one starts them, shows how far they are by the parts
/// that appear, passes an interruption on, and ends the others if one fails.
final class CacheBuildProcesses {
    private struct Child {
        var process: ChildProcess
        let share: Share
        /// The parts that it is still to publish, last first.
        var missing: [PartID] = []
    }

    private let command: CacheCommand.Build
    private let share: Share
    private var children: [Child] = []
    /// Lines of the first child that were passed on.
    private var passedOn = 0

    init(_ command: CacheCommand.Build, share: Share) {
        self.command = command
        self.share = share
    }

    /// Runs them to their end.
    ///
    /// - Throws: `Interrupted` after a signal, when they have ended; `CommandError` with the error
    ///   of the first that failed.
    func run(recipe: Recipe, progress: any ProgressReporter) throws -> CacheBuild.Summary {
        let start = ContinuousClock.now
        defer {
            // Reached by an error, too: none is left behind.
            signal(SIGTERM)
            for child in children { child.process.discard() }
            progress.end()
        }
        for index in 0..<command.processes {
            try endIfInterrupted()
            try startChild(index)
        }
        let epochs = command.epochs?.range ?? 0..<(recipe.cache?.epochs ?? 0)
        var follower: CacheReader?
        var (total, done) = (0, 0)
        while isAnyRunning() {
            try endIfInterrupted()
            try throwFailure()
            passOnNotices(to: progress)
            if let reader = follower {
                done += published(reader)
                progress.advance(to: done, note: "\(command.processes) processes")
            } else if let reader = try? CacheReader(directory: command.cache),
                reader.manifest.epochs >= epochs.upperBound
            {
                // The children have begun it, or have let it grow.
                follower = reader
                total = list(reader, epochs)
                progress.begin("cache", total: total, unit: "responses")
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
        try throwFailure()
        passOnNotices(to: progress)
        var summary = try children.map(summary(of:)).reduce(into: CacheBuild.Summary()) {
            $0.add($1)
        }
        summary.missing = try CacheReader(directory: command.cache).missingParts(epochs: epochs)
            .count
        summary.seconds = start.duration(to: .now).seconds
        return summary
    }

    /// Passes a signal on that asks to stop.
    private func endIfInterrupted() throws {
        guard let number = Interruption.signal else { return }
        signal(number)
        throw Interrupted(
            description:
                "stopped; the parts published so far are kept, and the same command goes on "
                + "from there")
    }

    private func startChild(_ index: Int) throws {
        let count = command.processes
        let share = self.share.divided(Share(index: index, count: count, source: nil))
        let loading = command.device.loadingOptions
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
        children.append(
            Child(process: try ChildProcess(arguments, environment: environment), share: share))
    }

    private func isAnyRunning() -> Bool {
        for index in children.indices { children[index].process.look() }
        return children.contains { $0.process.end == nil }
    }

    /// Notes what each child is to publish.
    ///
    /// - Returns: the responses in it.
    private func list(_ reader: CacheReader, _ epochs: Range<Int>) -> Int {
        let manifest = reader.manifest
        let missing = reader.missingParts(epochs: epochs)
        for index in children.indices {
            children[index].missing = missing.filter {
                children[index].share.owns($0, of: manifest)
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

    /// Passes on what the first child says of the data; the others say the same.
    private func passOnNotices(to progress: any ProgressReporter) {
        // The last one may still be on its way; an error is reported when its process has ended.
        let lines =
            children.first?.process.reported.components(separatedBy: "\n").dropLast()
            .prefix { !$0.hasPrefix("Error: ") } ?? []
        for line in lines.dropFirst(passedOn) { progress.line(line) }
        passedOn = lines.count
    }

    private func throwFailure() throws {
        for child in children {
            switch child.process.end {
            case nil, .exit(0): continue
            case .signal(let number):
                throw CommandError(
                    "the process of shard \(child.share) was ended by signal \(number); run again, "
                        + "finished parts are kept")
            case .exit(let status):
                // Some errors have more lines than one; what comes before is progress.
                let lines = child.process.reported.components(separatedBy: "\n")
                let first = lines.lastIndex { $0.hasPrefix("Error: ") } ?? 0
                let text = lines[first...].joined(separator: "\n")
                    .replacing("Error: ", with: "", maxReplacements: 1)
                    .trimmingCharacters(in: .newlines)
                throw CommandError(
                    text.isEmpty
                        ? "the process of shard \(child.share) ended with status \(status)" : text)
            }
        }
    }

    /// Sends a signal to those that run and waits for their ends.
    private func signal(_ number: Int32) {
        for child in children { child.process.send(number) }
        for index in children.indices { children[index].process.look(waiting: true) }
    }

    private func summary(of child: Child) throws -> CacheBuild.Summary {
        let text = child.process.printed
        do {
            return try JSONDecoder().decode(CacheBuild.Summary.self, from: Data(text.utf8))
        } catch {
            throw CommandError(
                "the process of shard \(child.share) printed no summary; its parts are there: run "
                    + "again to see them counted")
        }
    }
}

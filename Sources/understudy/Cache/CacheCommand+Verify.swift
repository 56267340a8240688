import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes
import ResponseCache

extension CacheCommand {
    /// `understudy cache verify`.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every part of a cache, and with --sample its responses.",
            discussion: """
                Every part that is there is read and decoded: structure, attributes, checksums, \
                and that each row is a distribution. Each fault is one line; any fault ends with \
                exit status 1. A part that is not there is no fault, for a cache may be read while \
                it is built; with --complete it is one.

                With --sample N, the recipe's teacher is run again on N groups drawn at random. \
                For each group KL(fresh || cached) is compared with --max-kl, and the group's \
                pixels with their checksum. KL between two fresh runs is printed beside it: what \
                the device's own noise amounts to. The encoding's own loss counts in KL(fresh || \
                cached), so --max-kl must hold it.

                Example:
                  understudy cache verify --cache responses --complete
                  understudy cache verify --cache responses --sample 8 \\
                    --recipe recipes/imagenet-resnet50-kd.yaml --device cuda:0
                """)

        @Option(name: .long, help: "The cache's folder.")
        var cache: String

        @Flag(name: .long, help: "Take a part that is missing for a fault.")
        var complete = false

        @Option(name: .long, help: "Run the teacher again on this many groups; needs --recipe.")
        var sample: Int?

        @Option(name: .long, help: "The recipe whose teacher made the cache, a YAML file.")
        var recipe: String?

        @Option(
            name: .customLong("set"), parsing: .singleValue,
            help: ArgumentHelp(
                "Overrides one key of the recipe. May be repeated.", valueName: "key=value"))
        var overrides: [String] = []

        @OptionGroup var teacher: TeacherOptions

        @Option(name: .long, help: "Draws the groups of --sample.")
        var seed: UInt64 = 0

        @Option(
            name: .customLong("max-kl"),
            help: ArgumentHelp(
                "The highest mean KL(fresh || cached) of a sampled group; by default by encoding: "
                    + "0.001 for dense, 0.1 for topk, 0.001 above max_kl for bounded.",
                valueName: "nats"))
        var maxKL: Double?

        @OptionGroup var device: DeviceOptions

        @Flag(name: .long, help: "Print JSON.")
        var json = false

        func validate() throws {
            if let sample {
                guard sample >= 1 else { throw ValidationError("--sample must be at least 1") }
                guard recipe != nil else {
                    throw ValidationError("--sample needs --recipe FILE, which names the teacher")
                }
            }
            if let maxKL, !(maxKL >= 0 && maxKL.isFinite) {
                throw ValidationError("--max-kl must be a number of nats, zero or more")
            }
        }

        func run() throws {
            Interruption.install()
            let bar = ProgressBar()
            let reader = try CacheReader(directory: cache)
            let structure = try verify(reader, bar)
            let missing = complete ? MissingParts(reader) : nil
            if !json {
                for line in missing?.lines ?? [] {
                    try StandardStreams.print("\(cache): \(line)".printable)
                }
                for fault in structure.faults { try StandardStreams.print(fault.message) }
                try StandardStreams.print(
                    "\(cache): \(structure.parts.grouped) of \(structure.partsInAll.grouped) parts "
                        + "are there; \(structure.responses.grouped) responses are sound, "
                        + "\(structure.faults.count.grouped) parts are faulty")
            }
            // A teacher says nothing about parts that cannot be read.
            let comparison = structure.faults.isEmpty ? try compare(bar) : nil
            if json {
                try StandardStreams.print(
                    Report(structure: structure, missing: missing, sample: comparison).json())
            } else if let comparison {
                for group in comparison.groups { try StandardStreams.print(group.line) }
            }
            if !structure.faults.isEmpty {
                throw CommandError(
                    "\(cache): \(structure.faults.count) of \(structure.parts) parts are faulty")
            }
            if let missing, missing.count > 0 {
                throw CommandError(
                    "\(cache): \(missing.count.grouped) of \(structure.partsInAll.grouped) parts are "
                        + "missing; `understudy cache build` adds them")
            }
            if let comparison, comparison.failed > 0 {
                throw CommandError(
                    "\(cache): \(comparison.failed) of \(comparison.groups.count) groups are not "
                        + "what the teacher says now (mean KL above \(comparison.maxKL), or other "
                        + "pixels)")
            }
        }

        private func verify(_ reader: CacheReader, _ bar: ProgressBar) throws
            -> CacheVerification
        {
            defer { bar.end() }
            return try reader.verify(
                workers: device.loading.workers, progress: bar.parts("verify", goesOn: false))
        }

        private func compare(_ bar: ProgressBar) throws -> Comparison? {
            guard let sample, let recipe else { return nil }
            let read = try Recipe(
                contentsOf: recipe, overrides: overrides, data: .counted(ListedData()))
            let audit = try CacheAudit(
                recipe: read, teacher: teacher.section(of: read), directory: cache,
                device: device.checkedDevice(), loading: device.loading)
            let threshold = maxKL ?? CacheAudit.standardThreshold(for: audit.manifest.encoding)
            return Comparison(
                groups: try audit.run(count: sample, seed: seed, progress: bar), maxKL: threshold)
        }
    }
}

/// The sampled groups, and the threshold they are held to.
private struct Comparison: Encodable {
    let groups: [CacheAudit.Group]
    let maxKL: Double
    let failed: Int

    init(groups: [CacheAudit.Group], maxKL: Double) {
        self.groups = groups
        self.maxKL = maxKL
        // Not `>`, which lets NaN pass.
        failed = groups.count { !($0.meanKL <= maxKL && $0.samePixels) }
    }

    private enum CodingKeys: String, CodingKey {
        case groups, failed
        case maxKL = "max_kl"
    }
}

private struct Report: Encodable {
    let structure: CacheVerification
    /// Those that `--complete` looked for.
    let missing: MissingParts?
    let sample: Comparison?

    func encode(to encoder: any Encoder) throws {
        try structure.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(missing?.runs, forKey: .missing)
        try container.encodeIfPresent(sample, forKey: .sample)
    }

    private enum Key: String, CodingKey { case missing, sample }
}

extension CacheAudit.Group {
    fileprivate var line: String {
        let figures = String(
            format: "KL(fresh || cached) mean %.3g, maximum %.3g; "
                + "fresh again mean %.3g, maximum %.3g", meanKL, maxKL, rerunMeanKL, rerunMaxKL)
        return "epoch \(epoch), group \(group): \(figures); "
            + "pixels \(samePixels ? "the same" : "DIFFER")"
    }
}

import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes

/// `understudy pack`.
struct PackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Writes a data set as tar shards, for file systems that dislike many files.",
        discussion: """
            The shards follow WebDataset's convention and hold the images' bytes unchanged, so \
            that views and caches stay the same; --max-short-side makes large images smaller. \
            Shards that are there already are kept, once they are found to be what was written, and \
            written again where they are not, so the same command goes on after a kill or Ctrl-C, \
            and mends a pack.

            Every image is checked against its checksum when it is read; --verify compares a whole \
            pack with the SHA-256 of its shards at once.

            Example:
              understudy pack --data data/imagenet/train --out data/imagenet-train
              understudy pack --out data/imagenet-train --verify
            """)

    @Option(
        name: .long,
        help: "The data set: a folder of class folders, a list, or shards. Needed unless --verify.")
    var data: String?

    @Option(name: .long, help: "The folder of the shards; made if it is not there.")
    var out: String

    @Option(name: .long, help: "Images in a shard. (default: 10000)")
    var samplesPerShard: Int?

    @Option(
        name: .long,
        help: "Resize images whose short side is longer, in pixels; by default bytes are kept.")
    var maxShortSide: Int?

    @Option(name: .long, help: "The JPEG quality of resized images, 1 to 100. (default: 95)")
    var quality: Int?

    @Option(name: .long, help: "Threads that read and resize; by default one for each core.")
    var workers: Int?

    @Flag(name: .long, help: "Write nothing: compare every byte of the pack in --out.")
    var verify = false

    @Flag(name: .long, help: "Print the summary as JSON.")
    var json = false

    func validate() throws {
        guard (data == nil) == verify else {
            throw ValidationError(
                verify
                    ? "--verify compares the pack in --out alone: leave out --data"
                    : "--data is needed: the data set to pack")
        }
        let images = Limits.images
        guard samplesPerShard.map({ images.contains($0) }) ?? true else {
            throw ValidationError(
                "--samples-per-shard must be between 1 and \(images.upperBound)")
        }
        let sides = Limits.sides
        guard maxShortSide.map({ sides.contains($0) }) ?? true else {
            throw ValidationError("--max-short-side must be between 1 and \(sides.upperBound)")
        }
        let options = [
            ("--max-short-side", maxShortSide), ("--samples-per-shard", samplesPerShard),
            ("--workers", workers),
        ]
        if verify, let (name, _) = options.first(where: { $0.1 != nil }) {
            throw ValidationError("--verify changes nothing: leave out \(name)")
        }
        guard quality == nil || maxShortSide != nil else {
            throw ValidationError("--quality needs --max-short-side: other images keep their bytes")
        }
        guard quality.map({ (1...100).contains($0) }) ?? true else {
            throw ValidationError("--quality must be 1 to 100")
        }
        let threads = LoadingArguments.threadCounts
        guard workers.map({ threads.contains($0) }) ?? true else {
            throw ValidationError("--workers must be between 1 and \(threads.upperBound)")
        }
    }

    func run() throws {
        Interruption.install()
        guard let data else { return try comparePack() }
        var options = DatasetPacker.Options()
        options.samplesPerShard = samplesPerShard ?? options.samplesPerShard
        options.maxShortSide = maxShortSide
        options.quality = quality ?? options.quality
        options.workers = workers ?? options.workers
        let start = ContinuousClock.now
        let dataset = try ImageDataset(data)
        let packer = try DatasetPacker(dataset, to: out, options: options)
        let progress = ProgressBar()
        defer { progress.end() }
        for notice in dataset.notices { progress.line(notice) }
        progress.begin("pack", total: dataset.samples.count, unit: "images")
        let summary = try packer.run { done in
            guard !Interruption.requested else {
                throw Interrupted(
                    description: "stopped; whole shards are kept, and the same command goes on "
                        + "from there")
            }
            progress.advance(to: done, note: "")
        } notice: {
            progress.line($0)
        }
        progress.end()
        guard !json else { return try StandardStreams.print(summary.json()) }
        try StandardStreams.print(
            "\(out): \(summary.images.grouped) images in \(summary.shards) shards, "
                + "\(summary.bytes.byteText); \(summary.written) shards written, "
                + "\(summary.shards - summary.written) were there, "
                + String(format: "%.1f s", start.duration(to: .now).seconds))
        if summary.resized > 0 {
            try StandardStreams.print(
                "\(summary.resized.grouped) images were resized to a short side of "
                    + "\(maxShortSide ?? 0)")
        }
    }

    private func comparePack() throws {
        let start = ContinuousClock.now
        let progress = ProgressBar()
        defer { progress.end() }
        var hasBegun = false
        let found = try PackVerification(of: out) { done, all in
            if !hasBegun { progress.begin("verify", total: all, unit: "shards") }
            hasBegun = true
            if Interruption.requested {
                throw Interrupted(description: "stopped after \(done) of \(all) shards")
            }
            progress.advance(to: done, note: "")
        }
        progress.end()
        guard !json else { return try StandardStreams.print(found.json()) }
        try StandardStreams.print(
            "\(out): \(found.images.grouped) images in \(found.shards) shards, "
                + "\(found.bytes.byteText), are what was packed"
                + (found.isIndexRenewed ? "; the index has got their checksums" : "")
                + String(format: ", %.1f s", start.duration(to: .now).seconds))
    }
}

import Base
import Crypto
import Foundation
import Imaging

/// Writes a data set as tar shards in WebDataset's convention, with their index.
///
/// Samples keep their order, so image `i` stays image `i`; bytes stay as they are unless images are
/// to be made smaller. The same data set and options give the same bytes, whatever the number of
/// workers, and a run that was killed is taken up after the whole shards that are there, each of
/// which is compared with what was written. One that is damaged, of a whole pack as well, is written
/// again.
package struct DatasetPacker: Sendable {
    /// What a pack is made with.
    package struct Options: Sendable {
        /// Samples of a shard; the last one may have fewer.
        package var samplesPerShard = 10_000
        /// The most pixels of an image's short side; larger images are resized and encoded as JPEG.
        package var maxShortSide: Int?
        /// The JPEG quality of resized images, 1 to 100.
        package var quality = 95
        /// Threads that read and resize.
        package var workers = Cores.usable.count

        /// The defaults: 10,000 samples to a shard, bytes unchanged.
        package init() {}
    }

    /// What a run did.
    package struct Summary: Encodable, Sendable, Equatable {
        /// Shards in all.
        package let shards: Int
        /// Shards written now; the others were there.
        package let written: Int
        /// Images in all.
        package let images: Int
        /// Images resized now.
        package let resized: Int
        /// The shards' size.
        package let bytes: Int
        /// The digest of the packed data set.
        package let digest: String
        /// The digest of its contents.
        package let contentDigest: String
    }

    /// What is known of the shards that are done.
    struct Unfinished {
        var journal: PackJournal
        var index = ShardIndex()
        /// Of the images' SHA-256.
        var contents = SHA256()
        /// Images resized now.
        var resized = 0

        /// Appends an image.
        ///
        /// - Parameter digests: of its bytes.
        mutating func append(
            _ sample: ImageDataset.Sample, at place: ShardStore.Place,
            _ digests: (sha256: SHA256.Digest, crc32c: UInt32)
        ) {
            digests.sha256.withUnsafeBytes { contents.update(bufferPointer: $0) }
            index.samples.append(sample)
            index.places.append(place)
            index.checksums.append(digests.crc32c)
        }
    }

    let dataset: ImageDataset
    let directory: String
    let options: Options
    let plan: PackPlan
    private let classes: [UInt8]

    /// Prepares a pack; writes nothing yet.
    ///
    /// - Throws: `DatasetError` if the folder holds something else, or lies in the data set.
    package init(
        _ dataset: ImageDataset, to directory: String, options: Options
    ) throws(DatasetError) {
        precondition(options.samplesPerShard >= 1)
        precondition((1...100).contains(options.quality))
        precondition(options.maxShortSide.map { $0 >= 1 } ?? true)
        self.dataset = dataset
        self.directory = directory
        self.options = options
        classes = try ClassNames.text(dataset.classes)
        plan = PackPlan(dataset, classes: classes, options)
        guard plan.shards <= 1_000_000 else {
            throw DatasetError(
                "\(directory): \(plan.shards) shards are too many; raise the samples per shard")
        }
        if let index = dataset.samples.firstIndex(where: { $0.bytes >= TarBlocks.maximalSize }) {
            throw DatasetError(
                "\(dataset.location(of: index)): is too large for a tar archive (8 GiB or more)")
        }
        try checkFolder()
    }

    /// Writes what is missing or damaged.
    ///
    /// - Parameters:
    ///   - progress: called with the number of samples that are done; what it throws ends the run,
    ///     which can be taken up again.
    ///   - notice: told of each file that was there and is written again.
    /// - Throws: `DatasetError` for an image that cannot be read or, where it is resized, decoded,
    ///   and for a folder that cannot be written.
    package func run(
        progress: (Int) throws -> Void, notice: (String) -> Void = { _ in }
    ) throws -> Summary {
        do {
            return try pack(progress: progress, notice: notice)
        } catch let error as DatasetError where error.cause == .interruption {
            throw Interrupted(description: error.description)
        }
    }

    private func pack(
        progress: (Int) throws -> Void, notice: (String) -> Void
    ) throws -> Summary {
        do { try Folders.make(directory) } catch {
            throw DatasetError(error.description, cause: .system(error.code))
        }
        let lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw DatasetError.system(directory, "cannot be opened") }
        defer { close(lock) }
        let outcome: FileLock.Outcome
        do { outcome = try FileLock.take(lock, path: directory) } catch {
            throw DatasetError(error.description, cause: .system(error.code))
        }
        guard outcome != .busy else {
            throw DatasetError("\(directory): another pack is being written here; wait for its end")
        }
        try checkFolder()
        if let done = try finished(progress: progress, notice: notice) { return done }
        try removeTemporaries()
        try write(plan.text(), PackPlan.file)
        try write(Data(classes), ClassNames.file)

        var pack = Unfinished(journal: try PackJournal(in: directory))
        var written = 0
        for shard in 0..<plan.shards {
            let name = plan.name(ofShard: shard)
            let noted = try isThere(name) ? pack.journal.digest(of: name) : nil
            if let noted, try isWhole(name, noted, notice) {
                try adopt(shard, noted, into: &pack)
            } else {
                let isDamaged = noted != nil
                if try write(shard, over: isDamaged, into: &pack, progress: progress) {
                    written += 1
                }
            }
            try progress(plan.samples(ofShard: shard).upperBound)
        }
        pack.index.contentDigest = hexadecimal(pack.contents.finalize())
        try write(Data(pack.index.text()), ShardIndex.file)
        pack.journal.remove()
        return try summary(written: written, resized: pack.resized)
    }

    /// The summary of a pack that was finished before, after a comparison of all of it with its
    /// index; what of it is damaged or gone is written again.
    ///
    /// - Returns: nil where there is no such pack.
    private func finished(
        progress: (Int) throws -> Void, notice: (String) -> Void
    ) throws -> Summary? {
        let path = "\(directory)/\(ShardIndex.file)"
        guard try PackPlan(in: directory) != nil, let index = try ShardIndex(contentsOf: path)
        else { return nil }
        guard index.contentDigest != nil, index.shards.count == plan.shards else {
            throw DatasetError("\(path): is not this pack's")
        }
        try removeTemporaries()
        let names = try Descriptor.contents(of: "\(directory)/\(ClassNames.file)")
        if names != classes {
            notice(
                "\(directory)/\(ClassNames.file): is not what was written; it is written again")
            try write(Data(classes), ClassNames.file)
        }
        // Of the images that are read for shards that are written again.
        var again = Unfinished(journal: try PackJournal(in: directory))
        var written = 0
        for (number, shard) in index.shards.enumerated() {
            guard shard.name == plan.name(ofShard: number), let digest = shard.sha256 else {
                throw DatasetError("\(path): is not this pack's")
            }
            if try !isWhole(shard.name, digest, notice) {
                try renew(number, digest, &again, progress: progress)
                written += 1
            }
            try progress(plan.samples(ofShard: number).upperBound)
        }
        // A kill may have left it beside the index that says the same.
        again.journal.remove()
        return try summary(written: written, resized: again.resized)
    }

    /// Whether the folder has a file of this name.
    func isThere(_ name: String) throws(DatasetError) -> Bool {
        var status = stat()
        if stat("\(directory)/\(name)", &status) == 0 { return true }
        guard errno == ENOENT else { throw .system("\(directory)/\(name)", "cannot be read") }
        return false
    }

    /// The summary of what the folder holds.
    private func summary(written: Int, resized: Int) throws -> Summary {
        let packed = try ImageDataset(directory, expectedClasses: dataset.classes.count)
        guard let index = try ShardIndex(contentsOf: "\(directory)/\(ShardIndex.file)"),
            let contentDigest = index.contentDigest
        else { throw DatasetError("\(directory)/\(ShardIndex.file): is not this pack's") }
        return Summary(
            shards: index.shards.count, written: written, images: packed.samples.count,
            resized: resized, bytes: index.shards.reduce(0) { $0 + $1.bytes },
            digest: packed.digest, contentDigest: contentDigest)
    }

    /// Refuses a folder with anything but a pack of the same plan.
    private func checkFolder() throws(DatasetError) {
        let source = Directory.resolved(dataset.path) + "/"
        guard !(Directory.resolved(directory) + "/").hasPrefix(source) else {
            throw placeTaken("lies in the data set")
        }
        var status = stat()
        guard stat(directory, &status) == 0 else { return }
        guard FileKind(status) == .folder else {
            throw placeTaken("is not a folder")
        }
        if let there = try PackPlan(in: directory) {
            if let difference = plan.difference(from: there) {
                throw DatasetError(
                    "\(directory): holds another pack (\(difference))",
                    cause: .pack(.otherPack(difference, in: directory)))
            }
        } else if let other = try Directory.entries(of: directory).first {
            // The plan is the first that a pack writes.
            throw placeTaken("holds something else (\(other.name))")
        }
    }

    private func placeTaken(_ fact: String) -> DatasetError {
        DatasetError("\(directory): \(fact)", cause: .pack(.placeTaken))
    }

    /// Removes what a killed run left half-written.
    private func removeTemporaries() throws(DatasetError) {
        for entry in try Directory.entries(of: directory)
        where entry.kind == .file && Self.isTemporary(entry.name) {
            unlink("\(directory)/\(entry.name)")
        }
    }

    /// Whether a name is one that a pack gives what it has not finished: `shard-000003.tar.tmp`,
    /// `index.tsv.4711.tmp`.
    static func isTemporary(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        func isNumber(_ text: Substring) -> Bool {
            !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
        }
        if parts.count == 3 {
            return parts[0].hasPrefix("shard-") && isNumber(parts[0].dropFirst(6))
                && parts[1] == "tar" && parts[2] == "tmp"
        }
        return parts.count == 4 && isNumber(parts[2]) && parts[3] == "tmp"
            && [PackPlan.file, ClassNames.file, ShardIndex.file]
                .contains("\(parts[0]).\(parts[1])")
    }

    private func write(_ data: Data, _ name: String) throws(DatasetError) {
        do { try AtomicFile.write(data, to: "\(directory)/\(name)") } catch {
            throw DatasetError(
                "\(directory)/\(name): \(error.reason)", cause: .system(error.code))
        }
    }
}

/// An image as it goes into a shard.
struct PackedImage: Sendable {
    let bytes: [UInt8]
    /// The ending of its format, for a path without one.
    let ending: String
    let isResized: Bool

    private init(bytes: [UInt8], ending: String, isResized: Bool) {
        self.bytes = bytes
        self.ending = ending
        self.isResized = isResized
    }

    /// Reads an image and makes it smaller where that is asked for.
    init(
        _ index: Int, of dataset: ImageDataset, _ options: DatasetPacker.Options
    ) throws(DatasetError) {
        let path = dataset.samples[index].path
        let hasEnding = FileEndings.images.contains(Directory.ending(of: path))
        self = try dataset.reading(index, into: FileBuffer()) { bytes in
            if let side = options.maxShortSide {
                let (width, height) = try ImageDecoder.size(of: bytes)
                let short = min(width, height)
                if short > side {
                    // int(side · long / short), as torchvision's Resize truncates.
                    let resized = try ImageDecoder.decode(bytes).resized(
                        width: side * width / short, height: side * height / short,
                        interpolation: .bicubic)
                    return PackedImage(
                        bytes: try ImageEncoder.jpeg(resized, quality: options.quality),
                        ending: "jpg", isResized: true)
                }
            }
            let format = ImageFormat(sniffing: bytes)
            guard hasEnding || format != nil else {
                throw DatasetError("neither JPEG nor PNG, by name or content")
            }
            guard SystemMemory.canAllocate(bytes.count) else {
                throw DatasetError.noMemory("the image", bytes.count)
            }
            return PackedImage(
                bytes: Array(bytes), ending: format == .png ? "png" : "jpg", isResized: false)
        }
    }

    /// The path of a resized image: with an ending that fits a JPEG.
    static func path(ofResized path: String) -> String {
        Directory.ending(of: path) == "png" ? String(path.dropLast(3)) + "jpg" : path
    }
}

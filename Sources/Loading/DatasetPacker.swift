import Base
import Crypto
import Foundation

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

    let dataset: ImageDataset
    let directory: String
    let options: Options
    let plan: PackPlan
    let classes: [UInt8]

    /// Images read before they are written.
    private static let batch = 64

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

    /// Whether the folder has a file of this name.
    func isThere(_ name: String) throws(DatasetError) -> Bool {
        var status = stat()
        if stat("\(directory)/\(name)", &status) == 0 { return true }
        guard errno == ENOENT else { throw .system("\(directory)/\(name)", "cannot be read") }
        return false
    }

    /// The summary of what the folder holds.
    func summary(written: Int, resized: Int) throws -> Summary {
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
        let source = realPath(dataset.path) + "/"
        guard !(realPath(directory) + "/").hasPrefix(source) else {
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
    func removeTemporaries() throws(DatasetError) {
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

    func write(_ data: Data, _ name: String) throws(DatasetError) {
        do { try AtomicFile.write(data, to: "\(directory)/\(name)") } catch {
            throw DatasetError(
                "\(directory)/\(name): \(error.reason)", cause: .system(error.code))
        }
    }

    /// Writes one shard and appends it to the index.
    ///
    /// A shard of its name that is there, which no journal vouches for, is compared with it and
    /// stays if it has the same bytes.
    ///
    /// - Parameter isDamaged: whether one is there that is to be replaced.
    /// - Returns: whether the shard was written, and not there.
    private func write(
        _ shard: Int, over isDamaged: Bool, into pack: inout Unfinished,
        progress: (Int) throws -> Void
    ) throws -> Bool {
        let name = plan.name(ofShard: shard)
        let path = "\(directory)/\(name)"
        var writer = try ShardWriter(path)
        try fill(&writer, with: shard, into: &pack, progress: progress)
        let digest = try writer.finish()
        pack.index.shards.append(.init(name: name, bytes: writer.size, sha256: digest))
        guard try isDamaged || !isThere(name) else {
            guard try Self.sha256(ofFile: path) == digest else {
                throw DatasetError("\(path): is not the shard that this pack has here; remove it")
            }
            return false
        }
        try pack.journal.append(digest, of: name)
        try writer.publish()
        return true
    }

    /// Writes the images of a shard, and appends them to the index.
    func fill(
        _ writer: inout ShardWriter, with shard: Int, into pack: inout Unfinished,
        progress: (Int) throws -> Void
    ) throws {
        let range = plan.samples(ofShard: shard)
        let number = Int32(pack.index.shards.count)
        var names = MemberNames()
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.batch) {
            let count = min(Self.batch, range.upperBound - start)
            let images = try concurrentMap(count, workers: options.workers) {
                offset throws(DatasetError) in try image(start + offset)
            }
            for (offset, image) in images.enumerated() {
                let sample = dataset.samples[start + offset]
                let source = image.isResized ? Self.jpegPath(sample.path) : sample.path
                let place = try writer.append(
                    names.next(source, ending: image.ending), image.bytes, label: sample.label)
                pack.append(
                    ImageDataset.Sample(
                        path: source, label: sample.label, bytes: image.bytes.count),
                    at: ShardStore.Place(
                        shard: number, offset: place.offset, header: place.header),
                    image.bytes.withUnsafeBytes { ($0.sha256, crc32c($0)) })
                pack.resized += image.isResized ? 1 : 0
            }
            try progress(start + count)
        }
    }

    /// Appends a shard that is there to the index.
    ///
    /// - Parameter digest: its SHA-256, which is that of what was written.
    private func adopt(
        _ shard: Int, _ digest: String, into pack: inout Unfinished
    ) throws(DatasetError) {
        let name = plan.name(ofShard: shard)
        let path = "\(directory)/\(name)"
        let range = plan.samples(ofShard: shard)
        let scan = try ShardScan(path)
        let isSame =
            scan.entries.count == range.count
            && zip(range, scan.entries).allSatisfy { number, entry in
                let (source, packed) = (dataset.samples[number], entry.sample)
                // A resized image has another size, and maybe another ending.
                return source.label == packed.label
                    && (source == packed
                        || plan.maxShortSide != nil
                            && [source.path, Self.jpegPath(source.path)].contains(packed.path))
            }
        guard isSame else {
            throw DatasetError("\(path): is not the shard that this pack has here; remove it")
        }
        let number = Int32(pack.index.shards.count)
        pack.index.shards.append(.init(name: name, bytes: scan.bytes, sha256: digest))
        let places = scan.entries.map {
            ShardStore.Place(shard: 0, offset: $0.offset, header: $0.header)
        }
        let file = ShardStore(
            folder: directory, shards: [pack.index.shards[Int(number)]], places: places,
            checksums: [])
        let buffer = FileBuffer()
        for (index, entry) in scan.entries.enumerated() {
            let bytes = try file.read(index, entry.sample, nil, into: buffer)
            pack.append(
                entry.sample,
                at: ShardStore.Place(shard: number, offset: entry.offset, header: entry.header),
                (bytes.sha256, crc32c(bytes)))
        }
    }

    /// - Throws: `DatasetError` with the path, also after a signal.
    static func sha256(ofFile path: String) throws(DatasetError) -> String {
        let descriptor = Descriptor.open(path)
        guard descriptor >= 0 else { throw .system(path, "cannot be read") }
        defer { close(descriptor) }
        var hash = SHA256()
        let buffer = FileBuffer()
        var offset = 0
        while true {
            if Interruption.requested {
                throw DatasetError("stopped while \(path) was compared", cause: .interruption)
            }
            let target = try buffer.reserve(1 << 20, for: path)
            let count = Descriptor.read(descriptor, into: target, at: offset)
            guard count >= 0 else { throw .system(path, "cannot be read") }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: target[..<count]))
            offset += count
            if count < target.count { return hexadecimal(hash.finalize()) }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// SHA-256 of the bytes.
    fileprivate var sha256: SHA256.Digest {
        var hash = SHA256()
        hash.update(bufferPointer: self)
        return hash.finalize()
    }
}

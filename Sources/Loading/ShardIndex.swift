import Base
import Foundation

/// Where every image of tar shards lies, so that any of them is one read away.
///
/// The file `index.tsv` is text with a tab between fields:
/// ```
/// understudy-index    1
/// content    <SHA-256 over the images' SHA-256, in order, or ->
/// shards    <count>
/// <name>    <bytes>    <SHA-256 of the shard, or ->
/// samples    <count>
/// <shard>    <offset>    <bytes>    <label>    <header>    <path>
/// ```
/// Offsets count from the shard's start to the image's data; `header` is the FNV-1a of the 512 bytes
/// before them, in 16 hexadecimal digits. Backslashes and line feeds in names are written `\\`, `\n`.
struct ShardIndex: Equatable {
    /// The file's name.
    static let file = "index.tsv"
    static let version = 1

    /// One tar file.
    struct Shard: Equatable {
        let name: String
        let bytes: Int
        /// In hexadecimal; nil where the shard was only scanned.
        let sha256: String?
    }

    /// In hexadecimal; nil where the shards were only scanned.
    var contentDigest: String?
    var shards: [Shard] = []
    var samples: [ImageDataset.Sample] = []
    /// The place of each sample.
    var places: [ShardStore.Place] = []

    init() {}

    /// Walks shards, several at a time.
    init(scanning names: [String], in folder: String) throws(DatasetError) {
        let scans = try concurrentMap(
            names.count, workers: Cores.usable.count
        ) { number throws(DatasetError) in
            try ShardScan("\(folder)/\(names[number])")
        }
        for (name, scan) in zip(names, scans) { append(scan, name: name, sha256: nil) }
    }

    /// Appends a shard's samples.
    mutating func append(_ scan: ShardScan, name: String, sha256: String?) {
        let number = Int32(shards.count)
        shards.append(Shard(name: name, bytes: scan.bytes, sha256: sha256))
        for entry in scan.entries {
            samples.append(entry.sample)
            places.append(
                ShardStore.Place(shard: number, offset: entry.offset, header: entry.header))
        }
    }

    /// What about shards is not as the index has it; nil if names and sizes are the same.
    func difference(from names: [String], in folder: String) throws(DatasetError) -> String? {
        let there = Set(names)
        for shard in shards {
            guard there.contains(shard.name) else { return "\(shard.name): is not there" }
            var status = stat()
            guard stat("\(folder)/\(shard.name)", &status) == 0 else {
                throw .system("\(folder)/\(shard.name)", "cannot be read")
            }
            if Int(status.st_size) != shard.bytes {
                return "\(shard.name): \(status.st_size) bytes, not \(shard.bytes)"
            }
        }
        let known = Set(shards.map(\.name))
        if let name = names.first(where: { !known.contains($0) }) { return "\(name): is new" }
        return names == shards.map(\.name) ? nil : "\(names[0]): is not the first"
    }
}

/// The samples of one shard.
struct ShardScan {
    /// An image with its label.
    struct Entry {
        let sample: ImageDataset.Sample
        let offset: Int
        let header: UInt64
    }

    /// The shard's size.
    let bytes: Int
    private(set) var entries: [Entry] = []

    /// Walks a shard and groups its members: those that follow one another and share the name up to
    /// the first dot of the last component are a sample.
    ///
    /// Source: webdataset 1.0, `base_plus_ext` and `group_by_keys`.
    ///
    /// - Throws: `DatasetError` for a damaged archive, and for a sample without image or label.
    init(_ path: String) throws(DatasetError) {
        let archive = try TarReader(path)
        bytes = archive.size
        var sample = PendingSample(key: "")
        while let member = try archive.next() {
            guard let (key, ending) = Self.split(member.name) else { continue }
            // A link without part in a sample is nothing to us, as it is to webdataset.
            let isPart = ending == "cls" || ImageDataset.extensions.contains(ending)
            guard isPart || !member.isLink else { continue }
            if key != sample.key {
                try finish(sample, path)
                sample = PendingSample(key: key)
            }
            try sample.add(member, ending: ending, of: archive)
        }
        try finish(sample, path)
        guard !entries.isEmpty else {
            throw DatasetError("\(path): holds no sample; expected <key>.jpg and <key>.cls")
        }
    }

    /// A member's key and its ending in lower case; nil for what belongs to no sample.
    static func split(_ name: String) -> (key: String, ending: String)? {
        let start =
            name.utf8.lastIndex(of: UInt8(ascii: "/")).map { name.utf8.index(after: $0) }
            ?? name.startIndex
        guard let dot = name.utf8[start...].firstIndex(of: UInt8(ascii: ".")), dot != start else {
            return nil
        }
        guard !isNote(name.prefix { $0 != "/" }) else { return nil }
        return (String(name[..<dot]), name[name.utf8.index(after: dot)...].lowercased())
    }

    /// Whether WebDataset keeps notes about a shard under this first component of a name.
    static func isNote(_ component: some StringProtocol) -> Bool {
        component.utf8.count >= 4 && component.hasPrefix("__") && component.hasSuffix("__")
    }

    private mutating func finish(_ sample: PendingSample, _ path: String) throws(DatasetError) {
        guard !sample.key.isEmpty else { return }
        let place = "\(path): sample \(sample.key)"
        guard let image = sample.image else {
            guard let other = sample.otherImage else {
                throw DatasetError("\(place): no image (.jpg, .jpeg or .png)")
            }
            throw DatasetError("\(place): its image is .\(other), which cannot be read; use .jpg")
        }
        guard let label = sample.label else {
            throw DatasetError("\(place): no label (.cls)")
        }
        entries.append(
            Entry(
                sample: ImageDataset.Sample(
                    path: image.source ?? image.name, label: label, bytes: image.bytes),
                offset: image.offset, header: image.header))
    }
}

/// The members of a sample seen so far.
private struct PendingSample {
    let key: String
    var image: TarReader.Member?
    var label: Int?
    var otherImage: String?

    init(key: String) { self.key = key }

    mutating func add(
        _ member: TarReader.Member, ending: String, of archive: TarReader
    ) throws(DatasetError) {
        let isImage = ImageDataset.extensions.contains(ending)
        let place = "\(archive.path): sample \(key)"
        guard isImage || ending == "cls" else {
            if ["webp", "gif", "bmp", "tif", "tiff", "ppm"].contains(ending) {
                otherImage = otherImage ?? ending
            }
            return
        }
        guard !member.isLink else {
            throw DatasetError(
                "\(place): .\(ending) is a link, which has no bytes to read; pack it anew")
        }
        guard isImage else {
            guard label == nil else { throw DatasetError("\(place): two labels") }
            let text = try member.bytes <= 64 ? archive.contents(of: member) : []
            let digits = text.drop { $0 <= 32 }.prefix { $0 > 32 }
            let rest = text[digits.endIndex...]
            guard let number = LabelColumn.number(digits), rest.allSatisfy({ $0 <= 32 }) else {
                throw DatasetError(
                    "\(place): its .cls is no decimal number from 0: "
                        + "'\(String(decoding: text.prefix(20), as: UTF8.self))'")
            }
            label = number
            return
        }
        guard image == nil else { throw DatasetError("\(place): two images") }
        image = member
    }
}

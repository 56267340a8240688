import Foundation

/// Where every image of tar shards lies, so that any of them is one read away.
///
/// The file `index.tsv` is text with a tab between fields:
/// ```
/// understudy-index    2
/// content    <SHA-256 over the images' SHA-256, in order, or ->
/// shards    <count>
/// <name>    <bytes>    <SHA-256 of the shard, or ->
/// samples    <count>
/// <shard>    <offset>    <bytes>    <label>    <header>    <checksum, or ->    <path>
/// checksum    <CRC-32C of everything before this line>
/// ```
/// Offsets count from the shard's start to the image's data; `header` is the FNV-1a of the 512 bytes
/// before them, in 16 hexadecimal digits, and `checksum` the CRC-32C of the data, in 8. What `pack`
/// wrote has a checksum for every image, against which each read is checked; what was only scanned
/// has none. Backslashes, line feeds and carriage returns in names are written `\\`, `\n`, `\r`.
///
/// Version 1 lacks the checksums and the last line, and is read as well.
struct ShardIndex: Equatable {
    /// The file's name.
    static let file = "index.tsv"
    static let version = 2

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
    /// The CRC-32C of each sample's image; empty where the shards were only scanned.
    var checksums: [UInt32] = []

    init() {}

    /// Walks shards, several at a time.
    init(scanning names: [String], in folder: String) throws(DatasetError) {
        let scans = try concurrentMap(
            names.count, workers: ProcessInfo.processInfo.activeProcessorCount
        ) { number throws(DatasetError) in
            try ShardScan("\(folder)/\(names[number])")
        }
        for (name, scan) in zip(names, scans) { append(scan, name: name, sha256: nil) }
    }

    /// Appends a scanned shard's samples.
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

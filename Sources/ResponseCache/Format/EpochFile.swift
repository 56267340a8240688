/// One epoch as a file: a group for each part, which holds what the root group of the part's own
/// file holds.
struct EpochFile {
    let manifest: CacheManifest
    let epoch: Int

    /// The epoch's parts, in order.
    var parts: [PartID] { manifest.parts(epochs: epoch..<epoch + 1) }

    /// The file's name within the cache.
    var name: String { PartID(epoch: epoch, index: 0).epochFile }

    // The root's attributes: what the parts have in common, and how many there are.

    private static let format = (name: "format", value: CacheManifest.format)

    private static let fingerprint = "fingerprint"

    private var numbers: [(name: String, value: Int)] {
        [
            ("format_version", manifest.formatVersion), ("epoch", epoch),
            ("parts", manifest.partsPerEpoch),
        ]
    }

    /// Builds the file in memory from the files of all parts, and lends its bytes.
    ///
    /// - Parameters:
    ///   - path: the name for errors.
    ///   - expectedBytes: about how large it will be.
    ///   - source: the file of a part.
    func encode(
        path: String, expectedBytes: Int, from source: (PartID) -> String,
        _ use: (UnsafeRawBufferPointer) throws(CacheError) -> Void
    ) throws(CacheError) {
        try HDF5File.create(
            path: path, expectedBytes: expectedBytes,
            fill: { file throws(CacheError) in
                try file.write(Self.format.name, Self.format.value)
                try file.write(Self.fingerprint, manifest.fingerprint.digest)
                for number in numbers { try file.write(number.name, number.value) }
                for part in parts { try file.copy(rootOf: source(part), to: part.group) }
            }, use: use)
    }

    /// Checks that the file at a path is this epoch's.
    func check(path: String) throws(CacheError) {
        try open(path) { file throws(CacheError) in }
    }

    /// Reads what storing the rows of each part cost, in the order of the parts; no rows.
    ///
    /// The root's attributes speak for the parts, whose own are checked with their rows.
    func statistics(path: String) throws(CacheError) -> [RowStatistics.Stored] {
        try open(path) { file throws(CacheError) in
            var all: [RowStatistics.Stored] = []
            for part in parts {
                all.append(
                    try file.group(part.group) { group throws(CacheError) in
                        try RowStatistics.Stored(readFrom: group, classes: manifest.classes)
                    })
            }
            return all
        }
    }

    /// Opens and checks the file and lends it.
    private func open<Result>(
        _ path: String, _ body: (borrowing HDF5File) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        do {
            return try HDF5File.open(path: path) { file throws(CacheError) in
                func require(_ name: String, _ found: String, _ expected: String) throws(CacheError)
                {
                    guard found != expected else { return }
                    throw CacheError(
                        "\(path): belongs to another cache or place: its \(name) is \(found), the "
                            + "manifest says \(expected)")
                }
                try require(
                    Self.format.name, try file.string(Self.format.name), Self.format.value)
                let digest = try file.string(Self.fingerprint)
                if !manifest.digests.contains(digest) {
                    try require(Self.fingerprint, digest, manifest.fingerprint.digest)
                }
                for number in numbers {
                    try require(
                        number.name, "\(try file.integer(number.name))", "\(number.value)")
                }
                return try body(file)
            }
        } catch {
            throw error.damage("delete this file and build its parts again")
        }
    }
}

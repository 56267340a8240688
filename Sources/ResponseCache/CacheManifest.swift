import Foundation

/// What a cache holds and how it is laid out: the file `manifest.json`.
///
/// The file has no times and no paths, its keys are sorted: the same cache gives the same bytes.
package struct CacheManifest: Codable, Equatable, Sendable {
    /// The format this version of the code reads and writes.
    package static let currentFormatVersion = 3

    /// The value of `format` in manifests and parts.
    static let format = "understudy-response-cache"

    /// Version of the layout of manifest and parts.
    package let formatVersion: Int
    /// Everything that determines a row.
    package let fingerprint: Fingerprint
    /// How rows are stored.
    package let encoding: RowEncoding
    /// Classes per row.
    package let classes: Int
    /// Epochs held; training epoch e reads epoch e mod `epochs`.
    package let epochs: Int
    /// Groups in each epoch.
    package let groupsPerEpoch: Int
    /// Slots in each group.
    package let groupSize: Int
    /// Groups in each part; the last part of an epoch may hold fewer.
    package let groupsPerPart: Int
    /// The teacher's name.
    package let teacher: String
    /// The program and version that began the cache, such as `understudy 0.1.0`. Not compared.
    package let createdBy: String
    /// How the rows were stored in the cache that this one was converted from; nil for a cache of
    /// the teacher's own responses.
    package let convertedFrom: String?

    private enum CodingKeys: String, CodingKey {
        case formatVersion = "format_version"
        case fingerprint, encoding, classes, epochs
        case groupsPerEpoch = "groups_per_epoch"
        case groupSize = "group_size"
        case groupsPerPart = "groups_per_part"
        case teacher
        case createdBy = "created_by"
        case convertedFrom = "converted_from"
    }

    /// The manifest of a new cache in the current format.
    ///
    /// - Throws: `CacheError` naming the value that is out of range.
    package init(
        fingerprint: Fingerprint, encoding: RowEncoding, classes: Int, epochs: Int,
        groupsPerEpoch: Int, groupSize: Int, groupsPerPart: Int, teacher: String, createdBy: String,
        convertedFrom: String? = nil
    ) throws(CacheError) {
        self.formatVersion = Self.currentFormatVersion
        self.fingerprint = fingerprint
        self.encoding = encoding
        self.classes = classes
        self.epochs = epochs
        self.groupsPerEpoch = groupsPerEpoch
        self.groupSize = groupSize
        self.groupsPerPart = groupsPerPart
        self.teacher = teacher
        self.createdBy = createdBy
        self.convertedFrom = convertedFrom
        if let fault { throw CacheError("the cache cannot be laid out: \(fault)") }
    }

    /// What is out of range, if anything.
    private var fault: String? {
        if classes < 2 || classes > RowEncoding.maximumClasses {
            return "classes is \(classes); 2 to \(RowEncoding.maximumClasses) are possible"
        }
        switch encoding {
        case .dense: break
        case .topK(let count):
            guard count >= 1, count < classes else {
                return "top_k is \(count) of \(classes) classes; use 1 to \(classes - 1), or dense"
            }
        case .bounded(let maxKL):
            guard RowEncoding.bounds.contains(maxKL) else {
                return "max_kl is \(maxKL); \(RowEncoding.bounds.lowerBound) to "
                    + "\(RowEncoding.bounds.upperBound) nats are possible"
            }
        }
        let counts = [
            ("epochs", epochs, 1 << 20), ("groups_per_epoch", groupsPerEpoch, 1 << 30),
            ("group_size", groupSize, 1 << 20), ("groups_per_part", groupsPerPart, 1 << 20),
        ]
        for (name, count, limit) in counts where count < 1 || count > limit {
            return "\(name) is \(count); 1 to \(limit) are possible"
        }
        // Each factor is bounded above, so the products below fit 64 bits.
        let parts = epochs * ((groupsPerEpoch + groupsPerPart - 1) / groupsPerPart)
        if parts > 10_000_000 { return "there would be \(parts) parts; raise groups_per_part" }
        let largest = Swift.min(groupsPerPart, groupsPerEpoch) * groupSize
        if largest * classes > 1 << 33 {
            return "a part would hold \(largest) rows of \(classes) classes; "
                + "lower groups_per_part"
        }
        let texts = [
            ("teacher", teacher), ("created_by", createdBy),
            ("converted_from", convertedFrom ?? "nothing"),
        ]
        for (name, text) in texts
        where text.isEmpty || text.utf8.count > 1024 || text.utf8.contains(0) {
            return "\(name) must be a text of 1 to 1024 bytes"
        }
        return nil
    }

    /// What differs between a cache's manifest (`self`) and the one wanted now.
    ///
    /// - Returns: one line per field; the fingerprint's fields come first. `createdBy` is left out:
    ///   an existing cache is continued under the version that began it.
    package func differences(from here: CacheManifest) -> [String] {
        var lines = fingerprint.differences(from: here.fingerprint)
        func compare<Value: Equatable>(_ name: String, _ field: KeyPath<CacheManifest, Value>) {
            let (old, new) = (self[keyPath: field], here[keyPath: field])
            if old != new { lines.append("\(name): \(old) in the cache, \(new) here") }
        }
        compare("teacher", \.teacher)
        compare("encoding", \.encoding)
        compare("classes", \.classes)
        compare("epochs", \.epochs)
        compare("groups_per_epoch", \.groupsPerEpoch)
        compare("group_size", \.groupSize)
        compare("groups_per_part", \.groupsPerPart)
        if convertedFrom != here.convertedFrom {
            let (old, new) = (convertedFrom ?? "nothing", here.convertedFrom ?? "nothing")
            lines.append("converted_from: \(old) in the cache, \(new) here")
        }
        return lines
    }
}

extension CacheManifest {
    /// Writes the manifest's keys, with `format` beside them.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(formatVersion, forKey: .formatVersion)
        try container.encode(fingerprint, forKey: .fingerprint)
        try container.encode(encoding, forKey: .encoding)
        try container.encode(classes, forKey: .classes)
        try container.encode(epochs, forKey: .epochs)
        try container.encode(groupsPerEpoch, forKey: .groupsPerEpoch)
        try container.encode(groupSize, forKey: .groupSize)
        try container.encode(groupsPerPart, forKey: .groupsPerPart)
        try container.encode(teacher, forKey: .teacher)
        try container.encode(createdBy, forKey: .createdBy)
        try container.encodeIfPresent(convertedFrom, forKey: .convertedFrom)
        try Preamble(format: Self.format, version: formatVersion).encode(to: encoder)
    }

    /// The keys that any version of the format has.
    private struct Preamble: Codable {
        var format: String
        var version: Int

        enum CodingKeys: String, CodingKey {
            case format
            case version = "format_version"
        }
    }

    /// The bytes of `manifest.json`.
    func json() throws(CacheError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + Array("\n".utf8)
        } catch {
            throw CacheError("the manifest cannot be written as JSON: \(error)")
        }
    }

    /// Reads the bytes of a `manifest.json`.
    ///
    /// - Parameter path: the file's name, for errors.
    static func parse(_ bytes: Data, path: String) throws(CacheError) -> CacheManifest {
        let decoder = JSONDecoder()
        do {
            let preamble = try decoder.decode(Preamble.self, from: bytes)
            guard preamble.format == format else {
                throw CacheError("\(path): the format is '\(preamble.format)', not '\(format)'")
            }
            guard preamble.version == currentFormatVersion else {
                throw CacheError(
                    "\(path): format version \(preamble.version), and this program reads "
                        + "\(currentFormatVersion); "
                        + (preamble.version > currentFormatVersion
                            ? "use a newer understudy" : "build the cache again"))
            }
            let manifest = try decoder.decode(CacheManifest.self, from: bytes)
            if let fault = manifest.fault { throw CacheError("\(path): \(fault)") }
            return manifest
        } catch let error as CacheError {
            throw error
        } catch let error as DecodingError {
            throw CacheError("\(path): \(Self.explain(error))")
        } catch {
            throw CacheError("\(path): \(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "the key '\(place(context.codingPath + [key]))' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "'\(place(context.codingPath))' has the wrong type"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "is not valid JSON"
                : "'\(place(context.codingPath))': \(context.debugDescription)"
        @unknown default:
            return "\(error)"
        }
    }
}

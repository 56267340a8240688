import Base
import Foundation

/// What a cache holds and how it is laid out: the file `manifest.json`.
///
/// The file has no times and no paths, its keys are sorted: the same cache gives the same bytes.
/// It changes only as `adding` does.
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
    /// Epochs held, of which parts may still be missing; a cache may come to hold more.
    package private(set) var epochs: Int
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
    /// The epochs that the cache was to hold when it was begun; nil where they are no more by now.
    ///
    /// Whether and from what a prior is learnt depends on them, so that a part has the same bytes
    /// whether it is built before the cache grows or after that.
    private(set) var begunEpochs: Int?
    /// Digests that parts may have besides the fingerprint's own: of fingerprints with the same
    /// fields in other versions' words. Sorted; nil for none.
    private(set) var otherDigests: [String]?

    enum CodingKeys: String, CodingKey {
        case formatVersion = "format_version"
        case fingerprint, encoding, classes, epochs
        case begunEpochs = "begun_epochs"
        case otherDigests = "other_digests"
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
    var fault: String? {
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
            ("epochs", epochs, 1 << 20), ("begun_epochs", begunEpochs ?? epochs, epochs),
            ("groups_per_epoch", groupsPerEpoch, 1 << 30),
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
        if let otherDigests, !(1...1024).contains(otherDigests.count) {
            return "other_digests has \(otherDigests.count) entries; 1 to 1024 are possible"
        }
        return nil
    }

    /// The digests that parts may have.
    package var digests: Set<String> { Set((otherDigests ?? []) + [fingerprint.digest]) }

    /// The same with at least so many epochs, and with more digests.
    ///
    /// Nothing that stands in a manifest is ever taken back: additions may come from several
    /// programs and in any order.
    ///
    /// - Throws: `CacheError` naming the value that would be out of range.
    func adding(epochs: Int, digests: Set<String> = []) throws(CacheError) -> CacheManifest {
        var manifest = self
        if epochs > self.epochs {
            manifest.begunEpochs = begunEpochs ?? self.epochs
            manifest.epochs = epochs
        }
        let others = self.digests.union(digests).subtracting([fingerprint.digest])
        manifest.otherDigests = others.isEmpty ? nil : others.sorted()
        if let fault = manifest.fault { throw CacheError("the cache cannot grow: \(fault)") }
        return manifest
    }

    /// What differs between a cache's manifest (`self`) and the one wanted now.
    ///
    /// - Returns: one line per field; the fingerprint's fields come first. `createdBy` is left out,
    ///   for an existing cache is continued under the version that began it, and so is `epochs`, for
    ///   a cache with more serves as it is, and one with fewer grows.
    package func differences(from here: CacheManifest) -> [String] {
        var lines = fingerprint.differences(from: here.fingerprint)
        func compare<Value: Equatable>(_ name: String, _ field: KeyPath<CacheManifest, Value>) {
            let (old, new) = (self[keyPath: field], here[keyPath: field])
            if old != new { lines.append("\(name): \(old) in the cache, \(new) here") }
        }
        compare("teacher", \.teacher)
        compare("encoding", \.encoding)
        compare("classes", \.classes)
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
    /// Slots in each epoch.
    package var slotsPerEpoch: Int { groupsPerEpoch * groupSize }

    /// Parts in each epoch.
    package var partsPerEpoch: Int { (groupsPerEpoch + groupsPerPart - 1) / groupsPerPart }

    /// The groups of its epoch that a part holds.
    package func groups(of part: PartID) -> Range<Int> {
        let first = part.index * groupsPerPart
        return first..<min(first + groupsPerPart, groupsPerEpoch)
    }

    /// The slots of its epoch that a part holds.
    package func slots(of part: PartID) -> Range<Int> {
        let groups = groups(of: part)
        return groups.lowerBound * groupSize..<groups.upperBound * groupSize
    }

    /// The part that holds a slot of an epoch.
    package func part(epoch: Int, slot: Int) -> PartID {
        PartID(epoch: epoch, index: slot / groupSize / groupsPerPart)
    }

    /// Whether the part is one of this cache's.
    func contains(_ part: PartID) -> Bool {
        (0..<epochs).contains(part.epoch) && (0..<partsPerEpoch).contains(part.index)
    }

    /// Every part of these epochs, in order.
    package func parts(epochs: Range<Int>) -> [PartID] {
        epochs.flatMap { epoch in
            (0..<partsPerEpoch).map { PartID(epoch: epoch, index: $0) }
        }
    }

    /// Every part of the complete cache, in order.
    var parts: [PartID] { parts(epochs: 0..<epochs) }

    /// The parts of an epoch that hold some of these groups, in order.
    package func parts(epoch: Int, groups: Range<Int>) -> [PartID] {
        guard let last = groups.last else { return [] }
        return (groups.lowerBound / groupsPerPart...last / groupsPerPart).map {
            PartID(epoch: epoch, index: $0)
        }
    }
}

extension CacheManifest {
    /// Whether rows are stored with a prior.
    package var usesPrior: Bool {
        if case .bounded = encoding { isLargeEnoughForPrior } else { false }
    }

    /// Whether a prior's table would be worth its bytes, which is where they come to at most 4 for
    /// each response of the cache as it was begun.
    package var isLargeEnoughForPrior: Bool {
        classes <= ResponsePrior.maximumClasses && 2 * classes * classes <= 4 * begunSlots
    }

    /// The groups of epoch 0 whose responses the prior is learnt from: about 24 responses for each
    /// class, and no more than an eighth of the cache as it was begun.
    package var calibrationGroups: Range<Int> {
        let rows = min(24 * classes, begunSlots / 8)
        return 0..<min(max(1, (rows + groupSize - 1) / groupSize), groupsPerEpoch)
    }

    private var begunSlots: Int { (begunEpochs ?? epochs) * slotsPerEpoch }
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
        try container.encodeIfPresent(begunEpochs, forKey: .begunEpochs)
        try container.encodeIfPresent(otherDigests, forKey: .otherDigests)
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
            throw CacheError("the manifest cannot be written: \(errorText(error))")
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
            throw CacheError("\(path): \(errorText(error))")
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

import Foundation

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

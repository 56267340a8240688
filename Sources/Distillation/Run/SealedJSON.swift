import Base
import Foundation
import Torch

/// JSON files that carry a checksum of themselves.
///
/// The first key is `crc32c`, eight hexadecimal digits: the CRC-32C of the whole file in which those
/// digits count as zeros. It stands at a fixed place, so that no damage can hide it.
enum SealedJSON {
    /// What is wrong with a file, without its path.
    struct Problem: Error { let message: String }

    private static let opening = Array("{\n  \"crc32c\" : \"".utf8)
    private static let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 8)

    /// An object as JSON with sorted keys after the checksum.
    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let body = try encoder.encode(value)
        guard body.starts(with: "{\n  ".utf8) else {
            preconditionFailure("only an object with keys can be sealed")
        }
        var bytes = opening + zeros + Array("\",\n  ".utf8) + body.dropFirst(4) + Array("\n".utf8)
        let digits = opening.count..<opening.count + 8
        bytes.replaceSubrange(digits, with: checksum(bytes).hexadecimal.utf8)
        return Data(bytes)
    }

    /// Reads an object.
    ///
    /// - Returns: the object, and whether it carried a checksum, which was compared then.
    /// - Throws: `Problem` for JSON that is no such object, or is not what was sealed.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(Problem) -> (value: Value, isSealed: Bool) {
        let isSealed = bytes.starts(with: opening) && bytes.count > opening.count + 8
        if isSealed {
            var zeroed = bytes
            let digits = opening.count..<opening.count + 8
            zeroed.replaceSubrange(digits, with: zeros)
            let found = String(decoding: bytes[digits], as: UTF8.self)
            guard found == checksum(zeroed).hexadecimal else {
                throw Problem(message: "is damaged: its checksum is another")
            }
        }
        do {
            return (try JSONDecoder().decode(type, from: Data(bytes)), isSealed)
        } catch let error as DecodingError {
            throw Problem(message: "cannot be read: \(error.place)")
        } catch {
            throw Problem(message: "cannot be read: it is no JSON")
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { crc32c($0) }
    }
}

extension DecodingError {
    /// What is wrong and where, in a few words: `steps is missing`.
    var place: String {
        func name(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "it" : path.map(\.stringValue).joined(separator: ".")
        }
        return switch self {
        case .keyNotFound(let key, let context): "\(name(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): "\(name(context.codingPath)) has no value"
        case .typeMismatch(_, let context): "\(name(context.codingPath)) is of another type"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is no JSON" : "\(name(context.codingPath)) makes no sense"
        @unknown default: "it is no such JSON"
        }
    }
}

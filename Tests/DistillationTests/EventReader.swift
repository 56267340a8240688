import Base
import Foundation

@testable import Distillation

/// Reads a run's event files as TensorBoard does: in the order of their names, each up to a record
/// that is cut off, forgetting what a restart says is to be forgotten.
struct EventReader {
    /// A value that was seen under a tag, a scalar's or, of any other kind, its bytes.
    struct Point: Equatable {
        let step: Int
        let scalar: Float?
        let content: [UInt8]
    }

    private(set) var points: [String: [Point]] = [:]

    /// The steps and values of a tag's scalars.
    func scalars(_ tag: String) -> [Int: Float] {
        Dictionary(
            (points[tag] ?? []).compactMap { point in point.scalar.map { (point.step, $0) } },
            uniquingKeysWith: { _, _ in .nan })
    }

    init(_ folder: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        for name in names.filter(EventFile.isName).sorted() {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            for record in Self.records(Array(bytes)) { read(Self.fields(record)) }
        }
    }

    private mutating func read(_ event: [Field]) {
        let step = event.first { $0.number == 2 }?.integer ?? 0
        if event.contains(where: { $0.number == 7 }) {
            for tag in points.keys { points[tag]?.removeAll { $0.step >= step } }
        }
        for summary in event where summary.number == 5 {
            for value in Self.fields(summary.bytes) {
                let fields = Self.fields(value.bytes)
                let tag = fields.first { $0.number == 1 }.map {
                    String(decoding: $0.bytes, as: UTF8.self)
                }
                let scalar = fields.first { $0.number == 2 }.map {
                    Float(bitPattern: UInt32(truncatingIfNeeded: $0.integer))
                }
                points[tag ?? "", default: []].append(
                    Point(step: step, scalar: scalar, content: scalar == nil ? value.bytes : []))
            }
        }
    }

    /// The payloads of the whole records of a file.
    static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        var (payloads, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], bytes[...])
        while rest.count >= 12 {
            let count = Int(number(rest.prefix(8)))
            guard rest.count >= count + 16 else { break }
            payloads.append(Array(rest.dropFirst(12).prefix(count)))
            rest = rest.dropFirst(count + 16)
        }
        return payloads
    }

    struct Field {
        let number: Int
        var integer = 0
        var bytes: [UInt8] = []
    }

    /// The fields of a message.
    static func fields(_ message: [UInt8]) -> [Field] {
        var (fields, rest): ([Field], ArraySlice<UInt8>) = ([], message[...])
        func varint() -> Int {
            var (value, shift) = (0, 0)
            while let byte = rest.popFirst() {
                value |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        func take(_ count: Int) -> ArraySlice<UInt8> {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        while !rest.isEmpty {
            let key = varint()
            var field = Field(number: key >> 3)
            switch key & 7 {
            case 0: field.integer = varint()
            case 1: field.integer = Int(bitPattern: UInt(number(take(8))))
            case 5: field.integer = Int(number(take(4)))
            default: field.bytes = Array(take(varint()))
            }
            fields.append(field)
        }
        return fields
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

import CHDF5
import Foundation
import Testing

@testable import ResponseCache

@Suite("Rows") struct RowEncodingTests {
    @Test("every half widens exactly, with F16C and without") func widening() {
        let halves = (0...UInt16.max).map { $0 }
        for widen in [chdf5_widen, chdf5_widen_portable] {
            var floats = [Float](repeating: 0, count: halves.count)
            _ = widen(halves, &floats, halves.count)
            for (half, float) in zip(halves, floats) {
                let expected = Float(Float16(bitPattern: half))
                #expect(
                    float.bitPattern == expected.bitPattern || (float.isNaN && expected.isNaN),
                    "half \(half)")
            }
        }
    }

    @Test("units of 2^-24 are exact for every half up to 1") func units() {
        for bits in 0...Float16(1).bitPattern {
            let value = Double(Float16(bitPattern: bits))
            #expect(Double(HalfRow.units(bits)) == value * 0x1p24)
        }
    }

    /// Rows that push a rounded sum above 1, or to exactly 1 with something left over.
    static let adversarial: [(String, [Float])] = {
        var rows: [(String, [Float])] = [
            ("certain", [1] + [Float](repeating: 0, count: 999)),
            ("all but certain", [0.99999] + [Float](repeating: 0.00001 / 999, count: 999)),
            ("tiny tail", [1] + [Float](repeating: 1e-9, count: 999)),
            ("denormal tail", [1] + [Float](repeating: .leastNonzeroMagnitude, count: 999)),
            ("negative zeros", [1] + [Float](repeating: -0.0, count: 999)),
            ("uniform", [Float](repeating: 0.001, count: 1000)),
            ("two halves", [0.5, 0.5] + [Float](repeating: 0, count: 998)),
            // 0.33337402 is the midpoint above 1/3's half: three of them round up past 1.
            ("thirds", [0.33337, 0.33337, 0.33326] + [Float](repeating: 0, count: 997)),
            ("ascending", (1...1000).map { Float($0) / 500_500 }),
            ("descending", (1...1000).reversed().map { Float($0) / 500_500 }),
            ("21,841 equal classes", [Float](repeating: 1 / 21_841, count: 21_841)),
            ("65,535 equal classes", [Float](repeating: 1 / 65_535, count: 65_535)),
            ("50,000 equal classes", [Float](repeating: 1 / 50_000, count: 50_000)),
            (
                "65,536 classes, all but one below half a unit",
                [0.999] + [Float](repeating: 0.001 / 65_535, count: 65_535)
            ),
            ("sum at the tolerance", [1.0009] + [Float](repeating: 0, count: 999)),
        ]
        for power in [1, 2, 8, 40, 200] {
            for seed in 0..<20 {
                rows.append(
                    (
                        "power \(power), seed \(seed)",
                        madeRows(1, classes: 1000, power: power, seed: UInt64(seed))
                    ))
            }
        }
        return rows
    }()

    @Test(
        "the stored sum never exceeds 1, and the decoded row is a distribution near the original",
        arguments: [RowEncoding.dense, .topK(1), .topK(10), .topK(50), .topK(999)])
    func adversarialRows(_ encoding: RowEncoding) throws {
        for (name, row) in Self.adversarial {
            let (stored, decoded) = try roundTrip(row, classes: row.count, encoding)
            let total = stored.values.reduce(0) { $0 + HalfRow.units($1) }
            #expect(total <= HalfRow.one, "\(name)")
            #expect(decoded.allSatisfy { $0 >= 0 && $0 <= 1 }, "\(name)")
            let sum = decoded.reduce(0.0) { $0 + Double($1) }
            // The float32 additions and divisions of decoding round, nothing else.
            #expect(abs(sum - 1) < 2e-6, "\(name): \(sum)")
            // Rows go on being trained on: what the teacher gave weight keeps some.
            let kl = divergence(row[...], decoded[...])
            #expect(kl.isFinite, "\(name)")
            // Rounding alone: half a unit in the last place of eleven bits, or of the smallest half.
            if encoding == .dense { #expect(kl < 2e-3, "\(name): \(kl)") }
        }
    }

    @Test("without stepping down, plain rounding would exceed 1: the rows above are adversarial")
    func plainRoundingFails() {
        let over = Self.adversarial.filter { _, row in
            row.reduce(0) { $0 + HalfRow.units(Float16($1).bitPattern) } > HalfRow.one
        }
        #expect(over.count > 20)
    }

    @Test("dense values are within one half of the original", arguments: [1, 4, 40])
    func denseError(power: Int) throws {
        let rows = madeRows(50, classes: 1000, power: power, seed: 3)
        let (stored, decoded) = try roundTrip(rows, classes: 1000, .dense)
        for index in rows.indices {
            let half = Double(Float16(bitPattern: stored.values[index]))
            let exact = Double(rows[index])
            // One unit in the last place: 2^-10 of the value, or 2^-24 where halves are subnormal.
            #expect(abs(half - exact) <= max(exact * 0x1p-10, 0x1p-24) * 1.001)
            #expect(abs(Double(decoded[index]) - exact) <= max(exact * 2e-3, 0x1p-23))
        }
        for row in 0..<50 {
            let range = row * 1000..<(row + 1) * 1000
            // At most: every class raised to the smallest half.
            #expect(divergence(rows[range], decoded[range]) < 1000 * 0x1p-24)
        }
    }

    @Test("top-K keeps the K largest, most probable first, equals by class index")
    func topKOrder() throws {
        let row: [Float] = [0.05, 0.2, 0.05, 0.3, 0.2, 0.1, 0.1]
        let (stored, decoded) = try roundTrip(row, classes: 7, .topK(4))
        #expect(stored.indices == [3, 1, 4, 5])
        let values = stored.values.map { Float(Float16(bitPattern: $0)) }
        let share = (1 - values.reduce(0, +)) / 3
        #expect(decoded == [share, values[1], share, values[0], values[2], values[3], share])
        #expect(abs(share - 0.2 / 3) < 1e-4)
    }

    @Test("top-K agrees with a full sort on rows with many equals", arguments: [1, 5, 64, 99])
    func topKSelection(count: Int) throws {
        var numbers = Sequence64(state: 11)
        for _ in 0..<50 {
            let weights = (0..<100).map { _ in Float(numbers.next() % 7) }
            let sum = weights.reduce(0, +)
            let row = weights.map { $0 / sum }
            let sorted = row.indices.sorted { (row[$1], $0) < (row[$0], $1) }
            let (stored, _) = try roundTrip(row, classes: 100, .topK(count))
            #expect(stored.indices == sorted.prefix(count).map { UInt16($0) })
        }
    }

    @Test("class indices above 2048, where halves skip integers, are exact") func largeIndices()
        throws
    {
        var row = [Float](repeating: 0, count: 65_536)
        for index in [2049, 4097, 65_535] { row[index] = 1.0 / 3 }
        let (stored, _) = try roundTrip(row, classes: 65_536, .topK(3))
        #expect(stored.indices == [2049, 4097, 65_535])
    }

    @Test("a row that is no distribution is an error that says why")
    func invalidRows() throws {
        func fault(_ change: (inout [Float]) -> Void) throws -> String? {
            var rows = madeRows(3, classes: 4)
            change(&rows)
            return try message { _ = try roundTrip(rows, classes: 4, .dense) }
        }
        #expect(try fault { _ in } == nil)
        #expect(try fault { $0[6] = .nan } == "row 1: the probability of class 2 is nan")
        #expect(try fault { $0[8] = .infinity } == "row 2: the probability of class 0 is inf")
        #expect(try fault { $0[1] = -0.25 } == "row 0: the probability of class 1 is -0.25")
        #expect(
            try fault { $0.replaceSubrange(4..<8, with: [0.5, 0.5, 0.5, 0]) }
                == "row 1: the probabilities sum to 1.5, not to 1")
        #expect(
            try fault { $0.replaceSubrange(0..<4, with: [0, 0, 0, 0]) }
                == "row 0: the probabilities sum to 0.0, not to 1")
    }

    @Test("stored rows that no writer makes are refused") func invalidStored() {
        func reason(_ encoding: RowEncoding, _ values: [Float16], _ indices: [UInt16]) -> String? {
            let halves = values.map(\.bitPattern)
            let rows = PartRows(
                encoding: encoding, classes: 4, rows: 1,
                storage: encoding == .dense
                    ? .dense(values: halves) : .topK(2, values: halves, indices: indices))
            var out = [Float](repeating: 0, count: 4)
            return out.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { rows.decode(0..<1, into: $0) }
            }?.reason
        }
        #expect(reason(.topK(2), [0.5, 0.25], [3, 0]) == nil)
        #expect(reason(.topK(2), [0.5, 0.25], [4, 0]) == "it names class 4 of 4")
        #expect(reason(.topK(2), [0.75, 0.5], [3, 0]) == "its values sum to 1.25")
        #expect(reason(.topK(2), [.nan, 0.5], [3, 0]) == "its values sum to nan")
        #expect(reason(.dense, [0.25, 0.25, 0.25, 0], []) == "its values sum to 0.75")
        // Sums alone do not show these.
        #expect(reason(.dense, [0.75, 0.5, -0.25, 0], []) == "a value of it is negative")
        #expect(reason(.topK(2), [0.75, -0.25], [3, 0]) == "a value of it is negative")
    }

    @Test("bytes per row") func sizes() {
        #expect(RowEncoding.dense.bytesPerRow(classes: 1000) == 2000)
        #expect(RowEncoding.topK(50).bytesPerRow(classes: 1000) == 200)
    }
}

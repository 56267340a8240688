import Foundation
import Testing

@testable import ResponseCache

@Suite("Bounded rows") struct BoundedTests {
    private static let bounds = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]

    @Test("every row is decoded within the bound, as its statistics say", arguments: bounds)
    func bound(maxKL: Double) throws {
        for (name, row) in RowEncodingTests.adversarial {
            let (stored, statistics) = try encode(
                row, classes: row.count, .bounded(maxKL: maxKL))
            var decoded = [Float](repeating: .nan, count: row.count)
            let fault = decoded.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { stored.decode(0..<1, into: $0) }
            }
            #expect(fault == nil, "\(name): \(fault?.reason ?? "")")
            #expect(zip(row, decoded).allSatisfy { $0 == 0 || $1 > 0 }, "\(name)")
            let sum = decoded.reduce(0.0) { $0 + Double($1) }
            #expect(abs(sum - 1) < 2e-6, "\(name): \(sum)")
            // The decoded row is not normalised again here, which its float32 sum would allow.
            let total = row.reduce(0.0) { $0 + Double($1) }
            let kl = zip(row, decoded).reduce(0.0) { sum, pair in
                let p = Double(pair.0) / total
                return p > 0 ? sum + p * log(p / Double(pair.1)) : sum
            }
            #expect(kl <= maxKL, "\(name): \(kl)")
            #expect(abs(max(kl, 0) - statistics.maxKL) < 1e-12, "\(name)")
        }
    }

    @Test("a tighter bound costs more bytes, a looser one fewer classes")
    func monotonous() throws {
        let rows = madeRows(200, classes: 1000, power: 40, seed: 2)
        let statistics = try Self.bounds.map {
            try encode(rows, classes: 1000, .bounded(maxKL: $0)).statistics
        }
        for (tight, loose) in zip(statistics, statistics.dropFirst()) {
            #expect(tight.meanBytes > loose.meanBytes)
            #expect(tight.meanEntries >= loose.meanEntries)
            #expect(tight.meanKL < loose.meanKL)
        }
        // The bound is used, not merely kept.
        #expect(statistics[3].meanKL > 0.005)
    }

    @Test("no row stores a class more than it needs") func fewest() throws {
        let layout = BoundedLayout(maxKL: 0.01, classes: 100)
        let rows = madeRows(50, classes: 100, power: 12, seed: 9)
        var encoder = BoundedEncoder(layout: layout, maxKL: 0.01)
        rows.withUnsafeBufferPointer { rows in
            for start in stride(from: 0, to: rows.count, by: 100) {
                let row = UnsafeBufferPointer(rebasing: rows[start..<start + 100])
                let sum = row.reduce(0.0) { $0 + Double($1) }
                _ = encoder.append(row, sum: sum, positive: 100)
            }
        }
        let starts = layout.starts(of: encoder.entries)
        for row in 0..<50 {
            let entries = Int(encoder.entries[row])
            let exact = Array(rows[row * 100..<(row + 1) * 100])
            // What one class fewer would lose, by the definition: the best tail of all.
            let order = exact.indices.sorted { exact[$0] > exact[$1] }.prefix(entries - 1)
            let fewer = entries == 1 ? .infinity : lowest(exact, Array(order), layout)
            #expect(fewer > 0.01, "row \(row): \(entries) classes, \(fewer)")
            #expect(starts[row + 1] - starts[row] == layout.bytes(entries: entries))
        }
        #expect(Set(encoder.entries).count > 3)
    }

    /// The divergence with these classes stored and their codes rounded as the encoder rounds.
    private func lowest(_ row: [Float], _ stored: [Int], _ layout: BoundedLayout) -> Double {
        let top = Double(row[stored[0]])
        let weights = stored.map {
            layout.weights[layout.code(octaves: log2(top / Double(row[$0])))]
        }
        let rest = 1 - stored.reduce(0.0) { $0 + Double(row[$1]) }
        let tail = layout.tailWeights[layout.tail(octaves: log2(top / rest))]
        let sum = weights.reduce(tail, +)
        var decoded = [Double](repeating: tail / sum / Double(100 - stored.count), count: 100)
        for (index, weight) in zip(stored, weights) { decoded[index] = weight / sum }
        return zip(row, decoded).reduce(0) { sum, pair in
            pair.0 > 0 ? sum + Double(pair.0) * log(Double(pair.0) / pair.1) : sum
        }
    }

    @Test("fields come back in order, across bytes") func bits() {
        var writer = BitWriter()
        let fields = [(5, 3), (0, 1), (1023, 10), (1, 1), (70_000, 17), (127, 7), (3, 2)]
        for (value, bits) in fields { writer.append(value, bits: bits) }
        writer.finishByte()
        #expect(writer.bytes.count == (41 + 7) / 8)
        // Lowest bit first: 5 = 101, then 0, then the low four bits of 1023.
        #expect(writer.bytes[0] == 0b1111_0101)
        writer.bytes.withUnsafeBufferPointer { bytes in
            var reader = BitReader(bytes)
            for (value, bits) in fields { #expect(reader.next(bits) == value) }
            #expect(reader.next(32) == 0)
        }
    }

    @Test("stored rows that no writer makes are refused") func invalid() {
        let layout = BoundedLayout(maxKL: 0.01, classes: 5)
        func reason(_ entries: Int, _ fields: [(Int, Int)]) -> String? {
            var writer = BitWriter()
            for (value, bits) in fields { writer.append(value, bits: bits) }
            writer.finishByte()
            var out = [Float](repeating: 0, count: 5)
            return writer.bytes.withUnsafeBufferPointer { bytes in
                out.withUnsafeMutableBufferPointer { out in
                    out.baseAddress.flatMap { layout.decode(bytes, entries: entries, into: $0) }
                }
            }
        }
        #expect(layout.indexBits == 3)
        #expect(reason(1, [(64, layout.tailBits), (0, 1), (4, 3)]) == nil)
        #expect(reason(1, [(64, layout.tailBits), (0, 1), (5, 3)]) == "it names class 5 of 5")
        #expect(
            reason(1, [(64, layout.tailBits), (1, 1), (4, 3)])
                == "it asks for a prior, and the part has none")
        #expect(reason(0, Array(repeating: (3, layout.codeBits), count: 5)) == nil)
        #expect(reason(6, []) == "it stores 6 of 5 classes")
    }

    @Test("the step shrinks with the bound", arguments: zip(bounds, [7, 5, 4, 2, 0, 0]))
    func fineness(maxKL: Double, fineness: Int) {
        #expect(BoundedLayout(maxKL: maxKL, classes: 10).fineness == fineness)
    }
}

import CHDF5
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
            // The decoded row is not normalized again here, which its float32 sum would allow.
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
        let starts = layout.starts(of: encoder.lengths)
        var counts: Set<Int> = []
        for row in 0..<50 {
            let bytes = encoder.packed.bytes[starts[row]..<starts[row + 1]]
            let stored = ReferenceRow(bytes, layout)
            let entries = stored.classes.count
            counts.insert(entries)
            let exact = Array(rows[row * 100..<(row + 1) * 100])
            // What one class fewer would lose, by the definition: the best tail of all.
            let order = exact.indices.sorted { exact[$0] > exact[$1] }.prefix(entries - 1)
            let fewer = entries == 1 ? .infinity : lowest(exact, Array(order), layout)
            #expect(fewer > 0.01, "row \(row): \(entries) classes, \(fewer)")
            // The bytes are those of the fields, but for zeros that fill the last one.
            #expect(bytes.count < 64)
            #expect((stored.bits + 7) / 8 == bytes.count)
        }
        #expect(counts.count > 3)
    }

    /// The divergence with these classes stored and their codes rounded as the encoder rounds.
    private func lowest(_ row: [Float], _ stored: [Int], _ layout: BoundedLayout) -> Double {
        let top = Double(row[stored[0]])
        let weights = stored.map {
            Double(layout.weights[layout.code(octaves: log2(top / Double(row[$0])))])
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

    @Test("fields lie lowest bit first, across bytes") func bits() {
        var writer = BitWriter()
        for (value, bits) in [(5, 3), (0, 1), (1023, 10)] { writer.append(value, bits: bits) }
        writer.append(zeros: 3)
        writer.append(zeros: 70)
        writer.finishByte()
        #expect(writer.bytes.count == (14 + 4 + 71 + 7) / 8)
        // 5 = 101, then 0, then the low four bits of 1023.
        #expect(writer.bytes[0] == 0b1111_0101)
        // The others of 1023, and 0001 from its lowest bit on, in two bytes.
        #expect(writer.bytes[1] == 0b0011_1111)
        #expect(writer.bytes[2] == 0b0000_0010)
        #expect(writer.bytes[3...].map { Int($0) } == [0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test("a length is exact up to 63 bytes and within a thirty-second above")
    func lengths() throws {
        let layout = BoundedLayout(maxKL: 0.01, classes: 1000)
        for bytes in 1...3968 {
            let length = try #require(layout.length(bytes: bytes))
            let held = layout.bytes(of: length)
            #expect(held >= bytes)
            #expect(bytes < 64 ? held == bytes : held <= bytes + bytes / 32)
        }
        #expect(layout.length(bytes: 3969) == nil)
        #expect(layout.bytes(of: BoundedLayout.everyCode) == 750)
        #expect(layout.bytes(of: BoundedLayout.everyFloat) == 4000)
    }

    @Test("stored rows that no writer makes are refused") func invalid() {
        let layout = BoundedLayout(maxKL: 0.01, classes: 5)
        func reason(_ length: UInt8, _ fields: [(Int, Int)]) -> String? {
            var writer = BitWriter()
            for (value, bits) in fields { writer.append(value, bits: bits) }
            writer.finishByte()
            writer.append(zeroBytes: 64)
            var out = [Float](repeating: 0, count: 5)
            return writer.bytes.withUnsafeBufferPointer { bytes in
                out.withUnsafeMutableBufferPointer { out in
                    layout.withDecoder { decoder in
                        out.baseAddress.flatMap {
                            decoder.decode(bytes, at: 0, length: length, into: $0)
                        }
                    }
                }
            }
        }
        #expect(layout.indexBits == 3)
        func head(_ byPrior: Int, _ byRank: Int, count: Int) -> [(Int, Int)] {
            [(64, layout.tailBits), (byPrior, 1), (byRank, 1), (count - 1, 3)]
        }
        #expect(reason(2, head(0, 0, count: 1) + [(4, 3)]) == nil)
        #expect(
            reason(2, head(0, 0, count: 1) + [(5, 3)]) == "it names a class that there is not")
        #expect(
            reason(2, head(1, 0, count: 1) + [(4, 3)]) == "it needs a prior, and the part has none")
        #expect(
            reason(2, head(0, 1, count: 1) + [(4, 3)]) == "it needs a prior, and the part has none")
        #expect(reason(4, head(0, 0, count: 6)) == "it stores more classes than there are")
        #expect(reason(1, head(0, 0, count: 1)) == "its fields do not fit its length")
        #expect(
            reason(2, head(0, 0, count: 2) + [(4, 3), (1, 3)])
                == "its fields do not fit its length")
        // Two classes, and no one that ends the second's steps.
        #expect(
            reason(4, head(0, 0, count: 2) + [(4, 3), (1, 3), (0, 10)])
                == "its fields do not fit its length")
        #expect(
            reason(12, head(0, 0, count: 2) + [(4, 3), (1, 3), (0, 32), (0, 32), (1, 1)])
                == "it has a probability below the smallest")
        #expect(reason(0, Array(repeating: (3, layout.codeBits), count: 5)) == nil)
    }

    @Test("no bytes make the decoder read or write where it may not, or give a row that is none")
    func hostile() throws {
        let classes = 70
        let prior = try ResponsePriorTests.prior(
            madeRows(200, classes: classes, power: 6, seed: 8), classes: classes)
        let layout = BoundedLayout(maxKL: 0.01, classes: classes, prior: prior)
        var numbers = Sequence64(state: 77)
        var sound = 0
        for _ in 0..<20_000 {
            let length = UInt8(1 + numbers.next() % 80)
            let bytes = layout.bytes(of: length)
            // Sparse bits, for long runs of zeros, in every second one.
            let mask: UInt64 = numbers.next() % 2 == 0 ? 0xff : 0x11
            let row =
                (0..<bytes).map { _ in UInt8(numbers.next() >> 20 & mask) }
                + [UInt8](repeating: 0xff, count: BoundedDecoder.padding)
            var out = [Float](repeating: .nan, count: classes + 2)
            let fault = row.withUnsafeBufferPointer { row in
                out.withUnsafeMutableBufferPointer { out in
                    layout.withDecoder { decoder in
                        out.baseAddress.flatMap {
                            decoder.decode(row, at: 0, length: length, into: $0 + 1)
                        }
                    }
                }
            }
            #expect(out[0].isNaN && out[classes + 1].isNaN)
            guard fault == nil else { continue }
            #expect(portable(row, length, layout) == Array(out[1...classes]))
            sound += 1
            #expect(out[1...classes].allSatisfy { $0 >= 0 && $0 <= 1.00001 })
        }
        #expect(sound > 100)
    }

    /// A row as processors without AVX2 and BMI decode it.
    private func portable(_ row: [UInt8], _ length: UInt8, _ layout: BoundedLayout) -> [Float] {
        var out = [Float](repeating: .nan, count: layout.classes)
        out.withUnsafeMutableBufferPointer { out in
            layout.withDecoder { decoder in
                withUnsafePointer(to: decoder.fields) {
                    if length == BoundedLayout.everyCode {
                        chdf5_decode_codes_portable($0, row, out.baseAddress)
                    } else {
                        _ = chdf5_decode_bounded_portable(
                            $0, row, layout.bytes(of: length), decoder.scratch, out.baseAddress)
                    }
                }
            }
        }
        return out
    }

    @Test("the portable decoder gives the same floats") func portableIsEqual() throws {
        let classes = 205
        let rows = familyRows(400, classes: classes, seed: 5)
        let prior = try ResponsePriorTests.prior(rows, classes: classes)
        for maxKL in [0.3, 0.01, 1e-4] {
            let (stored, decoded) = try roundTrip(
                rows, classes: classes, .bounded(maxKL: maxKL), prior: prior)
            guard case .bounded(let layout, let lengths, let packed, let starts) = stored.storage
            else { throw CacheError("the rows are not bounded") }
            for (row, length) in lengths.enumerated() where length != BoundedLayout.everyFloat {
                #expect(
                    portable(Array(packed[starts[row]...]), length, layout)
                        == Array(decoded[row * classes..<(row + 1) * classes]))
            }
            #expect(maxKL > 1e-4 || lengths.contains(BoundedLayout.everyCode))
        }
    }

    @Test("the step shrinks with the bound", arguments: zip(bounds, [7, 5, 4, 2, 0, 0]))
    func fineness(maxKL: Double, fineness: Int) {
        #expect(BoundedLayout(maxKL: maxKL, classes: 10).fineness == fineness)
    }
}

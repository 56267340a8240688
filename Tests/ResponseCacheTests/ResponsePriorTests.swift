import Foundation
import Testing

@testable import ResponseCache

@Suite("Response prior") struct ResponsePriorTests {
    private let folder: TemporaryFolder
    private var cache: String { "\(folder.path)/cache" }

    init() throws { folder = try TemporaryFolder() }

    /// Rows of 40 classes in 8 families of look-alikes: most of what the first class leaves goes to
    /// its family, to each in much the same proportion.
    private static func familyRows(_ count: Int, seed: UInt64) -> [Float] {
        var numbers = Sequence64(state: seed)
        return (0..<count).flatMap { _ -> [Float] in
            let top = Int(numbers.next() % 40)
            var weights = (0..<40).map { _ in 0.001 * (0.5 + numbers.uniform()) }
            for like in 0..<5 {
                let typical = 0.02 + 0.03 * Double((7 * like + 3 * top) % 5)
                weights[top / 5 * 5 + like] += typical * (0.8 + 0.4 * numbers.uniform())
            }
            let sure = numbers.uniform()
            weights[top] += 0.2 + 4 * sure * sure
            let sum = weights.reduce(0, +)
            return weights.map { Float($0 / sum) }
        }
    }

    private static func prior(_ rows: [Float], classes: Int) throws -> ResponsePrior {
        var calibration = PriorCalibration(classes: classes)
        try calibration.add(rows) { "row \($0)" }
        return calibration.prior()
    }

    /// 1,200 responses of 40 classes.
    private static func manifest() throws -> CacheManifest {
        try makeManifest(
            .bounded(maxKL: 0.01), classes: 40, epochs: 2, groupsPerEpoch: 50, groupSize: 12,
            groupsPerPart: 20)
    }

    private func build(_ directory: String) throws {
        let manifest = try Self.manifest()
        let builder = try CacheBuilder(directory: directory, manifest: manifest)
        let groups = try #require(try builder.calibrationGroups())
        try builder.calibrate(groups) { Self.familyRows(12, seed: UInt64($0)) }
        for part in builder.missingParts(epochs: 0..<2) {
            let writer = try builder.begin(part)
            for group in manifest.groups(of: part) {
                writer.append(
                    Self.familyRows(12, seed: UInt64(100 * part.epoch + group)), pixelChecksum: 0)
            }
            try writer.publish()
        }
    }

    @Test("is the mean response given the most probable class, shrunk and floored")
    func definition() throws {
        let rows: [[Float]] = [[0.5, 0.3, 0.2], [0.7, 0.1, 0.2], [0.1, 0.8, 0.1]]
        let prior = try Self.prior(rows.flatMap { $0 }, classes: 3)
        let mean = (0..<3).map { index in rows.reduce(0.0) { $0 + Double($1[index]) } / 3 }
        let expected: [[Double]] = [[0, 1], [2], []].map { members in
            (0..<3).map { index in
                let sum = members.reduce(2 * mean[index]) { $0 + Double(rows[$1][index]) }
                return 0.98 * sum / Double(members.count + 2) + 0.02 / 3
            }
        }
        for (value, exact) in zip(prior.values, expected.joined()) {
            #expect(abs(Double(value) - exact) <= 0x1p-11 * exact)
        }
        #expect(prior.sums.allSatisfy { $0 <= 1 && $0 > 0.999 })
    }

    @Test("a row that is no distribution is an error with its name")
    func badRow() throws {
        var calibration = PriorCalibration(classes: 3)
        let text = try message { try calibration.add([0.5, 0.5, 0, 0.5, 0.6, 0]) { "row \($0)" } }
        #expect(text?.hasPrefix("row 1: the probabilities sum to 1.1") == true)
    }

    @Test("a decoded row is what the format says", arguments: [0.03, 0.003])
    func decoded(maxKL: Double) throws {
        let prior = try Self.prior(Self.familyRows(400, seed: 1), classes: 40)
        let rows = Self.familyRows(60, seed: 2)
        let (stored, decoded) = try roundTrip(
            rows, classes: 40, .bounded(maxKL: maxKL), prior: prior)
        guard case .bounded(let layout, let entries, let packed, let starts) = stored.storage else {
            Issue.record("the rows are not bounded")
            return
        }
        #expect(Set(entries).count >= 2)
        var isByPrior: [Bool] = []
        for row in 0..<60 {
            let bytes = Array(packed[starts[row]..<starts[row + 1]])
            let fields: (tail: Int, classes: [Int], codes: [Int]) = bytes.withUnsafeBufferPointer {
                var bits = BitReader($0)
                let tail = bits.next(layout.tailBits)
                isByPrior.append(bits.next(1) == 1)
                var (classes, codes): ([Int], [Int]) = ([], [])
                for entry in 0..<Int(entries[row]) {
                    classes.append(bits.next(layout.indexBits))
                    codes.append(entry == 0 ? 0 : bits.next(layout.codeBits))
                }
                return (tail, classes, codes)
            }
            let steps = Double(1 << layout.fineness)
            let weights = fields.codes.map { exp2(-Double($0) / steps) }
            let share = weights.count > 1 ? weights[0] / (weights[0] + weights[1]) : 1
            func p(_ index: Int) -> Double {
                guard isByPrior[row] else { return 1 }
                let first = Double(prior.values[40 * fields.classes[0] + index])
                guard weights.count > 1 else { return first }
                let second = Double(prior.values[40 * fields.classes[1] + index])
                return share * first + (1 - share) * second
            }
            let unstored = (0..<40).filter { !fields.classes.contains($0) }
            let left = unstored.reduce(0) { $0 + p($1) }
            var expected = [Double](repeating: 0, count: 40)
            for index in unstored {
                expected[index] = exp2(16 - Double(fields.tail) / steps) * p(index) / left
            }
            for (index, weight) in zip(fields.classes, weights) { expected[index] = weight }
            let sum = expected.reduce(0, +)
            for index in 0..<40 {
                let exact = expected[index] / sum
                #expect(abs(Double(decoded[40 * row + index]) - exact) <= 2e-6 * exact)
            }
        }
        #expect(isByPrior.filter { $0 }.count > 40)
    }

    @Test(
        "the bound is kept on rows of every shape",
        arguments: [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1])
    func bound(maxKL: Double) throws {
        for (name, row) in RowEncodingTests.adversarial {
            let classes = row.count
            guard classes <= 1000 else { continue }
            let prior = try Self.prior(
                madeRows(20, classes: classes, power: 8, seed: 3) + row, classes: classes)
            let (stored, statistics) = try encode(
                row, classes: classes, .bounded(maxKL: maxKL), prior: prior)
            #expect(statistics.maxKL <= maxKL, "\(name)")
            var decoded = [Float](repeating: .nan, count: classes)
            let fault = decoded.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { stored.decode(0..<1, into: $0) }
            }
            #expect(fault == nil, "\(name)")
            #expect(abs(decoded.reduce(0.0) { $0 + Double($1) } - 1) < 2e-6, "\(name)")
            #expect(abs(max(divergence(row[...], decoded[...]), 0) - statistics.maxKL) < 2e-6)
        }
    }

    @Test("look-alikes need fewer bytes with it") func smaller() throws {
        let prior = try Self.prior(Self.familyRows(400, seed: 1), classes: 40)
        let rows = Self.familyRows(200, seed: 2)
        let with = try encode(rows, classes: 40, .bounded(maxKL: 0.03), prior: prior).statistics
        let without = try encode(rows, classes: 40, .bounded(maxKL: 0.03)).statistics
        #expect(with.meanBytes < 0.7 * without.meanBytes)
    }

    @Test("rows that it does not fit cost a bit more than without, not more")
    func otherwise() throws {
        let prior = try Self.prior(Self.familyRows(400, seed: 1), classes: 40)
        let rows = madeRows(200, classes: 40, power: 6, seed: 4)
        let with = try encode(rows, classes: 40, .bounded(maxKL: 0.03), prior: prior).statistics
        let without = try encode(rows, classes: 40, .bounded(maxKL: 0.03)).statistics
        #expect(with.meanBytes <= without.meanBytes)
        #expect(with.maxKL <= 0.03)
    }

    @Test("is learnt once, and a reader finds it by what the parts say") func inACache() throws {
        try build(cache)
        let builder = try CacheBuilder(directory: cache, manifest: try Self.manifest())
        #expect(try builder.calibrationGroups() == nil)
        let reader = try CacheReader(directory: cache)
        let rows = try reader.rows(epoch: 1, slots: 0..<12)
        let exact = Self.familyRows(12, seed: 100)
        for row in 0..<12 {
            let range = row * 40..<(row + 1) * 40
            #expect(divergence(exact[range], rows[range]) <= 0.01 + 1e-6)
        }
        let names = try CacheFolder(opening: cache).priors.files()
        try #require(names.count == 1)
        #expect(names[0].count == "prior-0123456789abcdef.h5".count)

        // A merged cache needs it, too.
        let merged = "\(folder.path)/merged"
        _ = try CacheMerge(into: merged, sources: [cache]).run()
        #expect(try CacheReader(directory: merged).rows(epoch: 1, slots: 0..<12) == rows)
    }

    @Test("a cache too small for its bytes has none, nor one of very many classes")
    func whereItPays() throws {
        func uses(_ classes: Int, groups: Int) throws -> Bool {
            try makeManifest(
                .bounded(maxKL: 0.01), classes: classes, epochs: 100, groupsPerEpoch: groups,
                groupSize: 100, groupsPerPart: 10
            ).usesPrior
        }
        #expect(try !uses(1000, groups: 49))
        #expect(try uses(1000, groups: 50))
        #expect(try uses(4096, groups: 1000))
        #expect(try !uses(4097, groups: 1000))
        #expect(try !makeManifest(.dense, epochs: 1000).usesPrior)
    }

    @Test("a missing or damaged one is an error with its path") func faults() throws {
        try build(cache)
        let name = try #require(try CacheFolder(opening: cache).priors.files().first)
        let path = "\(cache)/\(name)"
        let whole = try bytes(path)
        func fault() throws -> String? {
            try message { _ = try CacheReader(directory: cache).rows(epoch: 0, slots: 0..<1) }
        }
        var undetected = 0
        for position in stride(from: 7, to: whole.count, by: 41) {
            var damaged = whole
            damaged[position] ^= 0x21
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            guard let text = try fault() else {
                undetected += 1
                continue
            }
            #expect(text.hasPrefix("\(path): "))
            #expect(
                text.hasSuffix(
                    "; bring the file back from a copy of the cache, or delete it and the parts "
                        + "that were stored with it"))
        }
        // Padding, and what only other readers look at.
        #expect(undetected < 40)
        try FileManager.default.removeItem(atPath: path)
        #expect(
            try fault() == "\(path): is missing, and parts were stored with it; bring it back from "
                + "a copy of the cache, or delete those parts and build them again")
    }
}

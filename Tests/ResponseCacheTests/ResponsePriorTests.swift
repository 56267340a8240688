import Foundation
import Testing

@testable import ResponseCache

@Suite("Response prior") struct ResponsePriorTests {
    private let folder: TemporaryFolder
    private var cache: String { "\(folder.path)/cache" }

    init() throws { folder = try TemporaryFolder() }

    static func prior(_ rows: [Float], classes: Int) throws -> ResponsePrior {
        var calibration = PriorCalibration(classes: classes, folder: "/nowhere")
        try calibration.add(rows) { "row \($0)" }
        return try calibration.prior()
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
        try builder.calibrate(groups) { familyRows(12, classes: 40, seed: UInt64($0)) }
        for part in builder.missingParts(epochs: 0..<2) {
            let writer = try builder.begin(part)
            for group in manifest.groups(of: part) {
                writer.append(
                    familyRows(12, classes: 40, seed: UInt64(100 * part.epoch + group)),
                    pixelChecksum: 0)
            }
            try writer.publish()
        }
    }

    @Test("responses of one source give its mean, shrunk and floored") func definition() throws {
        // Nothing to divide: the second class of each has as good as nothing.
        let rows: [[Float]] = [
            [0.999998, 0.000001, 0.000001], [0.999998, 0.000001, 0.000001],
            [0.000001, 0.999998, 0.000001],
        ]
        let prior = try Self.prior(rows.flatMap { $0 }, classes: 3)
        let mean = (0..<3).map { index in rows.reduce(0.0) { $0 + Double($1[index]) } / 3 }
        let expected: [[Double]] = [[0, 1], [2], []].map { members in
            (0..<3).map { index in
                let sum = members.reduce(mean[index]) { $0 + Double(rows[$1][index]) }
                return 0.99 * sum / Double(members.count + 1) + 0.01 / 3
            }
        }
        for (value, exact) in zip(prior.values, expected.joined()) {
            #expect(abs(Double(value) - exact) <= 2e-3 * exact)
        }
        #expect(prior.sums.allSatisfy { $0 <= 1 && $0 > 0.999 })
    }

    @Test("responses of two sources are taken apart") func mixture() throws {
        // Class c has a profile; a response is a mixture of two profiles.
        let classes = 12
        let profiles = (0..<classes).map { own in
            let weights = (0..<classes).map { exp2(-Double((own * 5 + $0 * 7) % 12)) }
            let sum = weights.reduce(0, +)
            return weights.map { 0.6 * $0 / sum }
        }.enumerated().map { own, profile in
            profile.enumerated().map { $1 + ($0 == own ? 0.4 : 0) }
        }
        var numbers = Sequence64(state: 12)
        let rows = (0..<2000).flatMap { _ -> [Float] in
            let (one, other) = (
                Int(numbers.next() >> 8) % classes, Int(numbers.next() >> 8) % classes
            )
            let share = 0.5 + 0.5 * numbers.uniform()
            return (0..<classes).map {
                Float(share * profiles[one][$0] + (1 - share) * profiles[other][$0])
            }
        }
        let prior = try Self.prior(rows, classes: classes)
        func distance(_ means: [[Double]]) -> Double {
            (0..<classes).reduce(0) { sum, own in
                sum + (0..<classes).reduce(0) { $0 + abs(means[own][$1] - profiles[own][$1]) }
            } / Double(classes)
        }
        let learnt = (0..<classes).map { own in
            (0..<classes).map { Double(prior.values[own * classes + $0]) }
        }
        // The mean of the responses in which a class comes first.
        var naive = [[Double]](repeating: [Double](repeating: 0, count: classes), count: classes)
        for row in rows.chunked(classes) {
            let top = row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex } ?? 0
            for (index, value) in row.enumerated() { naive[top][index] += Double(value) }
        }
        naive = naive.map { row in row.map { $0 / row.reduce(0, +) } }
        #expect(distance(learnt) < 0.6 * distance(naive))
    }

    @Test("look-alikes are listed from the most to the least probable, without the class itself")
    func lookAlikes() throws {
        let rows = madeRows(300, classes: 60, power: 6, seed: 21)
        let prior = try Self.prior(rows, classes: 60)
        for own in [0, 17, 59] {
            let row = (0..<60).map { prior.values[own * 60 + $0] }
            let order = (0..<60).filter { $0 != own }
                .sorted { (row[$1], $0) < (row[$0], $1) }
                .prefix(48)
            #expect(prior.lookAlikes[own * 48..<(own + 1) * 48].map { Int($0) } == Array(order))
        }
        #expect(try Self.prior(madeRows(50, classes: 48), classes: 48).lookAlikes.isEmpty)
    }

    @Test("a row that is no distribution is an error with its name")
    func badRow() throws {
        var calibration = PriorCalibration(classes: 3, folder: "/nowhere")
        let text = try message { try calibration.add([0.5, 0.5, 0, 0.5, 0.6, 0]) { "row \($0)" } }
        #expect(text?.hasPrefix("row 1: the probabilities sum to 1.1") == true)
    }

    @Test("responses that wait on the disk give the same prior, and leave no file")
    func spooled() throws {
        let rows = familyRows(400, classes: 40, seed: 3)
        var calibration = PriorCalibration(classes: 40, folder: folder.path, budget: 40 * 48)
        for some in rows.chunked(40 * 30) {
            try calibration.add(Array(some)) { "row \($0)" }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        #expect(calibration.rows == 400)
        #expect(try calibration.prior().digest == Self.prior(rows, classes: 40).digest)

        var nowhere = PriorCalibration(classes: 40, folder: "/nowhere", budget: 40)
        let text = try message { try nowhere.add(Array(rows[..<400])) { "row \($0)" } }
        #expect(text?.hasPrefix("/nowhere/.tmp-rows-") == true)
        #expect(text?.hasSuffix(": cannot create: No such file or directory") == true)
    }

    @Test("a decoded row is what the format says", arguments: [0.1, 0.03])
    func decoded(maxKL: Double) throws {
        // 40 classes have no ranks; 80 do.
        for copies in [1, 2] {
            let classes = 40 * copies
            func widened(_ rows: [Float]) -> [Float] {
                rows.chunked(40).flatMap { row in
                    (0..<copies).flatMap { _ in row.map { $0 / Float(copies) } }
                }
            }
            let prior = try Self.prior(
                widened(familyRows(400, classes: 40, seed: 1)), classes: classes)
            let (stored, decoded) = try roundTrip(
                widened(familyRows(60, classes: 40, seed: 2)), classes: classes,
                .bounded(maxKL: maxKL),
                prior: prior)
            guard case .bounded(let layout, let lengths, let packed, let starts) = stored.storage
            else {
                Issue.record("the rows are not bounded")
                return
            }
            var (byPrior, byRank, counts): (Int, Int, Set<Int>) = (0, 0, [])
            for row in 0..<60 where lengths[row] != BoundedLayout.everyCode {
                let reference = ReferenceRow(packed[starts[row]..<starts[row + 1]], layout)
                byPrior += reference.isByPrior ? 1 : 0
                byRank += reference.isRanked ? 1 : 0
                counts.insert(reference.classes.count)
                for (index, exact) in reference.probabilities(layout).enumerated() {
                    #expect(abs(Double(decoded[classes * row + index]) - exact) <= 2e-6 * exact)
                }
            }
            #expect(byPrior > 30)
            #expect(copies == 1 ? byRank == 0 : byRank > 10)
            #expect(counts.count > 2)
        }
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
        let prior = try Self.prior(familyRows(400, classes: 40, seed: 1), classes: 40)
        let rows = familyRows(200, classes: 40, seed: 2)
        let with = try encode(rows, classes: 40, .bounded(maxKL: 0.03), prior: prior).statistics
        let without = try encode(rows, classes: 40, .bounded(maxKL: 0.03)).statistics
        #expect(with.meanBytes < 0.8 * without.meanBytes)
    }

    @Test("rows that it does not fit cost a bit more than without, not more")
    func otherwise() throws {
        let prior = try Self.prior(familyRows(400, classes: 40, seed: 1), classes: 40)
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
        let exact = familyRows(12, classes: 40, seed: 100)
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

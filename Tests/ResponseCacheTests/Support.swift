import Base
import Foundation

@testable import ResponseCache

/// A folder of its own for one test, removed with it.
final class TemporaryFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-cache-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// Numbers that are the same on every machine: an LCG with Knuth's MMIX constants.
struct Sequence64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }

    /// Uniform in 0..<1.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// Rows of probabilities by powers of uniforms: the higher the power, the more peaked the row. Only
/// products and quotients, so the rows are the same to the bit wherever the tests run.
func madeRows(_ rows: Int, classes: Int, power: Int = 4, seed: UInt64 = 1) -> [Float] {
    var numbers = Sequence64(state: seed)
    var out: [Float] = []
    out.reserveCapacity(rows * classes)
    for _ in 0..<rows {
        let weights = (0..<classes).map { _ in
            let uniform = numbers.uniform()
            return (0..<power).reduce(1.0) { product, _ in product * uniform }
        }
        let sum = weights.reduce(0, +)
        out += weights.map { Float($0 / sum) }
    }
    return out
}

/// Rows in families of five look-alikes: most of what the first class leaves goes to its family, to
/// each in much the same proportion.
func familyRows(_ count: Int, classes: Int, seed: UInt64) -> [Float] {
    var numbers = Sequence64(state: seed)
    return (0..<count).flatMap { _ -> [Float] in
        let top = Int(numbers.next() >> 8) % classes
        var weights = (0..<classes).map { _ in 0.001 * (0.5 + numbers.uniform()) }
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

let someFingerprint = Fingerprint(fields: [
    .init(name: "views.seed", value: "42"),
    .init(name: "views.randaugment", value: "rand-m7-mstd0.5"),
    .init(name: "teacher.weights", value: "sha256:00ff"),
])

func makeManifest(
    _ encoding: RowEncoding = .topK(3), classes: Int = 10, epochs: Int = 2,
    groupsPerEpoch: Int = 5, groupSize: Int = 4, groupsPerPart: Int = 2,
    fingerprint: Fingerprint = someFingerprint, teacher: String = "beit-test"
) throws -> CacheManifest {
    try CacheManifest(
        fingerprint: fingerprint, encoding: encoding, classes: classes, epochs: epochs,
        groupsPerEpoch: groupsPerEpoch, groupSize: groupSize, groupsPerPart: groupsPerPart,
        teacher: teacher, createdBy: "understudy test")
}

/// The responses and pixel checksums that the tests store for a part.
func content(
    of part: PartID, _ manifest: CacheManifest, inFamilies: Bool = false
) -> (rows: [Float], checksums: [UInt32]) {
    let (count, seed) = (manifest.slots(of: part).count, UInt64(1000 * part.epoch + part.index))
    let rows =
        inFamilies
        ? familyRows(count, classes: manifest.classes, seed: seed)
        : madeRows(count, classes: manifest.classes, seed: seed)
    let checksums = manifest.groups(of: part).map { UInt32(part.epoch * 100_000 + $0) &* 2_654_435 }
    return (rows, checksums)
}

func publish(_ part: PartID, with builder: CacheBuilder, inFamilies: Bool = false) throws {
    if let groups = try builder.calibrationGroups() {
        try builder.calibrate(groups) { group in
            let part = PartID(epoch: 0, index: group / builder.manifest.groupsPerPart)
            let first = builder.manifest.groups(of: part).lowerBound
            let rows = content(of: part, builder.manifest, inFamilies: inFamilies).rows
            return Array(rows.chunked(builder.groupValues)[group - first])
        }
    }
    let (rows, checksums) = content(of: part, builder.manifest, inFamilies: inFamilies)
    try publish(part, with: builder, rows: rows, checksums: checksums)
}

func publish(
    _ part: PartID, with builder: CacheBuilder, rows: [Float], checksums: [UInt32]
) throws {
    let writer = try builder.begin(part)
    for (group, checksum) in zip(rows.chunked(builder.groupValues), checksums) {
        writer.append(Array(group), pixelChecksum: checksum)
    }
    try writer.publish()
}

extension CacheBuilder {
    /// Values of a group's responses.
    var groupValues: Int { manifest.groupSize * manifest.classes }
}

extension Array {
    /// Slices of `size` elements.
    func chunked(_ size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}

/// Encodes rows without a file.
func encode(
    _ rows: [Float], classes: Int, _ encoding: RowEncoding, prior: ResponsePrior? = nil
) throws -> (rows: PartRows, statistics: RowStatistics) {
    var encoder = PartEncoder(encoding, classes: classes, prior: prior)
    try rows.withUnsafeBufferPointer { rows in
        try encoder.append(rows) { "row \($0)" }
    }
    return encoder.encoded()
}

/// Builds a whole cache.
@discardableResult
func build(
    _ directory: String, _ manifest: CacheManifest, inFamilies: Bool = false
) throws -> CacheBuilder {
    let builder = try CacheBuilder(directory: directory, manifest: manifest)
    for part in builder.missingParts(epochs: 0..<manifest.epochs) {
        try publish(part, with: builder, inFamilies: inFamilies)
    }
    return builder
}

func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
}

/// The text of the `CacheError` that the body throws; nil if it throws nothing.
func message(_ body: () throws -> Void) throws -> String? {
    do {
        try body()
        return nil
    } catch let error as CacheError {
        return error.description
    }
}

/// KL(p || q) in nats with 0·ln 0 = 0; infinite where q lacks what p has.
func divergence(_ p: ArraySlice<Float>, _ q: ArraySlice<Float>) -> Double {
    let (sumP, sumQ) = (
        p.reduce(0.0) { $0 + Double($1) }, q.reduce(0.0) { $0 + Double($1) }
    )
    return zip(p, q).reduce(0) { total, pair in
        let (p, q) = (Double(pair.0) / sumP, Double(pair.1) / sumQ)
        return p > 0 ? total + p * log(p / q) : total
    }
}

extension PartRows {
    /// The halves that are stored.
    var values: [UInt16] {
        switch storage {
        case .dense(let values), .topK(_, let values, _): values
        case .bounded: []
        }
    }

    /// The class indices of top-K.
    var indices: [UInt16] {
        if case .topK(_, _, let indices) = storage { indices } else { [] }
    }
}

/// Encodes and decodes rows without a file.
func roundTrip(
    _ rows: [Float], classes: Int, _ encoding: RowEncoding, prior: ResponsePrior? = nil
) throws -> (stored: PartRows, decoded: [Float]) {
    let stored = try encode(rows, classes: classes, encoding, prior: prior).rows
    var decoded = [Float](repeating: .nan, count: rows.count)
    let fault = decoded.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { stored.decode(0..<rows.count / classes, into: $0) }
    }
    if let fault { throw CacheError("row \(fault.row): \(fault.reason)") }
    return (stored, decoded)
}

extension PartFile {
    /// Reads a part's own file.
    func decode(path: String) throws(CacheError) -> Content { try decode(at: .file(path)) }

    /// Reads the part, with the priors of the cache that it lies in.
    func decode(at place: PartPlace) throws(CacheError) -> Content {
        let folder = Folders.parent(of: place.path)
        let cache = if case .file = place { Folders.parent(of: folder) } else { folder }
        return try decode(at: place, priors: PriorStore(directory: cache, manifest: manifest))
    }
}

/// What lies at a path; nil for nothing.
func kind(_ path: String) -> FileKind? { (try? FileKind.at(path)) ?? nil }

/// The files below a folder with their bytes.
func contents(_ directory: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: directory)
    where kind("\(directory)/\(name)") == .file {
        files[name] = try bytes("\(directory)/\(name)")
    }
    return files
}

/// Runs work on a thread of its own, since tasks share as many threads as there are cores.
func onThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

let someEncodings: [RowEncoding] = [.dense, .topK(3), .bounded(maxKL: 0.01)]

/// Everything that a reader gives of a cache, but for the bytes.
struct Everything: Equatable {
    var rows: [[Float]] = []
    var checksums: [UInt32] = []
    var meanKL: Double?
    var maxKL: Double?
    var meanEntries: Double?

    init(of reader: CacheReader) throws {
        let manifest = reader.manifest
        for epoch in 0..<manifest.epochs {
            rows.append(try reader.rows(epoch: epoch, slots: 0..<manifest.slotsPerEpoch))
            for group in 0..<manifest.groupsPerEpoch {
                checksums.append(try reader.pixelChecksum(epoch: epoch, group: group))
            }
        }
        let info = try reader.info()
        (meanKL, maxKL, meanEntries) = (info.meanKL, info.maxKL, info.meanEntries)
    }
}

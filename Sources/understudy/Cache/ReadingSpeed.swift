import Foundation
import ResponseCache

/// How fast one core reads a cache from the page cache in the order of a plan, and what its files
/// take besides rows.
enum ReadingSpeed {
    /// Builds a cache in a temporary folder and reads it.
    ///
    /// - Returns: rows per second of a processor that are read, checked and decoded; the best of
    ///   several passes.
    static func measure(_ encoding: RowEncoding, _ subject: EncodingReport.Subject) throws -> Double
    {
        let rows = subject.responses.count / subject.classes
        // Two groups at least, where there are two rows.
        let group = max(1, min(128, rows / 2))
        let groups = rows / group
        return try withCache(
            encoding, subject, groups: groups, of: group,
            groupsPerPart: max(1, min(64, (groups + 1) / 2))
        ) { reader in
            // It holds one part and the prior, as a training's does: parts are read anew in every
            // pass.
            var buffer = [Float](repeating: 0, count: group * subject.classes)
            var best = 0.0
            for _ in 0..<15 {
                let start = Self.processorSeconds()
                for index in 0..<groups {
                    try buffer.withUnsafeMutableBufferPointer {
                        try reader.read(
                            epoch: 0, slots: index * group..<(index + 1) * group, into: $0)
                    }
                }
                best = max(best, Double(groups * group) / (Self.processorSeconds() - start))
            }
            return best
        }
    }

    /// The bytes of a whole part's file besides its rows.
    ///
    /// - Parameters:
    ///   - shape: the manifest of the cache that the part is of.
    ///   - bytesPerRow: what the rows take.
    static func frame(
        _ subject: EncodingReport.Subject, partOf shape: CacheManifest, bytesPerRow: Double
    ) throws -> Int {
        let group = shape.groupSize
        let groups = min(shape.groupsPerPart, shape.groupsPerEpoch, max(1, mostRows / group))
        let bytes = try withCache(
            shape.encoding, subject, groups: groups, of: group, groupsPerPart: groups,
            by: (shape.teacher, shape.createdBy)
        ) { try $0.info().bytes }
        return max(0, bytes - Int((Double(groups * group) * bytesPerRow).rounded()))
    }

    /// In a part that is made to be measured: one of more rows has no more besides them.
    private static let mostRows = 1 << 14

    /// Lends the first epoch of a cache, whole, in a temporary folder, of the responses one after the
    /// other, and of those again.
    private static func withCache<R>(
        _ encoding: RowEncoding, _ subject: EncodingReport.Subject, groups: Int, of group: Int,
        groupsPerPart: Int, by names: (teacher: String, program: String) = ("bench", "bench"),
        _ body: (CacheReader) throws -> R
    ) throws -> R {
        let folder = try ScratchFolder(for: .cache)
        let classes = subject.classes
        func rows(_ all: [Float], from first: Int) -> [Float] {
            let count = all.count / classes
            return (first..<first + group).flatMap { row in
                all[row % count * classes..<(row % count + 1) * classes]
            }
        }
        // As many epochs as the whole cache has responses for, so that a prior is used as there;
        // only the first is built.
        let manifest = try CacheManifest(
            fingerprint: Fingerprint(fields: []), encoding: encoding, classes: classes,
            epochs: min(max(1, subject.cached / (groups * group)), 1 << 16), groupsPerEpoch: groups,
            groupSize: group, groupsPerPart: groupsPerPart, teacher: names.teacher,
            createdBy: names.program)
        let builder = try CacheBuilder(directory: folder.path, manifest: manifest)
        if let needed = try builder.calibrationGroups() {
            let isEnough = subject.calibration.count >= group * classes
            let known = isEnough ? subject.calibration : subject.responses
            try builder.calibrate(needed) { rows(known, from: $0 * group) }
        }
        for part in manifest.parts(epoch: 0, groups: 0..<groups) {
            let writer = try builder.begin(part)
            for index in manifest.groups(of: part) {
                writer.append(rows(subject.responses, from: index * group), pixelChecksum: 0)
            }
            try writer.publish()
        }
        return try withExtendedLifetime(folder) {
            try body(CacheReader(directory: folder.path))
        }
    }

    /// What this thread has spent on a processor: files are in the page cache, so it waits for
    /// nothing else, and other programs on the machine do not count.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

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
        try withCache(encoding, subject) { reader in
            let manifest = reader.manifest
            let (groups, group) = (manifest.groupsPerEpoch, manifest.groupSize)
            // It holds one part and the prior, as a training's does: parts are read anew in every
            // pass.
            var buffer = [Float](repeating: 0, count: group * manifest.classes)
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

    /// The bytes of a part's file besides its rows: what the same rows take more in parts of one
    /// group each than in half as many.
    static func frame(_ encoding: RowEncoding, _ subject: EncodingReport.Subject) throws -> Int {
        func size(groupsPerPart: Int) throws -> (bytes: Int, parts: Int) {
            try withCache(encoding, subject, mostGroups: 16, groupsPerPart: groupsPerPart) {
                let info = try $0.info()
                return (info.bytes, info.parts)
            }
        }
        let (single, paired) = (try size(groupsPerPart: 1), try size(groupsPerPart: 2))
        guard single.parts > paired.parts else { return 0 }
        return max(0, (single.bytes - paired.bytes) / (single.parts - paired.parts))
    }

    /// Lends the first epoch of a cache, whole, in a temporary folder.
    ///
    /// - Parameter groupsPerPart: by default so many that there are two parts, at most 64.
    private static func withCache<R>(
        _ encoding: RowEncoding, _ subject: EncodingReport.Subject, mostGroups: Int = .max,
        groupsPerPart: Int? = nil, _ body: (CacheReader) throws -> R
    ) throws -> R {
        let folder = try ScratchFolder(for: .cache)
        let classes = subject.classes
        let rows = subject.responses.count / classes
        // Two groups at least, where there are two rows.
        let group = max(1, min(128, rows / 2))
        let groups = min(rows / group, mostGroups)
        // As many epochs as the whole cache has responses for, so that a prior is used as there;
        // only the first is built.
        let manifest = try CacheManifest(
            fingerprint: Fingerprint(fields: []), encoding: encoding, classes: classes,
            epochs: min(max(1, subject.cached / (groups * group)), 1 << 16), groupsPerEpoch: groups,
            groupSize: group, groupsPerPart: groupsPerPart ?? max(1, min(64, (groups + 1) / 2)),
            teacher: "bench", createdBy: "understudy cache bench")
        let builder = try CacheBuilder(directory: folder.path, manifest: manifest)
        let size = group * classes
        if let needed = try builder.calibrationGroups() {
            let isEnough = subject.calibration.count >= size
            let known = isEnough ? subject.calibration : subject.responses
            try builder.calibrate(needed) { index in
                let first = index * group % max(known.count / classes - group + 1, 1)
                return Array(known[first * classes..<first * classes + size])
            }
        }
        for part in manifest.parts(epoch: 0, groups: 0..<groups) {
            let writer = try builder.begin(part)
            for index in manifest.groups(of: part) {
                writer.append(
                    Array(subject.responses[index * size..<(index + 1) * size]), pixelChecksum: 0)
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

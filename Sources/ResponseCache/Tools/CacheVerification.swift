import Base
import Synchronization

/// What a check of every part that is there found.
package struct CacheVerification: Codable, Equatable, Sendable {
    /// Parts that were read.
    package let parts: Int
    /// Parts of the complete cache.
    package let partsInAll: Int
    /// Responses that were decoded and are sound.
    package let responses: Int
    /// What is wrong, in the order of epochs and parts; at most one fault for each part.
    package let faults: [CacheFault]

    private enum CodingKeys: String, CodingKey {
        case parts
        case partsInAll = "parts_in_all"
        case responses, faults
    }
}

/// What is wrong with one part.
package struct CacheFault: Codable, Equatable, Sendable {
    /// The cache's epoch, from 0.
    package let epoch: Int
    /// The part within the epoch, from 0.
    package let part: Int
    /// One line: the file, the attribute, dataset or row, and what to do.
    package let message: String

    init(_ part: PartID, _ message: String) {
        (epoch, self.part, self.message) = (part.epoch, part.index, message)
    }
}

extension CacheReader {
    /// Decoded values held at once for each thread.
    private static let blockValues = 1 << 20

    /// Reads and decodes every part that is there: structure, attributes, the checksums of every
    /// dataset, and that each row is a distribution.
    ///
    /// A fault in one part does not keep the others from being looked at.
    ///
    /// - Parameters:
    ///   - workers: threads that decode; HDF5 itself is entered by one at a time.
    ///   - progress: told, on the calling thread, how many of how many parts are done; what it
    ///     throws ends the check.
    package func verify(
        workers: Int, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) rethrows -> CacheVerification {
        let published = manifest.parts.filter(folder.isPublished)
        let found = try examine(published, workers: workers, progress: progress)
        return CacheVerification(
            parts: published.count, partsInAll: manifest.epochs * manifest.partsPerEpoch,
            responses: found.sound, faults: found.faults)
    }

    /// Checks that parts which are there, and are to be left as they are, are there whole: as `verify`
    /// does.
    ///
    /// - Parameters:
    ///   - workers: threads that decode.
    ///   - progress: as `verify` tells it.
    /// - Throws: `CacheError` with a line for each that is not, and what to do about it.
    package func requireSound(
        _ parts: [PartID], workers: Int = Cores.usable.count,
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        guard !parts.isEmpty else { return }
        let faults = try examine(parts, workers: workers, progress: progress).faults
        guard faults.isEmpty else {
            throw CacheError(
                "\(directory): \(faults.count) of the \(parts.count) parts that are there "
                    + "\(faults.count == 1 ? "is" : "are") faulty:",
                details: faults.map(\.message), cause: .damaged)
        }
    }

    /// Reads and decodes parts; how many of their rows are sound, and what is wrong.
    private func examine(
        _ parts: [PartID], workers: Int, progress: (_ done: Int, _ total: Int) throws -> Void
    ) rethrows -> (sound: Int, faults: [CacheFault]) {
        precondition(workers >= 1, "\(workers) workers")
        let workers = min(workers, Self.mostWorkers)
        var (responses, faults): (Int, [CacheFault]) = (0, [])
        // In batches, so that progress is told by the caller's own thread.
        var done = 0
        try progress(0, parts.count)
        while done < parts.count {
            let batch = Array(parts[done..<min(done + 4 * workers, parts.count)])
            let examination = Examination(batch.count)
            WorkerThread.run(min(workers, batch.count)) {
                while let index = examination.next() {
                    examination.note(index, self.examine(batch[index]))
                }
            }
            for (part, outcome) in zip(batch, examination.outcomes) {
                responses += outcome.sound
                if let message = outcome.fault {
                    faults.append(CacheFault(part, message))
                }
            }
            done += batch.count
            try progress(done, parts.count)
        }
        return (responses, faults)
    }

    /// More threads than any machine has cores for.
    private static let mostWorkers = 1024

    /// A batch of parts that several threads take one after the other.
    private final class Examination: Sendable {
        private let taken = Atomic(0)
        private let found: Mutex<[(sound: Int, fault: String?)]>
        private let count: Int

        init(_ count: Int) {
            self.count = count
            found = Mutex(Array(repeating: (0, nil), count: count))
        }

        /// The next part to look at; nil when all are taken.
        func next() -> Int? {
            let index = taken.add(1, ordering: .relaxed).oldValue
            return index < count ? index : nil
        }

        func note(_ index: Int, _ outcome: (sound: Int, fault: String?)) {
            found.withLock { $0[index] = outcome }
        }

        var outcomes: [(sound: Int, fault: String?)] { found.withLock { $0 } }
    }

    /// Decodes one part: how many of its rows are sound, and what is wrong, if anything.
    func examine(_ part: PartID) -> (sound: Int, fault: String?) {
        let (place, rows): (PartPlace, PartRows)
        do {
            (place, rows) = try folder.read(part) { place throws(CacheError) in
                (place, try folder.content(of: part, at: place).rows)
            }
        } catch {
            return (0, error.description)
        }
        let slots = manifest.slots(of: part)
        let classes = manifest.classes
        let block = max(1, Self.blockValues / classes)
        var values = [Float](repeating: 0, count: min(block, slots.count) * classes)
        var (row, faulty): (Int, Int) = (0, 0)
        var first: String?
        func note(_ row: Int, _ reason: String) {
            faulty += 1
            if first == nil {
                first = "the row of slot \(slots.lowerBound + row) is invalid: \(reason)"
            }
        }
        while row < slots.count {
            let range = row..<min(row + block, slots.count)
            let fault = values.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { rows.decode(range, into: $0) }
            }
            let end = fault?.row ?? range.upperBound
            for index in row..<end {
                let start = (index - row) * classes
                if let reason = Self.fault(of: values[start..<start + classes]) {
                    note(index, reason)
                }
            }
            if let fault { note(fault.row, fault.reason) }
            row = fault.map { $0.row + 1 } ?? range.upperBound
        }
        guard let first else { return (slots.count, nil) }
        let others = faulty > 1 ? " (and \(faulty - 1) more rows)" : ""
        return (slots.count - faulty, "\(place): \(first)\(others); \(place.remedy)")
    }

    /// Why a decoded row is no distribution, whatever the encoding's own checks let pass.
    private static func fault(of row: ArraySlice<Float>) -> String? {
        var sum = 0.0
        for (index, value) in row.enumerated() {
            guard value >= 0, value.isFinite else {
                return "the probability of class \(index) is \(value)"
            }
            sum += Double(value)
        }
        return abs(sum - 1) <= 1e-3 ? nil : "the probabilities sum to \(sum), not to 1"
    }
}

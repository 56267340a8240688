import Foundation
import Torch

/// The best snapshots of a training, by validation accuracy, and their mean.
///
/// Source: SuperGradients `ModelWeightAveraging`; recipe-spec section 4. A new snapshot takes the
/// place of the worst one kept, and only if it is strictly better.
package struct BestSnapshots: Codable, Equatable, Sendable {
    /// One snapshot of the averaged network.
    package struct Snapshot: Codable, Equatable, Sendable {
        /// The epoch after which it was taken.
        package let epoch: Int
        /// Its top-1 accuracy on the validation images, in percent.
        package let top1: Double
        /// The file's name within the checkpoints' folder.
        package let file: String
        /// The seal of the file; `nil` until it is written, and in runs of earlier versions.
        var seal: String?
    }

    /// The snapshots kept, in slots; `nil` where none was taken yet.
    package private(set) var slots: [Snapshot?]

    /// Makes `keep` empty slots.
    package init(keep: Int) {
        precondition(keep >= 1)
        slots = Array(repeating: nil, count: keep)
    }

    /// The snapshots kept, in the order of their slots.
    package var kept: [Snapshot] { slots.compactMap { $0 } }

    /// The most accurate snapshot; the earliest of equals.
    package var best: Snapshot? {
        kept.min { ($0.top1, -$0.epoch) > ($1.top1, -$1.epoch) }
    }

    /// Records the seal of an epoch's snapshot, if it is kept.
    mutating func seal(_ seal: UInt32, epoch: Int) {
        for index in slots.indices where slots[index]?.epoch == epoch {
            slots[index]?.seal = seal.hexadecimal
        }
    }

    /// Offers a snapshot.
    ///
    /// - Returns: whether it was taken; its file has to be written then.
    package mutating func offer(_ snapshot: Snapshot) -> Bool {
        guard snapshot.top1.isFinite else { return false }
        let metrics = slots.map { $0?.top1 ?? -Double.infinity }
        guard let worst = metrics.indices.min(by: { metrics[$0] < metrics[$1] }),
            snapshot.top1 > metrics[worst]
        else { return false }
        slots[worst] = snapshot
        return true
    }
}

/// The mean of several weight files.
package enum WeightAverage {
    /// Averages files with equal names, shapes and types, one at a time: `A ← (A · n + next) / (n + 1)`.
    ///
    /// Half precision is averaged in float32 and written in its own type. Integer entries, which only
    /// count batches, are taken from the first file.
    ///
    /// - Returns: the entries in the order of the first file.
    /// - Throws: `TrainingError` if there is no file, if the files differ in their entries, or if a
    ///   number is not finite; `TorchError` if one cannot be read.
    package static func mean(of paths: [String]) throws -> [(name: String, tensor: Tensor)] {
        try mean(of: paths.map { try SafetensorsFile(path: $0) })
    }

    /// Averages files that are open already.
    package static func mean(
        of files: [SafetensorsFile]
    ) throws -> [(name: String, tensor: Tensor)] {
        guard let first = files.first else {
            throw TrainingError("no weights to average; name at least one safetensors file")
        }
        guard !first.names.isEmpty else {
            throw TrainingError("\(first.path): holds no tensors")
        }
        for next in files.dropFirst() { try check(next, against: first) }
        return try first.names.map { name in
            let start = try finite(name, in: first)
            guard start.dtype.isFloatingPoint else { return (name, start) }
            let isHalf = start.dtype == .bfloat16 || start.dtype == .float16
            var mean = isHalf ? try start.to(.float32) : start
            for (n, next) in files.enumerated().dropFirst() {
                let other = try finite(name, in: next).to(mean.dtype)
                mean = try (mean * Double(n) + other) / Double(n + 1)
            }
            // Finite numbers whose sum is not, which takes weights near the type's largest.
            guard try firstNotFinite([(name, mean)]) == nil else {
                throw TrainingError("the mean of \(name) is not finite; leave out a file")
            }
            return (name, try mean.to(start.dtype))
        }
    }

    private static func check(_ next: SafetensorsFile, against first: SafetensorsFile) throws {
        guard Set(next.names) == Set(first.names) else {
            let odd = Set(next.names).symmetricDifference(first.names).sorted()
            throw TrainingError(
                "\(next.path) and \(first.path) hold different networks: only one has "
                    + odd.prefix(3).joined(separator: ", "))
        }
        for name in first.names {
            guard let here = first.info(name), let there = next.info(name) else { continue }
            guard here == there else {
                throw TrainingError(
                    "\(next.path): \(name) is \(there.dtype.rawValue) \(there.shape), in "
                        + "\(first.path) \(here.dtype.rawValue) \(here.shape)")
            }
        }
    }

    private static func finite(_ name: String, in file: SafetensorsFile) throws -> Tensor {
        let tensor = try file.tensor(name)
        guard try firstNotFinite([(name, tensor)]) == nil else {
            throw TrainingError("\(file.path): \(name) holds numbers that are not finite")
        }
        return tensor
    }
}

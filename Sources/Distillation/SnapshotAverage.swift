import Foundation
import Torch

/// The best snapshots of a training, by validation accuracy, and their mean.
///
/// Source: SuperGradients `ModelWeightAveraging`; recipe-spec section 4. A new snapshot takes the
/// place of the worst one kept, and only if it is strictly better.
public struct BestSnapshots: Codable, Equatable, Sendable {
    /// One snapshot of the averaged network.
    public struct Snapshot: Codable, Equatable, Sendable {
        /// The epoch after which it was taken.
        public let epoch: Int
        /// Its top-1 accuracy on the validation images, in percent.
        public let top1: Double
        /// The file's name within the checkpoints' folder.
        public let file: String
    }

    /// The snapshots kept, in slots; `nil` where none was taken yet.
    public private(set) var slots: [Snapshot?]

    /// Makes `keep` empty slots.
    public init(keep: Int) {
        precondition(keep >= 1)
        slots = Array(repeating: nil, count: keep)
    }

    /// The snapshots kept, in the order of their slots.
    public var kept: [Snapshot] { slots.compactMap { $0 } }

    /// The most accurate snapshot; the earliest of equals.
    public var best: Snapshot? {
        kept.min { ($0.top1, -$0.epoch) > ($1.top1, -$1.epoch) }
    }

    /// Offers a snapshot.
    ///
    /// - Returns: whether it was taken; its file has to be written then.
    public mutating func offer(_ snapshot: Snapshot) -> Bool {
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
public enum WeightAverage {
    /// Averages files with equal names, shapes and types, one at a time: `A ← (A · n + next) / (n + 1)`.
    ///
    /// Integer entries, which only count batches, are taken from the first file.
    ///
    /// - Returns: the entries in the order of the first file.
    /// - Throws: `TrainingError` if there is no file or the files differ in their entries;
    ///   `TorchError` if one cannot be read.
    public static func mean(of paths: [String]) throws -> [(String, Tensor)] {
        guard let first = paths.first else {
            throw TrainingError("no weights to average; name at least one safetensors file")
        }
        let start = try SafetensorsFile(path: first)
        var mean: [(name: String, tensor: Tensor)] = []
        for name in start.names { mean.append((name, try start.tensor(name))) }
        for (n, path) in paths.enumerated().dropFirst() {
            let next = try SafetensorsFile(path: path)
            guard Set(next.names) == Set(start.names) else {
                let odd = Set(next.names).symmetricDifference(start.names).sorted()
                throw TrainingError(
                    "\(path) and \(first) hold different networks: only one has "
                        + odd.prefix(3).joined(separator: ", "))
            }
            for index in mean.indices where mean[index].tensor.dtype == .float32 {
                let (name, tensor) = mean[index]
                let other = try next.tensor(name)
                guard other.shape == tensor.shape else {
                    throw TrainingError(
                        "\(path): \(name) is \(other.shape), in \(first) \(tensor.shape)")
                }
                mean[index].tensor = (tensor * Double(n) + other) / Double(n + 1)
            }
        }
        return mean.map { ($0.name, $0.tensor) }
    }
}

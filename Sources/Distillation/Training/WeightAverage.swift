import Torch

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
        try mean(of: paths.map { try SafetensorsFile(path: $0) as any WeightsArchive })
    }

    /// Averages files that are open already.
    package static func mean(
        of files: [any WeightsArchive]
    ) throws -> [(name: String, tensor: Tensor)] {
        guard let first = files.first else {
            throw TrainingError("no weights to average; name at least one file")
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

    private static func check(
        _ next: any WeightsArchive, against first: any WeightsArchive
    ) throws {
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

    private static func finite(_ name: String, in file: any WeightsArchive) throws -> Tensor {
        let tensor = try file.tensor(name)
        guard try firstNotFinite([(name, tensor)]) == nil else {
            throw TrainingError("\(file.path): \(name) holds numbers that are not finite")
        }
        return tensor
    }
}

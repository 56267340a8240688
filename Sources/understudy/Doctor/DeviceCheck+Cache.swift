import Base
import Distillation
import Foundation
import Loading
import Models
import Recipes
import ResponseCache
import Torch

extension DeviceCheck {
    /// A cache of 16 responses of a shallow BEiT, in both precisions, as `cache build` makes it.
    func compareCaches(
        on device: Device, with made: SyntheticExperiment
    ) throws -> [DeviceComparison] {
        let images = "\(made.path)/images"
        try SyntheticImages.write(count: 16, to: images)
        let shallow = BEiTConfiguration(
            imageSize: 224, patch: 16, width: 768, depth: 2, heads: 12, mlpRatio: 4,
            layerScale: 0.1)
        _ = try made.writeTeacher(
            Architecture(shallow), size: shallow.imageSize, classes: SyntheticImages.classes)
        func rows(_ place: Device, _ precision: Recipe.Precision) throws -> [Float] {
            let directory = "\(made.path)/\(place == .cpu ? "here" : "there")-\(precision.rawValue)"
            let recipe = try made.recipe(
                data: images, settings: ["teacher.precision=\(precision.rawValue)"])
            let teacher = try recipe.teacher(named: nil)
            let build = try CacheBuild(
                recipe: recipe, teacher: teacher, directory: directory, device: place,
                loading: LoadingOptions(workers: 2, pinned: place != .cpu))
            _ = try build.run(progress: NoProgress())
            let reader = try CacheReader(directory: directory)
            let slots = 0..<reader.manifest.slotsPerEpoch
            var rows = [Float](repeating: 0, count: slots.count * reader.manifest.classes)
            try rows.withUnsafeMutableBufferPointer { buffer throws(CacheError) in
                try reader.read(epoch: 0, slots: slots, into: buffer)
            }
            return rows
        }
        let expected = try rows(.cpu, .fp32)
        return [
            // Rows are stored as 16-bit fractions; a rounding that falls otherwise is 10^-3 of one.
            .largest(
                "fp32 responses", try rows(device, .fp32), to: expected, tolerance: 1e-3),
            DeviceComparison(
                what: "bf16 responses, mean divergence in nats",
                difference: Self.meanDivergence(
                    of: try rows(device, .bf16), from: expected, classes: SyntheticImages.classes),
                tolerance: 5e-3),
        ]
    }

    /// The mean over rows of KL(reference ‖ rows).
    private static func meanDivergence(
        of rows: [Float], from reference: [Float], classes: Int
    ) -> Double {
        var sum = 0.0
        for (p, q) in zip(reference, rows) {
            let (p, q) = (Double(p), Double(q))
            sum += p > 0 ? p * log(p / q) : q.isNaN ? .nan : 0
        }
        return sum / Double(reference.count / classes)
    }
}

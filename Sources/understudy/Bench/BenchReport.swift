import Base
import Foundation
import Recipes
import Torch

/// What was measured.
struct BenchReport: Encodable {
    let what: String
    let device: String
    let precision: Recipe.Precision
    /// Images in each round.
    let images: Int
    /// The seconds of each round.
    let seconds: [Double]
    /// The most bytes that tensors took at once; `nil` on the CPU.
    let peakMemory: Int?
    let threads: Int

    init(
        _ what: String, on device: Device, precision: Recipe.Precision, images: Int,
        seconds: [Double]
    ) {
        self.what = what
        self.device = device.description
        self.precision = precision
        self.images = images
        self.seconds = seconds
        // What it took is no reason to lose what was measured.
        peakMemory = try? device.peakMemory()
        threads = Threads.count
    }

    private enum CodingKeys: String, CodingKey {
        case what, device, precision, images, seconds, threads
        case imagesPerSecond = "images_per_second"
        case peakMemory = "peak_memory"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(what, forKey: .what)
        try container.encode(device, forKey: .device)
        try container.encode(precision.rawValue, forKey: .precision)
        try container.encode(images, forKey: .images)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(imagesPerSecond, forKey: .imagesPerSecond)
        try container.encode(peakMemory, forKey: .peakMemory)
        try container.encode(threads, forKey: .threads)
    }

    /// Of the median round.
    var imagesPerSecond: Double {
        let sorted = seconds.sorted()
        let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        return Double(images) / max(median, 1e-9)
    }

    var text: String {
        var line = String(
            format: "%@, %@, %@: %.1f images/s (median of %ld rounds of %ld images", what,
            precision.rawValue, device, imagesPerSecond, seconds.count, images)
        if let peakMemory { line += ", \(peakMemory.byteText) at most" }
        return line + ")"
    }
}

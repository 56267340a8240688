import Foundation
import Graphs
import Models
import Testing
import Torch

/// Small networks with weights that leave no operation without an effect.
enum Networks {
    /// Each with the side of its images.
    static let all = ["resnet18", "resnet50", "beit"]

    static func make(_ name: String, classes: Int = 5) throws -> (any ImageClassifier, size: Int) {
        if name == "beit" {
            // Not square in tokens and heads, so that no two dimensions can be taken for each other.
            let beit = BEiTConfiguration(
                imageSize: 20, patch: 4, width: 24, depth: 2, heads: 3, mlpRatio: 2,
                layerScale: 0.7)
            return (try filled(Architecture(beit), classes), 20)
        }
        let published = try #require(PublishedNetwork.named(name))
        return (try filled(published.architecture, classes), 45)
    }

    /// Weights as they are drawn, and every vector and table away from what would hide it.
    private static func filled(
        _ architecture: Architecture, _ classes: Int
    ) throws -> any ImageClassifier {
        let network = try architecture.makeNetwork(classes: classes, seed: 3)
        let generator = try RandomGenerator(seed: 7)
        try withoutGrad {
            for entry in network.store.entries where entry.tensor.dtype == .float32 {
                let isVariance = entry.name.hasSuffix("running_var")
                let isTable = entry.name.hasSuffix("relative_position_bias_table")
                guard entry.tensor.rank == 1 || isTable else { continue }
                try entry.tensor.uniform(
                    from: isVariance || entry.name.hasSuffix("weight") ? 0.5 : -0.5, to: 1,
                    generator: generator)
            }
            // timm draws the head so small that every answer would be the same.
            if let head = network.store["head.weight"] { try head.multiply(by: 1000) }
        }
        return network
    }

    static func images(_ size: Int, count: Int = 2) throws -> Tensor {
        let images = try Tensor.empty([count, 3, size, size])
        try images.normal(std: 1, generator: RandomGenerator(seed: 11))
        return images
    }

    static func answers(_ network: any InferenceModel, _ images: Tensor) throws -> [Float] {
        try withoutGrad { try network.logits(images, mode: .evaluation).floats() }
    }
}

/// The largest absolute difference of two lists, over the largest value of the first; infinite if
/// they differ in length.
func relativeDifference(_ left: [Float], _ right: [Float]) -> Float {
    guard left.count == right.count, let scale = left.map(abs).max() else { return .infinity }
    return (zip(left, right).map { abs($0 - $1) }.max() ?? 0) / scale
}

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("GraphsTests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }
}

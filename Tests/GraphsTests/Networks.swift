import Foundation
import Graphs
import Models
import Testing
import Torch

/// Small networks with weights that leave no operation without an effect.
///
/// Where there are tokens, not square in tokens and heads, so that no two dimensions can be taken for
/// each other. Images of 45 pixels have an odd side at most strides.
struct Network: CustomTestStringConvertible, Sendable {
    let name: String
    let architecture: Architecture
    /// The side of its images.
    let size: Int

    var testDescription: String { name }

    init(_ name: String, _ family: some NetworkFamily, size: Int = 45) {
        (self.name, architecture, self.size) = (name, Architecture(family), size)
    }
}

enum Networks {
    /// Every family, and every key that changes what it computes.
    static let all = [
        Network("resnet18", ResNetConfiguration(depth: .layers18)),
        Network("resnet50", ResNetConfiguration(depth: .layers50)),
        Network(
            "resnext",
            ResNetConfiguration(depth: .blocks([1, 2, 1, 1]), groups: 4, groupWidth: 8)),
        Network("wide-resnet", ResNetConfiguration(depth: .blocks([1, 1, 1, 1]), groupWidth: 96)),
        Network(
            "resnet-d",
            ResNetConfiguration(
                depth: .blocks([1, 2, 1, 1]), stem: .deep, downsample: .averagePool)),
        Network("beit", beit(.blocks), size: 20), Network("beit-shared", beit(.shared), size: 20),
        Network("vit", vit(), size: 20),
        Network("vit-mean", vit { ($0.pool, $0.qkvBias) = (.mean, false) }, size: 20),
        Network("vit-normed-mean", vit { ($0.pool, $0.preNorm) = (.normedMean, true) }, size: 20),
        Network("deit-distilled", vit { $0.distilled = true }, size: 20),
        Network("deit3", vit { ($0.layerScale, $0.tokenPositions) = (0.7, false) }, size: 20),
        Network(
            "deit3-distilled", vit { ($0.distilled, $0.tokenPositions) = (true, false) }, size: 20),
        Network("efficientnet-lite", EfficientNetLiteConfiguration(width: 0.35, depth: 0.5)),
        Network("mobilenet-small", MobileNetV3Configuration(size: .small, width: 0.4)),
        Network("mobilenet-large", MobileNetV3Configuration(size: .large, width: 0.3)),
        Network(
            "convnext", ConvNeXtConfiguration(depths: [1, 2, 1, 1], widths: [8, 16, 24, 32])),
    ]

    /// Those with batch normalizations.
    static let normalized = all.filter { network in
        ["resnet", "efficientnet_lite", "mobilenet_v3"].contains(network.architecture.kind)
    }

    private static func beit(_ positionBias: BEiTConfiguration.PositionBias) -> BEiTConfiguration {
        BEiTConfiguration(
            imageSize: 20, patch: 4, width: 24, depth: 2, heads: 3, mlpRatio: 2, layerScale: 0.7,
            positionBias: positionBias)
    }

    private static func vit(
        _ change: (inout ViTConfiguration) -> Void = { _ in }
    ) -> ViTConfiguration {
        var vit = ViTConfiguration(
            imageSize: 20, patch: 4, width: 24, depth: 2, heads: 3, mlpRatio: 2)
        change(&vit)
        return vit
    }

    /// A network of the list with the side of its images.
    static func make(
        _ name: String, classes: Int = 5
    ) throws -> (any ImageClassifier, size: Int) {
        try make(#require(all.first { $0.name == name }), classes: classes)
    }

    static func make(
        _ network: Network, classes: Int = 5
    ) throws -> (any ImageClassifier, size: Int) {
        (try filled(network.architecture, classes), network.size)
    }

    /// Vectors and tables away from what would hide them, matrices large enough that the images are
    /// not lost among biases.
    private static func filled(
        _ architecture: Architecture, _ classes: Int
    ) throws -> any ImageClassifier {
        let network = try architecture.makeNetwork(classes: classes, seed: 3)
        let generator = try RandomGenerator(seed: 7)
        let tables = [
            "relative_position_bias_table", "pos_embed", "cls_token", "dist_token",
        ]
        try withoutGrad {
            for entry in network.store.entries where entry.tensor.dtype == .float32 {
                let shape = entry.tensor.shape
                if shape.count == 1 || tables.contains(where: entry.name.hasSuffix) {
                    let isPositive = ["running_var", "weight"].contains(where: entry.name.hasSuffix)
                    try entry.tensor.uniform(
                        from: isPositive ? 0.5 : -0.5, to: 1, generator: generator)
                } else {
                    let inputs = Double(shape.dropFirst().reduce(1, *))
                    try entry.tensor.normal(std: 1.5 / inputs.squareRoot(), generator: generator)
                }
            }
        }
        return network
    }

    static func images(_ size: Int, count: Int = 2) throws -> Tensor {
        let images = try Tensor.empty([count, 3, size, size])
        try images.normal(std: 1, generator: RandomGenerator(seed: 11))
        return images
    }

    static func answers(_ network: any InferenceModel, _ images: Tensor) throws -> [Float] {
        try withoutGrad { try network.logits(images).floats() }
    }
}

/// The largest absolute difference of two lists, over the largest value of the first; infinite if
/// they differ in length, or if one holds what is no finite number, which a maximum would drop.
func relativeDifference(_ left: [Float], _ right: [Float]) -> Float {
    guard left.count == right.count, left.allSatisfy(\.isFinite), right.allSatisfy(\.isFinite),
        let scale = left.map(abs).max()
    else { return .infinity }
    return (zip(left, right).map { abs($0 - $1) }.max() ?? 0) / scale
}

/// The norm of the difference of two lists, over that of the first; infinite as `relativeDifference`.
func relativeNoise(_ left: [Float], _ right: [Float]) -> Double {
    guard relativeDifference(left, right).isFinite else { return .infinity }
    func norm(_ values: [Float]) -> Double {
        values.map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
    }
    return norm(zip(left, right).map { $1 - $0 }) / norm(left)
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

import Foundation
import Testing
import Torch

@testable import Models

/// The fixtures that Tests/Fixtures/models/make_fixtures.py wrote.
enum Fixtures {
    /// A file by its path below Tests/Fixtures.
    static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/\(name)").path
    }

    /// A file of Tests/Fixtures/models.
    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path("models/\(name)")))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: data(name))
    }

    /// The i-th number of the closed formula for a name; stated in the generator.
    static func u(_ name: String, _ index: Int) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var z = hash &+ UInt64(index + 1) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        z ^= z >> 31
        return Double(z >> 11) * 0x1p-53 * 2 - 1
    }

    /// The tensor that the generator fills for a name and a shape.
    ///
    /// - Parameter gain: of the weights of norms.
    static func tensor(_ name: String, _ shape: [Int], gain: Double = 1) throws -> Tensor {
        let count = shape.reduce(1, *)
        if name.hasSuffix("num_batches_tracked") { return try Tensor([Int64(3)], shape: []) }
        let scale: (Double) -> Double =
            switch name {
            case "input": { 1.5 * $0 }
            case _ where name.hasSuffix("running_mean"): { 0.1 * $0 }
            case _ where name.hasSuffix("running_var"): { 0.5 + 0.5 * abs($0) }
            case _ where ["gamma_1", "gamma_2", "layer_scale"].contains(where: name.hasSuffix):
                { 0.5 + 0.2 * $0 }
            case _ where name.hasSuffix("relative_position_bias_table"): { $0 }
            case _ where name.hasSuffix("cls_token"): { $0 }
            case _ where name.hasSuffix("q_bias") || name.hasSuffix("v_bias"): { 0.5 * $0 }
            case _ where name.hasSuffix("bias"): { 0.1 * $0 }
            case _ where shape.count == 1: { gain * (0.6 + 0.2 * $0) }
            default: { $0 * (6 / Double(count / shape[0])).squareRoot() }
            }
        return try Tensor((0..<count).map { Float(scale(u(name, $0))) }, shape: shape)
    }

    /// Fills a network by the formula.
    static func fill(_ network: any ImageClassifier, gain: Double = 1) throws {
        var tensors: [String: Tensor] = [:]
        for entry in network.store.entries {
            tensors[entry.name] = try tensor(entry.name, entry.tensor.shape, gain: gain)
        }
        try network.store.load(tensors: tensors)
    }
}

extension ImageClassifier {
    /// The tensors of a file of this network in a layout.
    func tensors(in layout: WeightLayout) throws -> [String: Tensor] {
        Dictionary(
            uniqueKeysWithValues: try layout.tensors(of: store).map { ($0.name, $0.tensor) })
    }

    /// The logits of the batch that the generators call "input", without gradients.
    func evaluated(_ input: [Int]) throws -> [Float] {
        try withoutGrad {
            try logits(Fixtures.tensor("input", input), mode: .evaluation).floats()
        }
    }
}

extension Architecture {
    static let microBEiT = Architecture(
        BEiTConfiguration(
            imageSize: 32, patch: 4, width: 64, depth: 4, heads: 4, mlpRatio: 4, layerScale: 1))

    static func resnet(_ depth: ResNetConfiguration.Depth) -> Architecture {
        Architecture(ResNetConfiguration(depth: depth))
    }
}

struct Reference: Decodable {
    struct Formula: Decodable {
        let u: [String: [Double]]
    }

    struct ResNetCase: Decodable {
        let name: String
        let classes: Int
        let input: [Int]
        let logits: [[Double]]
    }

    struct BEiTCase: Decodable {
        struct Architecture: Decodable {
            let imageSize: Int
            let patch: Int
            let width: Int
            let depth: Int
            let heads: Int
            let mlpRatio: Double
            let layerScale: Double
        }

        let name: String
        let architecture: Architecture
        let classes: Int
        let input: [Int]
        let logits: [[Double]]

        func network() throws -> any ImageClassifier {
            let a = architecture
            return try Models.Architecture(
                BEiTConfiguration(
                    imageSize: a.imageSize, patch: a.patch, width: a.width, depth: a.depth,
                    heads: a.heads, mlpRatio: a.mlpRatio, layerScale: a.layerScale)
            ).makeNetwork(classes: classes)
        }
    }

    struct Gradients: Decodable {
        struct Gradient: Decodable {
            let norm: Double
            let first: [Double]
        }

        struct Running: Decodable {
            let meanSum: Double
            let varSum: Double
            let batches: Int
        }

        /// Those of the case of the same name where there is one.
        let classes: Int?
        let input: [Int]
        let loss: Double
        let gradients: [String: Gradient]
        let running: [String: Running]
        /// PyTorch's own deviation in float32, of the norms.
        let normFloat32RelativeError: Double
    }

    struct Index: Decodable {
        let window2: [[Int]]
        let window3: [[Int]]
        let window14: [[Int]]
        let window14Sum: Int
    }

    let formula: Formula
    let resnets: [ResNetCase]
    let beits: [BEiTCase]
    let gradients: [String: Gradients]
    let relativePositionIndex: Index

    static func load() throws -> Reference {
        try decode(Reference.self, "reference.json")
    }

    /// Reads a fixture whose own keys are in snake case.
    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            let key = path[path.count - 1]
            let text = key.stringValue
            // Names of parameters stay as they are.
            let parent = path.dropLast().last?.stringValue
            guard text.contains("_"), parent != "gradients", parent != "running" else {
                return key
            }
            let parts = text.split(separator: "_")
            let camel =
                parts[0]
                + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
                .joined()
            return AnyKey(stringValue: String(camel))
        }
        return try decoder.decode(type, from: Fixtures.data(name))
    }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
}

extension Reference.Gradients {
    /// Compares the gradients of mean(logits²) in training mode, and the statistics afterwards.
    func check(_ network: any ImageClassifier, gain: Double = 1) throws {
        try Fixtures.fill(network, gain: gain)
        let logits = try network.logits(
            Fixtures.tensor("input", input),
            mode: .training(updatesStatistics: true, dropPath: nil))
        let found = try logits.square().mean()
        try found.backward()
        #expect(abs(try found.item() - loss) < 1e-5 * loss)
        let tensors = network.store.tensors
        let tolerance = max(1e-4, 4 * normFloat32RelativeError)
        for (name, gradient) in gradients {
            let values = try #require(try tensors[name]?.grad).floats().map(Double.init)
            let norm = values.map { $0 * $0 }.reduce(0, +).squareRoot()
            #expect(abs(norm - gradient.norm) < tolerance * gradient.norm, "\(name)")
            // Single elements carry the rounding of the largest ones.
            for (ours, theirs) in zip(values, gradient.first) {
                #expect(abs(ours - theirs) < tolerance * gradient.norm, "\(name)")
            }
        }
        for (name, running) in running {
            let mean = try #require(tensors["\(name).running_mean"]).sum().item()
            let variance = try #require(tensors["\(name).running_var"]).sum().item()
            #expect(abs(mean - running.meanSum) < 1e-3, "\(name)")
            #expect(abs(variance - running.varSum) < 1e-3, "\(name)")
            let batches = try #require(tensors["\(name).num_batches_tracked"]).int64s()
            #expect(batches == [Int64(running.batches)])
        }
    }
}

/// The largest absolute difference between two lists; infinite if they differ in length, or if one
/// holds what is no finite number, which a maximum would drop.
func largestDifference(_ left: [Float], _ right: [Double]) -> Double {
    guard left.count == right.count, left.allSatisfy(\.isFinite), right.allSatisfy(\.isFinite)
    else { return .infinity }
    return zip(left, right).map { abs(Double($0) - $1) }.max() ?? 0
}

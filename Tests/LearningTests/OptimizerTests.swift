import Foundation
import Models
import Testing
import Torch

@testable import Learning

/// The fixtures that Tests/Fixtures/learning/make_optim_fixtures.py wrote.
func fixture<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/learning")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
}

private struct OptimizerCase: Decodable {
    struct Options: Decodable {
        let weightDecay: Double
        let maxGradNorm: Double?
        let betas: [Double]?
        let eps: Double?
        let momentum: Double?
        let nesterov: Bool?
    }

    struct Group: Decodable {
        let name: String
        let shape: [Int]
        let decay: Bool
        let initial: [Double]
    }

    struct Step: Decodable {
        let lr: Double
        let gradients: [String: [Double]]
        let values: [String: [Double]]
    }

    let optimizer: String
    let options: Options
    let groups: [Group]
    let steps: [Step]

    func parameters() throws -> (OptimizedParameters, [String: Tensor]) {
        let store = try ParameterStore(seed: 0)
        var tensors: [String: Tensor] = [:]
        for group in groups {
            let tensor = try store.parameter(
                "" / group.name, shape: group.shape, initializer: .zeros)
            try withoutGrad {
                try tensor.copy(from: Tensor(group.initial.map(Float.init), shape: group.shape))
            }
            tensors[group.name] = tensor
        }
        let decayed = Set(groups.filter(\.decay).map(\.name))
        let entries = store.parameters
        return (
            OptimizedParameters(
                entries.filter { decayed.contains($0.name) },
                plain: entries.filter { !decayed.contains($0.name) }), tensors
        )
    }

    func make(_ parameters: OptimizedParameters) throws -> Optimizer {
        let betas = Betas(options.betas?.first ?? 0, options.betas?.last ?? 0)
        let rule: any UpdateRule =
            switch optimizer {
            case "lamb": LAMB(betas: betas, epsilon: options.eps ?? 0)
            case "adamw": AdamW(betas: betas, epsilon: options.eps ?? 0)
            default: SGD(momentum: options.momentum ?? 0, nesterov: options.nesterov ?? false)
            }
        return try Optimizer(
            .init(rule, weightDecay: options.weightDecay, maxGradNorm: options.maxGradNorm),
            of: parameters)
    }
}

@Suite("Optimizers") struct OptimizerTests {
    @Test("every step agrees with timm's and PyTorch's to 1e-6") func reference() throws {
        let cases = try fixture([String: OptimizerCase].self, "optimizers.json")
        #expect(Set(cases.values.map(\.optimizer)).isSuperset(of: ["lamb", "adamw", "sgd"]))
        for (name, expected) in cases {
            let (parameters, tensors) = try expected.parameters()
            let optimizer = try expected.make(parameters)
            for (index, step) in expected.steps.enumerated() {
                for (key, gradient) in step.gradients {
                    let tensor = try #require(tensors[key])
                    try tensor.setGrad(
                        Tensor(gradient.map(Float.init), shape: tensor.shape))
                }
                _ = try optimizer.step(rate: step.lr)
                for (key, values) in step.values {
                    let ours = try #require(tensors[key]).floats()
                    let difference = zip(ours, values).map { abs(Double($0) - $1) }.max() ?? 1
                    #expect(difference < 1e-6, "\(name), step \(index), \(key)")
                }
            }
        }
    }

    // recipe-spec section 1; float32 weights near 2 have steps of 2.4e-7.
    @Test("LAMB's golden steps") func golden() throws {
        let store = try ParameterStore(seed: 0)
        func make(_ name: String, _ values: [Float]) throws -> Tensor {
            let tensor = try store.parameter(
                "" / name, shape: [values.count], initializer: .zeros)
            try withoutGrad { try tensor.copy(from: Tensor(values, shape: [values.count])) }
            return tensor
        }
        let w = try make("w", [1, -2, 3, 0.5])
        let b = try make("b", [0.1, -0.2])
        let z = try make("z", [0, 0])
        let entries = store.parameters
        let optimizer = try Optimizer(
            .init(LAMB(), weightDecay: 0.02, maxGradNorm: 1),
            of: OptimizedParameters([entries[0], entries[2]], plain: [entries[1]]))
        let gradients: [([Float], [Float], [Float])] = [
            ([0.5, -0.25, 1, 2], [0.3, -0.1], [0.2, 0.4]),
            ([0.01, 0.02, -0.03, 0.04], [0.05, 0], [0, -0.1]),
            ([-0.5, 0.25, 0.1, -0.2], [0.3, 0.1], [0, 0.1]),
        ]
        let expected: [([Double], [Double], [Double])] = [
            (
                [0.990678549, -1.9904958, 2.99031305, 0.490769923],
                [0.0950000435, -0.195000127], [-0.00499994028, -0.00499996962]
            ),
            (
                [0.980544269, -1.98266792, 2.98086381, 0.480775446],
                [0.0905170962, -0.191649944], [-0.00503385905, -0.00500994362]
            ),
            (
                [0.98766315, -1.99042141, 2.96751213, 0.472954422],
                [0.0861771181, -0.193586752], [-0.00506128604, -0.00503249932]
            ),
        ]
        for (gradient, value) in zip(gradients, expected) {
            try w.setGrad(Tensor(gradient.0, shape: [4]))
            try b.setGrad(Tensor(gradient.1, shape: [2]))
            try z.setGrad(Tensor(gradient.2, shape: [2]))
            _ = try optimizer.step(rate: 5e-3)
            for (tensor, numbers) in [(w, value.0), (b, value.1), (z, value.2)] {
                for (ours, theirs) in zip(try tensor.floats(), numbers) {
                    #expect(abs(Double(ours) - theirs) < 3e-7)
                }
            }
        }
    }

    @Test("a parameter without a gradient is named") func missingGradient() throws {
        let store = try ParameterStore(seed: 0)
        _ = try store.parameter("layer" / "weight", shape: [2, 3], initializer: .zeros)
        let optimizer = try Optimizer(
            .init(AdamW()), of: OptimizedParameters(store.parameters, plain: []))
        let error = #expect(throws: TorchError.self) { try optimizer.step(rate: 1) }
        #expect(error?.message == "parameter layer.weight has no gradient")
    }

    @Test(
        "the head moves by its own rate, the rest as without one",
        arguments: UpdateRules.kinds.map { $0.name })
    func head(rule: String) throws {
        /// Two parameters after two steps, the gradients of which are clipped together.
        func moved(headLR: Double, rate: Double) throws -> [String: [Float]] {
            let network = try Architecture(ResNetConfiguration(depth: .layers18))
                .makeNetwork(classes: 2, seed: 3)
            let kind = try #require(UpdateRules.kinds.first { $0.name == rule })
            var settings = Optimizer.Settings(kind.initial, weightDecay: 0.02, maxGradNorm: 1)
            settings.headLR = headLR
            let optimizer = try Optimizer(
                settings, of: OptimizedParameters(of: network), head: network.head)
            for step in 0..<2 {
                for (index, entry) in network.store.parameters.enumerated() {
                    try entry.tensor.setGrad(
                        Tensor.full(entry.tensor.shape, 0.01 * Double(index % 7 - 3 + step)))
                }
                _ = try optimizer.step(rate: rate)
            }
            #expect(optimizer.state.count % network.store.parameters.count == 0)
            return try Dictionary(
                uniqueKeysWithValues: ["conv1.weight", "fc.weight", "fc.bias"].map {
                    ($0, try #require(network.store[$0]).floats())
                })
        }
        let (plain, fast, own) = (
            try moved(headLR: 1, rate: 0.01), try moved(headLR: 1, rate: 0.05),
            try moved(headLR: 5, rate: 0.01)
        )
        func distance(_ left: [Float]?, _ right: [Float]?) throws -> Float {
            zip(try #require(left), try #require(right)).map { abs($0 - $1) }.max() ?? .infinity
        }
        #expect(try distance(own["conv1.weight"], plain["conv1.weight"]) < 1e-7)
        for name in ["fc.weight", "fc.bias"] {
            let apart = try distance(own[name], plain[name])
            #expect(apart > 0)
            #expect(try distance(own[name], fast[name]) < 1e-3 * apart)
        }
    }

    @Test("ResNet-50 has 54 decayed and 107 undecayed tensors") func groups() throws {
        let network = try Architecture(ResNetConfiguration(depth: .layers50))
            .makeNetwork(classes: 10)
        let parameters = OptimizedParameters(of: network)
        #expect(parameters.decayed.count == 54)
        #expect(parameters.tensors.count - parameters.decayed.count == 107)
    }
}

import Foundation
import Testing
import Torch

@testable import Models

@Suite("Initialization") struct InitializationTests {
    private func network(
        _ initialization: Initialization, seed: UInt64 = 1
    ) throws -> [String: [Float]] {
        let network = try Architecture.resnet(.layers50).makeNetwork(
            classes: 10, seed: seed, initialization: initialization)
        var values: [String: [Float]] = [:]
        for name in ["conv1.weight", "layer2.0.bn3.weight", "layer2.0.bn2.weight", "fc.weight"] {
            values[name] = try network.store.entries.first { $0.name == name }?.tensor.floats()
        }
        return values
    }

    @Test("PyTorch's convolutions are uniform in 1/sqrt(fan_in)") func pytorch() throws {
        let values = try network(.pytorch)
        let conv = try #require(values["conv1.weight"])
        let bound = Float(1 / 147.0.squareRoot())
        let largest = try #require(conv.map(abs).max())
        #expect(largest <= bound)
        #expect(largest > 0.99 * bound)
        // The variance of a uniform distribution is bound² / 3; 9,408 draws give 2 % of error.
        let variance = conv.map { $0 * $0 }.reduce(0, +) / Float(conv.count)
        #expect(abs(variance / (bound * bound / 3) - 1) < 0.05)
        #expect(values["layer2.0.bn3.weight"]?.allSatisfy { $0 == 1 } == true)
        let head = try #require(values["fc.weight"]?.map(abs).max())
        #expect(head <= Float(1 / 2048.0.squareRoot()))
    }

    @Test("torchvision's convolutions are normal in fan_out") func torchvision() throws {
        let conv = try #require(try network(.torchvision)["conv1.weight"])
        let variance = conv.map { $0 * $0 }.reduce(0, +) / Float(conv.count)
        #expect(abs(variance / (2 / (64 * 49)) - 1) < 0.05)
        #expect(try #require(conv.map(abs).max()) > 2.5 * variance.squareRoot())
    }

    @Test("timm's last BN of a block starts at zero, the others at one") func timm() throws {
        let values = try network(.timm)
        #expect(values["layer2.0.bn3.weight"]?.allSatisfy { $0 == 0 } == true)
        #expect(values["layer2.0.bn2.weight"]?.allSatisfy { $0 == 1 } == true)
    }

    @Test("weights are a function of the seed") func seeded() throws {
        #expect(try network(.pytorch) == network(.pytorch))
        #expect(
            try network(.pytorch, seed: 1)["conv1.weight"]
                != network(.pytorch, seed: 2)["conv1.weight"])
    }

    @Test("BEiT's blocks are drawn smaller with depth, its head near zero") func beit() throws {
        let network = try Architecture.microBEiT.makeNetwork(classes: 10)
        func deviation(_ name: String) throws -> Double {
            let entry = try #require(network.store.entries.first { $0.name == name })
            let values = try entry.tensor.floats().map(Double.init)
            return (values.map { $0 * $0 }.reduce(0, +) / Double(values.count)).squareRoot()
        }
        #expect(abs(try deviation("blocks.0.attn.qkv.weight") / 0.02 - 1) < 0.05)
        #expect(
            abs(try deviation("blocks.3.mlp.fc2.weight") / (0.02 / 8.0.squareRoot()) - 1) < 0.05)
        #expect(try deviation("head.weight") < 3e-5)
        #expect(try deviation("blocks.3.gamma_1") == 1)
        #expect(network.undecayed.contains("blocks.0.attn.relative_position_bias_table"))
    }

    @Test("a BEiT is drawn as timm draws it, or not at all") func beitRules() throws {
        func values(_ rule: Initialization?) throws -> [[Float]] {
            try Architecture.microBEiT.makeNetwork(classes: 10, seed: 3, initialization: rule)
                .store.entries.map { try $0.tensor.floats() }
        }
        #expect(try values(.timm) == values(nil))
        for rule: Initialization in [.pytorch, .torchvision] {
            let error = #expect(throws: TorchError.self) { try values(rule) }
            #expect(
                error?.message
                    == "model.init \(rule.rawValue) does not exist for a BEiT; known: timm")
        }
    }
}

@Suite("Forward passes") struct ForwardTests {
    // At a variance of 1e-6 the output tells 1e-6 (0.7071) from 1e-5 (0.3015) and 1e-12 (1).
    @Test("BEiT's layer norm has epsilon 1e-6") func epsilon() throws {
        let store = try ParameterStore(seed: 0)
        let network = try BEiT(
            .init(
                imageSize: 8, patch: 4, width: 2, depth: 1, heads: 1, mlpRatio: 1, layerScale: 1),
            classes: 2, store: store)
        let output = try network.norm(
            Tensor([0.001, -0.001, 0.002, 0] as [Float], shape: [2, 2])
        ).floats()
        for (value, sign) in zip(output, [1.0, -1, 1, -1]) {
            #expect(abs(Double(value) - sign * 0.5.squareRoot()) < 1e-4)
        }
    }

    @Test("a BEiT names the image size it wants") func wrongSize() throws {
        let network = try Architecture.microBEiT.makeNetwork(classes: 10)
        #expect(network.imageSize == 32)
        #expect(try Architecture.resnet(.layers18).makeNetwork(classes: 2).imageSize == nil)
        let error = #expect(throws: TorchError.self) {
            try network.logits(.zeros([2, 3, 33, 32]), mode: .evaluation)
        }
        #expect(error?.message == "expected images [N, 3, 32, 32], found [2, 3, 33, 32]")
    }

    @Test("dimensions that make no network are refused before anything is allocated")
    func dimensions() throws {
        let error = #expect(throws: TorchError.self) {
            try Architecture(
                BEiTConfiguration(
                    imageSize: 32, patch: 4, width: 64, depth: 4, heads: 4, mlpRatio: 1e300,
                    layerScale: 1)
            ).makeNetwork(classes: 10)
        }
        // 4 blocks of two matrices of 64 x 64e300.
        #expect(
            error?.message.hasPrefix("the network would have 3.30") == true
                && error?.message.hasSuffix("e+304 parameters; at most 5000000000 are made") == true
        )
    }

    @Test("statistics move only when asked") func statistics() throws {
        let network = try Architecture.resnet(.layers18).makeNetwork(classes: 3)
        let input = try Fixtures.tensor("input", [2, 3, 33, 35])
        let mean = try #require(
            network.store.entries.first { $0.name == "bn1.running_mean" }?.tensor)
        _ = try network.logits(
            input, mode: .training(updatesStatistics: false, dropPath: nil))
        #expect(try mean.floats().allSatisfy { $0 == 0 })
        _ = try network.logits(input, mode: .training(updatesStatistics: true, dropPath: nil))
        #expect(try mean.floats().contains { $0 != 0 })
    }

    @Test("frozen stages take no gradient and keep their statistics; the others do as ever")
    func frozen() throws {
        let cases: [(Architecture, [Int], stages: Int, (String) -> Bool)] = [
            (
                .resnet(.layers18), [4, 3, 33, 35], 2,
                { ["conv1.", "bn1.", "layer1."].contains(where: $0.hasPrefix) }
            ),
            (
                .microBEiT, [4, 3, 32, 32], 3,
                {
                    ["cls_token", "patch_embed.", "blocks.0.", "blocks.1."]
                        .contains(where: $0.hasPrefix)
                }
            ),
        ]
        for (architecture, shape, stages, isFrozen) in cases {
            let network = try architecture.makeNetwork(classes: 3)
            try network.freeze(stages: stages)
            let logits = try network.logits(
                Fixtures.tensor("input", shape),
                mode: .training(updatesStatistics: true, dropPath: nil, frozenStages: stages))
            try logits.square().sum().backward()
            for entry in network.store.parameters {
                #expect(try (entry.tensor.grad == nil) == isFrozen(entry.name), "\(entry.name)")
            }
            for entry in network.store.buffers where entry.name.hasSuffix("running_mean") {
                let isStill = try entry.tensor.floats().allSatisfy { $0 == 0 }
                #expect(isStill == isFrozen(entry.name), "\(entry.name)")
            }
            let all = architecture.stages.count
            #expect(throws: TorchError.self) { try network.freeze(stages: all + 1) }
        }
    }

    /// What comes after the last stage, by what names begin with.
    private static let tops = [
        "beit": ["fc_norm.", "head."],
        "vit": ["norm.", "fc_norm.", "head.", "head_dist."],
        "resnet": ["fc."],
        "efficientnet_lite": ["conv_head.", "bn2.", "classifier."],
        "convnext": ["head."],
    ]

    /// One case for each of the small networks, whatever its weights are called.
    private static let networks = (FamilyTests.expected?.cases ?? []).reduce(
        into: [FamilyTests.Case]()
    ) { networks, new in
        let isKnown = networks.contains {
            $0.kind == new.kind && $0.architecture == new.architecture
        }
        if !isKnown { networks.append(new) }
    }

    @Test(
        "every parameter is of one stage or of what comes after them, and learns if it is not frozen",
        arguments: networks)
    func stages(_ expected: FamilyTests.Case) throws {
        let architecture = try expected.read()
        let stages = architecture.stages
        // A MobileNetV3 counts its convolution of the top with the stages.
        let top = Self.tops[expected.kind] ?? ["features.\(stages.count).", "classifier."]
        func stage(_ name: String) -> Int? {
            stages.firstIndex { $0.contains(where: name.hasPrefix) }
        }
        let input = try Fixtures.tensor("input", try #require(expected.results.first).input)
        for frozen in [0, 1, stages.count / 2, stages.count] {
            let network = try architecture.makeNetwork(classes: expected.classes)
            try Fixtures.fill(network)
            try network.freeze(stages: frozen)
            let before = try network.store.buffers.map { try $0.tensor.to(.float32).floats() }
            let logits = try network.logits(
                input,
                mode: .training(updatesStatistics: true, dropPath: nil, frozenStages: frozen))
            try logits.square().sum().backward()
            for entry in network.store.parameters {
                let places = (stages + [top]).count { $0.contains(where: entry.name.hasPrefix) }
                #expect(places == 1, "\(entry.name)")
                let isFrozen = (stage(entry.name) ?? stages.count) < frozen
                #expect(try (entry.tensor.grad == nil) == isFrozen, "\(entry.name) \(frozen)")
            }
            for (entry, before) in zip(network.store.buffers, before) {
                let isFrozen = (stage(entry.name) ?? stages.count) < frozen
                let isStill = try entry.tensor.to(.float32).floats() == before
                #expect(isStill == isFrozen, "\(entry.name) \(frozen)")
            }
            #expect(network.head.allSatisfy { stage($0) == nil })
        }
    }

    @Test("dropped branches leave the input, kept ones are scaled") func dropPath() throws {
        let (input, branch) = try (Tensor.zeros([4000, 2]), Tensor.ones([4000, 2]))
        let mode = try ForwardMode.training(
            updatesStatistics: true, dropPath: RandomGenerator(seed: 5))
        let values = try residual(input, branch, rate: 0.25, mode: mode).floats()
        #expect(Set(values) == [0, Float(1 / 0.75)])
        for row in stride(from: 0, to: values.count, by: 2) {
            #expect(values[row] == values[row + 1], "a sample is dropped whole")
        }
        // Standard error 0.0068 around 0.75; five of them.
        let kept = Double(values.filter { $0 > 0 }.count) / Double(values.count)
        #expect(abs(kept - 0.75) < 0.035)
        #expect(
            try residual(input, branch, rate: 0.25, mode: .evaluation).floats()
                == [Float](repeating: 1, count: 8000))
    }
}

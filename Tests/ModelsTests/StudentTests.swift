import Testing
import Torch

@testable import Models

/// Every family as a student: a few steps of gradient descent on one batch.
@Suite("Students") struct StudentTests {
    struct Student: CustomTestStringConvertible {
        let architecture: Architecture
        let imageSize: Int

        var testDescription: String { architecture.fingerprintLine }
    }

    static let students = [
        Student(
            architecture: Architecture(
                BEiTConfiguration(
                    imageSize: 16, patch: 4, width: 24, depth: 3, heads: 2, mlpRatio: 2,
                    layerScale: 0.1)), imageSize: 16),
        Student(
            architecture: Architecture(
                BEiTConfiguration(
                    imageSize: 16, patch: 4, width: 24, depth: 3, heads: 2, mlpRatio: 2,
                    layerScale: 0.1, positionBias: .shared)), imageSize: 16),
        Student(
            architecture: Architecture(
                ViTConfiguration(
                    imageSize: 16, patch: 4, width: 24, depth: 3, heads: 2, layerScale: 0.1,
                    pool: .mean)), imageSize: 16),
        Student(
            architecture: Architecture(
                ViTConfiguration(
                    imageSize: 16, patch: 4, width: 24, depth: 3, heads: 2, distilled: true)),
            imageSize: 16),
        Student(
            architecture: Architecture(
                ResNetConfiguration(
                    depth: .blocks([1, 1, 1, 1]), groups: 4, groupWidth: 8, stem: .deep,
                    downsample: .averagePool)), imageSize: 64),
        Student(
            architecture: Architecture(EfficientNetLiteConfiguration(width: 0.25, depth: 0.5)),
            imageSize: 64),
        Student(
            architecture: Architecture(MobileNetV3Configuration(size: .small, width: 0.25)),
            imageSize: 64),
        Student(
            architecture: Architecture(
                ConvNeXtConfiguration(
                    depths: [1, 1, 2, 1], widths: [8, 16, 24, 32], layerScale: 0.1)),
            imageSize: 64),
    ]

    /// The mean cross entropy of a batch of the formula's images, image i of class i.
    private func loss(
        _ network: any ImageClassifier, imageSize: Int, mode: ForwardMode
    ) throws -> Tensor {
        let labels = try Tensor((0..<8).map { Int64($0 % 4) }, shape: [8]).oneHot(classes: 4)
        let images = try Fixtures.tensor("input", [8, 3, imageSize, imageSize])
        let logits = try network.logits(images, mode: mode)
        return try -(logits.logSoftmax() * labels.to(.float32)).sum() / 8
    }

    /// Moves every element by `rate` against its gradient's sign, as Adam's first step does: one rate
    /// fits every family.
    private func step(_ network: any ImageClassifier, rate: Double) throws {
        for entry in network.store.parameters {
            let gradient = try #require(try entry.tensor.grad, "\(entry.name) has no gradient")
            #expect(try gradient.nonFiniteCount() == 0, "\(entry.name)")
            let sign = try gradient / (gradient.square().sqrt() + 1e-20)
            try withoutGrad { try entry.tensor.add(sign, scale: -rate) }
            try entry.tensor.setGrad(nil)
        }
    }

    @Test("the loss of one batch falls, and every parameter moves", arguments: students)
    func trains(_ student: Student) throws {
        let network = try student.architecture.makeNetwork(classes: 4, seed: 1)
        let start = network.store.parameters.map { $0.name }
        let before = try network.store.parameters.map { try $0.tensor.cloned().floats() }
        let mode = ForwardMode.training(updatesStatistics: true, dropPath: nil)
        var losses: [Double] = []
        for _ in 0..<12 {
            let loss = try loss(network, imageSize: student.imageSize, mode: mode)
            losses.append(try loss.item())
            try loss.backward()
            try step(network, rate: 0.002)
        }
        #expect(losses.allSatisfy { $0.isFinite })
        #expect(losses[11] < 0.95 * losses[0], "\(losses)")
        let after = try network.store.parameters.map { try $0.tensor.floats() }
        for (index, name) in start.enumerated() {
            #expect(before[index] != after[index], "\(name)")
        }
    }

    @Test(
        "stochastic depth drops branches in training alone, as its draws say", arguments: students)
    func dropPath(_ student: Student) throws {
        let network = try student.architecture.makeNetwork(classes: 4, seed: 1, dropPath: 0.9)
        // A head that begins at nothing would show nothing.
        try Fixtures.fill(network)
        let images = try Fixtures.tensor("input", [4, 3, student.imageSize, student.imageSize])
        func logits(seed: UInt64?) throws -> [Float] {
            let source = try seed.map { try RandomGenerator(seed: $0) }
            return try withoutGrad {
                try network.logits(
                    images, mode: .training(updatesStatistics: false, dropPath: source)
                ).floats()
            }
        }
        #expect(try logits(seed: 1) == logits(seed: 1))
        #expect(try logits(seed: 1) != logits(seed: 2))
        #expect(try logits(seed: 1) != logits(seed: nil))
        let whole = try student.architecture.makeNetwork(classes: 4, seed: 1)
        try Fixtures.fill(whole)
        let input = [4, 3, student.imageSize, student.imageSize]
        #expect(try network.evaluated(input) == whole.evaluated(input))
    }

    @Test("weight decay passes over what timm passes over") func decay() throws {
        func exempt(_ name: String) throws -> Set<String> {
            let network = try #require(PublishedNetwork.named(name)).architecture
                .outline(classes: 5)
            return Set(
                network.store.parameters.filter { $0.tensor.rank > 1 && !network.decays($0) }
                    .map(\.name))
        }
        #expect(
            try exempt("deit_tiny_distilled_patch16_224")
                == ["cls_token", "dist_token", "pos_embed"])
        #expect(try exempt("vit_base_patch16_224") == ["cls_token", "pos_embed"])
        #expect(
            try exempt("beitv2_base_patch16_224")
                == Set(
                    ["cls_token"]
                        + (0..<12).map { "blocks.\($0).attn.relative_position_bias_table" }))
        for name in ["resnet50d", "tf_efficientnet_lite0", "mobilenet_v3_large", "convnext_tiny"] {
            #expect(try exempt(name) == [])
        }
    }

    @Test("each family is drawn by its reference's rule, and by no other") func rules() throws {
        for (name, rule, network) in [
            ("vit_tiny_patch16_224", Initialization.timm, "a ViT"),
            ("tf_efficientnet_lite0", .timm, "an EfficientNet-Lite"),
            ("mobilenet_v3_small", .torchvision, "a MobileNetV3"),
            ("convnext_tiny", .timm, "a ConvNeXt"),
        ] {
            let architecture = try #require(PublishedNetwork.named(name)).architecture
            #expect(architecture.initialization == rule)
            let error = #expect(throws: TorchError.self) {
                try architecture.makeNetwork(classes: 3, initialization: .pytorch)
            }
            #expect(
                error?.message
                    == "model.init pytorch does not exist for \(network); known: \(rule.rawValue)")
        }
    }

    @Test("layer scales and tokens begin where the reference begins them") func beginnings() throws
    {
        let deit = try Architecture(
            ViTConfiguration(
                imageSize: 16, patch: 4, width: 24, depth: 2, heads: 2, layerScale: 1e-6,
                distilled: true)
        ).makeNetwork(classes: 3)
        let tensors = deit.store.tensors
        #expect(try tensors["blocks.1.ls2.gamma"]?.floats().allSatisfy { $0 == 1e-6 } == true)
        #expect(try tensors["blocks.0.attn.qkv.bias"]?.floats().allSatisfy { $0 == 0 } == true)
        // Deviations of 1e-6 and 0.02.
        #expect(try tensors["cls_token"]?.floats().allSatisfy { abs($0) < 1e-5 } == true)
        #expect(try tensors["dist_token"]?.floats().contains { abs($0) > 1e-3 } == true)
        let resnet = try Architecture(
            ResNetConfiguration(depth: .blocks([1, 1, 1, 1]), stem: .deep)
        ).makeNetwork(classes: 3, initialization: .timm)
        #expect(
            try resnet.store.tensors["layer3.0.bn3.weight"]?.floats().allSatisfy { $0 == 0 } == true
        )
        #expect(
            try resnet.store.tensors["conv1.4.weight"]?.floats().allSatisfy { $0 == 1 } == true)
    }

    // 24 x 24 patches and the class token of 384 pixels; AttentionTests has the other lengths.
    @Test("a student with a position bias has finite gradients at 577 tokens")
    func lengths() throws {
        let network = try Architecture(
            BEiTConfiguration(
                imageSize: 48, patch: 2, width: 16, depth: 1, heads: 2, mlpRatio: 1,
                layerScale: 1)
        ).makeNetwork(classes: 4, seed: 2)
        try Fixtures.fill(network)
        try loss(
            network, imageSize: 48, mode: .training(updatesStatistics: true, dropPath: nil)
        ).backward()
        for entry in network.store.parameters {
            #expect(try entry.tensor.grad?.nonFiniteCount() == 0, "\(entry.name)")
        }
    }
}

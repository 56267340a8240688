import Distillation
import Foundation
import Learning
import Models
import Recipes
import Torch

extension DeviceCheck {
    /// How products and convolutions are computed.
    enum Arithmetic {
        case float32, tensorFloat, bfloat16

        var autocast: DType? { self == .bfloat16 ? .bfloat16 : nil }
    }

    /// How far a pass may be from the CPU's in float32.
    struct Tolerances {
        var logits: Double
        var loss: Double
        var gradients: Double
        var statistics = 0.0
    }

    /// ResNet50. In a fresh one every block doubles the variance, and the gradients in float32 are a
    /// fiftieth from those in float64; with the last scale of each block at a fifth they are closer.
    func compareStudent(on device: Device, _ arithmetic: Arithmetic) throws -> [DeviceComparison] {
        let batch = try SyntheticBatch(images: 8, size: 224, classes: 1000)
        func make(_ place: Device) throws -> any ImageClassifier {
            let network = try Architecture(ResNetConfiguration(depth: .layers50))
                .makeNetwork(classes: 1000, device: place, seed: 1)
            try withoutGrad { () throws(TorchError) in
                for entry in network.store.parameters where entry.name.hasSuffix("bn3.weight") {
                    try entry.tensor.fill(0.2)
                }
            }
            return network
        }
        // Some times what PyTorch's CPU passes over the same network are from one in float64: in
        // float32 3e-6 in the logits and, by layout, 4e-4 or 2e-3 in the gradients, which a unit that
        // falls to the other side of a ReLU changes at once; under bfloat16 autocast 8e-3 and 0.1.
        // TF32 keeps three more bits of the operands than bfloat16.
        let tolerances =
            switch arithmetic {
            case .float32:
                Tolerances(logits: 1e-4, loss: 1e-5, gradients: 3e-2, statistics: 1e-5)
            case .tensorFloat:
                Tolerances(logits: 1e-2, loss: 1e-3, gradients: 0.1, statistics: 1e-3)
            case .bfloat16:
                Tolerances(logits: 5e-2, loss: 1e-3, gradients: 0.4, statistics: 5e-3)
            }
        return try compare(on: device, arithmetic, batch, tolerances, make: make)
    }

    // PyTorch's passes over BEiT-Base on the CPU are 7e-7 from float64 in float32, and 6e-3 under
    // bfloat16 autocast. Attention kernels for GPUs make a product of float32 from three in TF32; a
    // single one would be 5e-4 off.
    private static let exactAttention = Tolerances(logits: 1e-4, loss: 1e-5, gradients: 1e-4)
    private static let reducedAttention = Tolerances(logits: 3e-2, loss: 1e-3, gradients: 3e-2)

    /// BEiT-Base, with its depth dropped at random from one seed.
    func compareTeacher(on device: Device, _ arithmetic: Arithmetic) throws -> [DeviceComparison] {
        let batch = try SyntheticBatch(images: 4, size: 224, classes: 1000)
        guard let base = PublishedNetwork.named("beit_base_patch16_224") else {
            preconditionFailure("BEiT-Base has no name")
        }
        let tolerances =
            arithmetic == .bfloat16 ? Self.reducedAttention : Self.exactAttention
        return try compare(on: device, arithmetic, batch, tolerances) { place in
            let network = try base.architecture.makeNetwork(
                classes: 1000, device: place, seed: 2, dropPath: 0.2)
            try network.shake(seed: 2)
            return network
        }
    }

    /// Two blocks of BEiT-Base over 24 x 24 patches and the class token.
    func compareLongAttention(on device: Device) throws -> [DeviceComparison] {
        try compareTransformer(
            BEiTConfiguration(
                imageSize: 384, patch: 16, width: 768, depth: 2, heads: 12, mlpRatio: 4,
                layerScale: 1),
            SyntheticBatch(images: 2, size: 384, classes: 1000), reduced: Self.reducedAttention,
            on: device)
    }

    /// Two blocks of ViT-Base.
    func compareViT(on device: Device) throws -> [DeviceComparison] {
        // Its few images have logits far apart, so that bfloat16 alone moves the loss by 2e-3.
        try compareTransformer(
            ViTConfiguration(imageSize: 224, patch: 16, width: 768, depth: 2, heads: 12),
            SyntheticBatch(images: 4, size: 224, classes: 1000),
            reduced: Tolerances(logits: 3e-2, loss: 1e-2, gradients: 6e-2), on: device)
    }

    /// A transformer in float32 and under bfloat16 autocast.
    private func compareTransformer(
        _ configuration: some NetworkFamily, _ batch: SyntheticBatch, reduced: Tolerances,
        on device: Device
    ) throws -> [DeviceComparison] {
        let architecture = Architecture(configuration)
        return try [
            (Arithmetic.float32, Self.exactAttention), (.bfloat16, reduced),
        ].flatMap { arithmetic, tolerances in
            try compare(on: device, arithmetic, batch, tolerances) { place in
                let network = try architecture.makeNetwork(
                    classes: 1000, device: place, seed: 4)
                try network.shake(seed: 4)
                return network
            }.map {
                DeviceComparison(
                    what: arithmetic == .bfloat16 ? "bf16 \($0.what)" : $0.what,
                    difference: $0.difference, tolerance: $0.tolerance)
            }
        }
    }

    /// MobileNetV3-Large.
    func compareMobileNet(on device: Device) throws -> [DeviceComparison] {
        // PyTorch's CPU passes over it are from one in float64, by layout, 2e-6 or 1e-5 in the logits,
        // and 7e-4 or 7e-3 in the gradients: activations with corners, as in ResNet50.
        let tolerances = Tolerances(logits: 1e-4, loss: 1e-5, gradients: 3e-2, statistics: 1e-5)
        return try compare(
            on: device, .float32, SyntheticBatch(images: 8, size: 224, classes: 1000), tolerances
        ) { place in
            try Architecture(MobileNetV3Configuration(size: .large))
                .makeNetwork(classes: 1000, device: place, seed: 7)
        }
    }

    /// A training pass on the device against one in float32 on the CPU.
    private func compare(
        on device: Device, _ arithmetic: Arithmetic, _ batch: SyntheticBatch,
        _ tolerances: Tolerances,
        make: (Device) throws -> any ImageClassifier
    ) throws -> [DeviceComparison] {
        let found = try withTensorFloat(arithmetic == .tensorFloat) {
            try Pass(make(device), batch, on: device, autocast: arithmetic.autocast)
        }
        let expected = try Pass(make(.cpu), batch, on: .cpu, autocast: nil)
        var comparisons: [DeviceComparison] = [
            .relative("logits", found.logits, to: expected.logits, tolerance: tolerances.logits),
            .relative("loss", [found.loss], to: [expected.loss], tolerance: tolerances.loss),
            .relative(
                "gradients", found.gradients, to: expected.gradients,
                tolerance: tolerances.gradients),
        ]
        if !expected.statistics.isEmpty {
            comparisons.append(
                .relative(
                    "BatchNorm statistics", found.statistics, to: expected.statistics,
                    tolerance: tolerances.statistics))
        }
        return comparisons
    }

    private func withTensorFloat<R>(_ value: Bool, _ body: () throws -> R) throws -> R {
        guard value else { return try body() }
        try Numerics(tensorFloat: true).set()
        defer { try? Numerics.standard.set() }
        return try body()
    }
}

/// One forward and backward pass in training mode.
private struct Pass {
    let logits: [Float]
    let loss: Float
    let gradients: [Float]
    /// Running means and variances.
    let statistics: [Float]

    init(
        _ network: any ImageClassifier, _ batch: SyntheticBatch, on device: Device, autocast: DType?
    ) throws {
        let batch = try batch.on(device)
        let dropPath = try RandomGenerator(seed: 9)
        let output = try withAutocast(autocast, on: device) { () throws(TorchError) in
            try network.logits(
                batch.images, mode: .training(updatesStatistics: true, dropPath: dropPath))
        }
        let value = try Loss.published(
            LossInputs(logits: output, targets: batch.targets, teacher: batch.teacher))
        try value.total.backward()
        logits = try output.detached().floats()
        loss = Float(try value.total.item())
        var gradients: [Float] = []
        for entry in network.store.parameters {
            guard let gradient = try entry.tensor.grad else {
                throw CommandError("\(entry.name) has no gradient")
            }
            gradients += try gradient.floats()
        }
        self.gradients = gradients
        var statistics: [Float] = []
        for entry in network.store.buffers where entry.tensor.dtype == .float32 {
            statistics += try entry.tensor.floats()
        }
        self.statistics = statistics
    }
}

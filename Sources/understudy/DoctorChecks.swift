import ArgumentParser
import Distillation
import Foundation
import Imaging
import Learning
import Loading
import Models
import Recipes
import Torch
import Views

/// A path through the program on a device, compared with the same on the CPU.
///
/// Everything that is compared is made up from fixed seeds: no data and no weights are needed.
enum DeviceCheck: String, CaseIterable, ExpressibleByArgument {
    /// Views decoded into page-locked buffers that are used again and again, normalised and mixed.
    case mixing
    /// The operations that no network runs: the loss, its gradient, and the choice of classes.
    case loss
    /// Forward and backward of ResNet50 in float32.
    case student
    /// The same with convolutions and products in TF32.
    case studentTF32 = "student-tf32"
    /// The same under bfloat16 autocast.
    case studentBF16 = "student-bf16"
    /// Forward and backward of BEiT-Base in float32, random depth included.
    case teacher
    /// The same under bfloat16 autocast.
    case teacherBF16 = "teacher-bf16"
    /// Two of its blocks on 384 pixels: 577 tokens, a length at which attention kernels have failed.
    case teacher384 = "teacher-384"
    /// Steps of LAMB, AdamW and SGD.
    case optimizers
    /// The moving average, and weights written from one device and read on another.
    case weights
    /// A cache that a teacher fills on the device.
    case cache

    /// Runs it.
    ///
    /// - Throws: whatever keeps it from being compared.
    func run(on device: Device) throws -> [DeviceComparison] {
        switch self {
        case .mixing: try MadeData.with { try compareMixing(on: device, with: $0) }
        case .loss: try compareLoss(on: device)
        case .student: try compareStudent(on: device, .float32)
        case .studentTF32: try compareStudent(on: device, .tensorFloat)
        case .studentBF16: try compareStudent(on: device, .bfloat16)
        case .teacher: try compareTeacher(on: device, .float32)
        case .teacherBF16: try compareTeacher(on: device, .bfloat16)
        case .teacher384: try compareLongAttention(on: device)
        case .optimizers: try compareOptimizers(on: device)
        case .weights: try MadeData.with { try compareWeights(on: device, with: $0) }
        case .cache: try MadeData.with { try compareCaches(on: device, with: $0) }
        }
    }
}

// MARK: - Views

extension DeviceCheck {
    private func compareMixing(
        on device: Device, with made: MadeData
    ) throws -> [DeviceComparison] {
        try MadeData.writeImages(count: 48, to: "\(made.path)/images")
        let recipe = try made.recipe(
            data: "\(made.path)/images",
            settings: ["teacher=none", "cache=none", "loss.kl=0", "loss.ce=1"])
        // Room for two groups: every later one lies in memory that an earlier one was copied from.
        let groupBytes = recipe.batch.group * recipe.view.size * recipe.view.size * 3
        let loader = try ViewLoader(
            recipe: recipe,
            options: LoadingOptions(
                workers: 2, budget: 2 * groupBytes, pinned: device != .cpu))
        let (there, here) = (
            Mixer(recipe: recipe, device: device), Mixer(recipe: recipe, device: .cpu)
        )
        var worst: [String: (images: DeviceComparison, targets: DeviceComparison)] = [:]
        for epoch in 0..<4 {
            let views = loader.prefetch(
                (0..<loader.plan.groupsPerEpoch).map { (epoch, $0) }, sizes: [recipe.view.size])
            while let group = try views.next() {
                let pixels = group.pixels(size: recipe.view.size)
                let draw = loader.plan.mix(epoch: epoch, group: group.group)
                let found = try there.batch(pixels, labels: group.labels, draw: draw)
                let expected = try here.batch(pixels, labels: group.labels, draw: draw)
                let name = draw.resolved(size: recipe.view.size).name
                let images = try DeviceComparison.largest(
                    "\(name) images", found.images.floats(), to: expected.images.floats(),
                    tolerance: 2e-6)
                let targets = try DeviceComparison.largest(
                    "\(name) targets", found.targets.floats(), to: expected.targets.floats(),
                    tolerance: 1e-6)
                if let known = worst[name] {
                    worst[name] = (
                        known.images.difference >= images.difference ? known.images : images,
                        known.targets.difference >= targets.difference ? known.targets : targets
                    )
                } else {
                    worst[name] = (images, targets)
                }
            }
        }
        return worst.sorted { $0.key < $1.key }.flatMap { [$0.value.images, $0.value.targets] }
    }
}

extension Mix {
    fileprivate var name: String {
        switch self {
        case .none: "unmixed"
        case .mixup: "mixup"
        case .cutmix: "cutmix"
        }
    }
}

// MARK: - Loss

extension DeviceCheck {
    private func compareLoss(on device: Device) throws -> [DeviceComparison] {
        let generator = try RandomGenerator(seed: 3)
        let numbers = try Tensor.empty([64, 1000])
        try numbers.normal(std: 4, generator: generator)
        let batch = try MadeBatch(images: 64, size: 1, classes: 1000)
        func run(_ place: Device) throws -> (loss: [Float], gradient: [Float], best: [Int64]) {
            let logits = try numbers.to(place).cloned()
            try logits.setRequiresGrad(true)
            let value = try Loss.published(
                LossInputs(
                    logits: logits, targets: batch.targets.to(place),
                    teacher: batch.teacher.to(place)))
            try value.total.backward()
            let gradient = try logits.grad?.floats() ?? []
            let best = try logits.detached().topK(5).indices.int64s()
            return (
                try value.figures().floats(), gradient, best
            )
        }
        let (found, expected) = try (run(device), run(.cpu))
        return [
            .relative("loss", found.loss, to: expected.loss, tolerance: 1e-5),
            .relative("its gradient", found.gradient, to: expected.gradient, tolerance: 1e-5),
            .count("best five classes", found.best, to: expected.best),
        ]
    }
}

// MARK: - Optimizers and averages

extension DeviceCheck {
    /// What the checks of optimizers and weights train.
    private static let small = Architecture(ResNetConfiguration(depth: .layers18))

    private func compareOptimizers(on device: Device) throws -> [DeviceComparison] {
        // Rates that move a weight by some hundredths or thousandths: steps that are much smaller are
        // lost in the rounding of the weight.
        let rules: [(name: String, rate: Double, rule: any UpdateRule, weightDecay: Double)] = [
            ("LAMB", 5e-3, LAMB(), 0.02), ("AdamW", 5e-3, AdamW(), 0.05),
            ("SGD", 0.5, SGD(nesterov: true), 1e-4),
        ]
        return try rules.map { name, rate, rule, weightDecay in
            func run(_ place: Device) throws -> [Float] {
                let network = try Self.small.makeNetwork(classes: 10, device: place, seed: 5)
                let before = try network.flattened()
                let optimizer = try Optimizer(
                    rule, of: OptimizedParameters(of: network), weightDecay: weightDecay,
                    maxGradNorm: 1)
                let generator = try RandomGenerator(seed: 6)
                for _ in 0..<3 {
                    for entry in network.store.parameters {
                        let noise = try Tensor.empty(entry.tensor.shape)
                        try noise.normal(std: 0.01, generator: generator)
                        try entry.tensor.setGrad(noise.to(place))
                    }
                    _ = try optimizer.step(rate: rate).item()
                }
                return zip(try network.flattened(), before).map(-)
            }
            return .relative(
                "\(name), three steps", try run(device), to: try run(.cpu), tolerance: 1e-4)
        }
    }

    private func compareWeights(
        on device: Device, with made: MadeData
    ) throws -> [DeviceComparison] {
        func average(_ place: Device) throws -> (any ImageClassifier, [Float]) {
            let network = try Self.small.makeNetwork(classes: 10, device: place, seed: 1)
            let other = try Self.small.makeNetwork(classes: 10, device: place, seed: 2)
            let average = try ExponentialMovingAverage(
                of: network, into: other, decay: 0.9999, beta: 15)
            try withoutGrad { () throws(TorchError) in
                for entry in network.store.parameters { try entry.tensor.multiply(by: 1.5) }
            }
            for step in 1...3 { try average.update(step: step, of: 100) }
            return (average.network, try average.network.flattened())
        }
        let (there, here) = try (average(device), average(.cpu))
        try there.0.store.save(to: "\(made.path)/weights.safetensors")
        let read = try Self.small.makeNetwork(classes: 10, seed: 3)
        try read.store.load(SafetensorsFile(path: "\(made.path)/weights.safetensors"))
        return [
            .relative("moving average, three steps", there.1, to: here.1, tolerance: 1e-6),
            .count("weights written and read", try read.flattened(), to: there.1),
        ]
    }
}

extension ImageClassifier {
    /// Every parameter's values, one after the other.
    func flattened() throws(TorchError) -> [Float] {
        var values: [Float] = []
        for entry in store.parameters { values += try entry.tensor.detached().floats() }
        return values
    }
}

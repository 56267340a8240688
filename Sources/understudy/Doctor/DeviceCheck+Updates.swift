import Distillation
import Learning
import Models
import Torch

extension DeviceCheck {
    /// What the checks of optimizers and weights train.
    private static let small = Architecture(ResNetConfiguration(depth: .layers18))

    func compareOptimizers(on device: Device) throws -> [DeviceComparison] {
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
                    .init(rule, weightDecay: weightDecay, maxGradNorm: 1),
                    of: OptimizedParameters(of: network))
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

    func compareWeights(
        on device: Device, with made: SyntheticExperiment
    ) throws -> [DeviceComparison] {
        func average(
            _ place: Device
        ) throws -> (network: any ImageClassifier, values: [Float]) {
            let network = try Self.small.makeNetwork(classes: 10, device: place, seed: 1)
            let other = try Self.small.makeNetwork(classes: 10, device: place, seed: 2)
            let average = try ExponentialMovingAverage(
                of: network, into: other, settings: .init(decay: 0.9999, beta: 15))
            try withoutGrad { () throws(TorchError) in
                for entry in network.store.parameters { try entry.tensor.multiply(by: 1.5) }
            }
            for step in 1...3 { try average.update(step: step, of: 100) }
            return (average.network, try average.network.flattened())
        }
        let (there, here) = try (average(device), average(.cpu))
        try there.network.store.save(to: "\(made.path)/weights.safetensors")
        let read = try Self.small.makeNetwork(classes: 10, seed: 3)
        try read.store.load(SafetensorsFile(path: "\(made.path)/weights.safetensors"))
        return [
            .relative(
                "moving average, three steps", there.values, to: here.values, tolerance: 1e-6),
            .count("weights written and read", try read.flattened(), to: there.values),
        ]
    }
}

extension ImageClassifier {
    /// Every parameter's values, one after the other.
    fileprivate func flattened() throws(TorchError) -> [Float] {
        var values: [Float] = []
        for entry in store.parameters { values += try entry.tensor.detached().floats() }
        return values
    }
}

extension DeviceCheck {
    func compareLoss(on device: Device) throws -> [DeviceComparison] {
        let generator = try RandomGenerator(seed: 3)
        let numbers = try Tensor.empty([64, 1000])
        try numbers.normal(std: 4, generator: generator)
        let batch = try SyntheticBatch(images: 64, size: 1, classes: 1000)
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
            return (try value.figures().floats(), gradient, best)
        }
        let (found, expected) = try (run(device), run(.cpu))
        return [
            .relative("loss", found.loss, to: expected.loss, tolerance: 1e-5),
            .relative("its gradient", found.gradient, to: expected.gradient, tolerance: 1e-5),
            .count("best five classes", found.best, to: expected.best),
        ]
    }
}

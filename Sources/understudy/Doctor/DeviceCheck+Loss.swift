import Distillation
import Learning
import Torch

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

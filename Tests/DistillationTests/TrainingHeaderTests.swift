import Base
import Testing

@testable import Distillation

@Suite("What a training says before its first step") struct TrainingHeaderTests {
    @Test("network, data, steps, what is measured, and memory, in 80 columns") func lines() throws {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run", maxSteps: 1)
        let parameters = trainer.setup.step.optimizer.parameters.tensors.reduce(0) { $0 + $1.count }
        let lines = TrainingHeader(trainer.setup).lines
        #expect(
            lines.dropLast() == [
                "network     beit_micro_patch4_32, \(parameters.grouped) parameters, fp32 on cpu",
                "data        12 images to train on, 4 to validate; 2 classes",
                "steps       6: 2 epochs of 3, each of 2 groups of 2 images",
                "loss        1 ce, from labels alone",
                "measured    the EMA after each epoch, the trained network after one in 2",
            ])
        // Weights, gradients, SGD's momentum and the average: four times 4 bytes a parameter.
        let bytes = 16 * parameters
        #expect(
            lines.last?.hasPrefix(
                "memory      \(bytes.byteText) for weights, gradients, averages")
                == true, "\(lines)")
        #expect(lines.allSatisfy { $0.count <= 80 })
        _ = try trainer.run()
        #expect(Array(fixture.lines.lines.prefix(lines.count)) == lines)
        let alone = try fixture.trainer("alone", overrides: ["ema=none"])
        #expect(
            TrainingHeader(alone.setup).lines.contains("measured    the network after each epoch"))
    }
}

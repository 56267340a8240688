import Foundation
import Models
import Recipes
import Testing
import Torch

@testable import Distillation

@Suite("Fine-tuning") struct FineTuningTests {
    private let fixture: RunFixture
    private let initial: any ImageClassifier

    /// Weights of other classes than the data's, with statistics that a training would change.
    init() throws {
        fixture = try RunFixture()
        initial = try Architecture.resnet18.makeNetwork(classes: 5, seed: 3)
        try initial.store.save(to: "\(fixture.path)/initial.safetensors")
    }

    private func trainer(
        _ run: String, _ overrides: [String], resume: Bool = false, maxSteps: Int? = nil
    ) throws -> Trainer {
        var options = fixture.options(run, resume: resume, maxSteps: maxSteps)
        options.initial = "\(fixture.path)/initial.safetensors"
        return try Trainer(
            recipe: fixture.recipe(["model.name=resnet18", "model.init=pytorch"] + overrides),
            options: options, progress: fixture.lines)
    }

    @Test("frozen stages keep weights and statistics, also of a run that was stopped and resumed")
    func frozen() throws {
        let overrides = ["model.frozen=2", "optimizer.head_lr=5"]
        let whole = try trainer("whole", overrides)
        try whole.run()
        try trainer("stopped", overrides, maxSteps: 2).run()
        let resumed = try trainer("stopped", overrides, resume: true)
        try resumed.run()
        let numbers = try whole.numbers()
        #expect(try resumed.numbers() == numbers)
        for entry in initial.store.entries where entry.tensor.dtype == .float32 {
            let begun = try entry.tensor.floats()
            for owner in ["model", "ema"] {
                let found = try #require(numbers["\(owner).\(entry.name)"])
                let isFrozen = ["conv1.", "bn1.", "layer1."].contains {
                    entry.name.hasPrefix($0)
                }
                if isFrozen {
                    #expect(found == begun, "\(owner).\(entry.name)")
                } else {
                    #expect(found != begun, "\(owner).\(entry.name)")
                }
            }
        }
        #expect(numbers["model.fc.weight"]?.count == 2 * 512)
        #expect(numbers.keys.allSatisfy { !$0.hasPrefix("optimizer.") || !$0.contains("layer1.") })
    }

    @Test("the head takes steps of its own rate, the rest those of the recipe's")
    func headRate() throws {
        /// How far the first step moved the head's bias and a convolution.
        func moved(_ scale: Int) throws -> (head: [Float], rest: [Float]) {
            let overrides = ["optimizer.head_lr=\(scale)", "optimizer.max_grad_norm=none"]
            let trainer = try trainer("head-\(scale)", overrides, maxSteps: 1)
            let begun = try trainer.numbers()
            try trainer.run()
            let ended = try trainer.numbers()
            func difference(_ name: String) throws -> [Float] {
                try zip(#require(ended[name]), #require(begun[name])).map { $0 - $1 }
            }
            return (try difference("model.fc.bias"), try difference("model.layer4.1.conv2.weight"))
        }
        let (one, four) = (try moved(1), try moved(4))
        #expect(one.rest == four.rest)
        for (fast, slow) in zip(four.head, one.head) {
            #expect(slow != 0 && abs(fast / slow - 4) < 1e-3)
        }
    }

    @Test("stages are frozen only of weights that were named") func unnamed() throws {
        #expect(
            fixture.refusal("none", resume: false, overrides: ["model.frozen=1"])
                == "model.frozen 1 keeps the weights that training begins with, and these are drawn "
                + "at random: name some, or set model.frozen to 0")
    }
}

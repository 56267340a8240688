import Learning
import Recipes
import Testing

@testable import Distillation

@Suite("The moving average's window") struct EMAWindowTests {
    private func window(_ ema: String, steps: Int) throws -> EMAWindow? {
        try EMAWindow(recipe: RunFixture().recipe(["ema=\(ema)"]), runSteps: steps)
    }

    @Test("is that of the decay at the end of its ramp") func steps() throws {
        let full = try #require(try window("{decay: 0.99, beta: 15}", steps: 1000))
        // 1 - 0.99 (1 - e^-15)
        #expect(abs(full.steps - 1 / (0.01 + 0.99 * 3.059023205018258e-7)) < 1e-9)
        // A flat ramp comes to 0.99 (1 - e^-1) only.
        let flat = try #require(try window("{decay: 0.99, beta: 1}", steps: 1000))
        #expect(abs(flat.steps - 1 / (1 - 0.99 * 0.6321205588285577)) < 1e-12)
        #expect(try window("none", steps: 1000) == nil)
    }

    @Test("is warned of beyond a quarter of the run, with a decay that is not")
    func warning() throws {
        func warning(_ decay: String, steps: Int) throws -> String? {
            try window("{decay: \(decay), beta: 30}", steps: steps)?.warning
        }
        #expect(
            try warning("0.9999", steps: 600)
                == "ema: a window of 10,000 steps in a run of 600; set ema.decay to 0.98")
        #expect(try warning("0.9999", steps: 509_350) == nil)
        #expect(try warning("0.99", steps: 401) == nil)
        #expect(
            try warning("0.99", steps: 399)
                == "ema: a window of 100 steps in a run of 399; set ema.decay to 0.97")
        #expect(try warning("0.9999", steps: 10_000)?.hasSuffix("set ema.decay to 0.999") == true)
        #expect(
            try warning("0.9", steps: 16)
                == "ema: a window of 10 steps in a run of 16; set ema to none, or train for longer")
        // Advice that leads to the next warning is none.
        for steps in [21, 39, 40, 100, 333, 1000, 12_345, 1_000_000] {
            let text = try #require(try warning("0.9999999", steps: steps))
            let advised = try #require(text.split(separator: " ").last.map(String.init))
            #expect(try warning(advised, steps: steps) == nil, "\(text)")
        }
    }
}

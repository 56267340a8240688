import Foundation
import Learning
import Testing

@Suite("Learning rate") struct ScheduleTests {
    let schedule = LearningRateSchedule(
        .init(epochs: 610, warmup: 5, cooldown: 10, finalRatio: 0.01), rate: 5e-3,
        stepsPerEpoch: 834)

    // (epoch, step, rate), recipe-spec section 2; relative to nine digits.
    static let landmarks: [(Int, Int, Double)] = [
        (0, 0, 8.33333e-4), (0, 833, 8.33333e-4), (1, 0, 1.666667e-3), (4, 833, 4.166667e-3),
        (5, 0, 5e-3), (5, 1, 5e-3), (5, 833, 4.99996566613e-3), (6, 0, 4.99996558354e-3),
        (6, 1, 4.99996550086e-3), (6, 833, 4.99986233513e-3), (300, 0, 2.5576924105e-3),
        (300, 1, 2.55767674287e-3), (300, 833, 2.544640881e-3), (599, 0, 5.0034664801e-5),
        (599, 1, 5.00345819e-5), (599, 833, 5.000000045e-5), (600, 0, 5.00000001984e-5),
        (600, 833, 5.00000001984e-5), (609, 400, 5.00000001984e-5),
    ]

    @Test("the published recipe's landmarks", arguments: Self.landmarks)
    func rates(_ epoch: Int, _ step: Int, _ rate: Double) {
        let tolerance = epoch < 5 ? 1e-6 : 1e-9
        #expect(abs(schedule.rate(epoch: epoch, step: step) / rate - 1) < tolerance)
    }

    @Test("without warm-up the first step has the full rate") func noWarmup() {
        let plain = LearningRateSchedule(.init(epochs: 3), rate: 0.1, stepsPerEpoch: 4)
        #expect(plain.rate(epoch: 0, step: 0) == 0.1)
        // The last of 12 steps uses the value set after the one before it.
        #expect(abs(plain.rate(epoch: 2, step: 3) - 0.05 * (1 + cos(.pi * 10 / 13))) < 1e-15)
    }
}

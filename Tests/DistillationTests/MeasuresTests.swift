import Foundation
import Learning
import Testing

@testable import Distillation

@Suite("Measures") struct MeasuresTests {
    private let losses = Measures(["loss", "ce", "kl"], [0.5, 1.25, 0.25])

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("figures add up by name, whatever their order") func sums() {
        var sum = Measures(zeros: ["ce", "kl"])
        sum.add(losses)
        sum.add(losses)
        #expect(sum["ce"] == 2.5 && sum["kl"] == 0.5 && sum["loss"] == 1)
        #expect(sum.divided(by: 2)["ce"] == 1.25)
        #expect(sum["bce"] == nil)
        #expect(!Measures(["loss"], [.nan]).areFinite)
    }

    @Test("a step's record is one flat object with the keys that it always had") func step() throws
    {
        let record = StepRecord(
            StepFacts(epoch: 1, step: 2, lr: 0.125, emaDecay: 0.5, gradNorm: 3), losses: losses)
        let text =
            #"{"ce":1.25,"ema_decay":0.5,"epoch":1,"grad_norm":3,"kl":0.25,"loss":0.5,"lr":0.125,"step":2}"#
        #expect(try json(record) == text)
        #expect(try JSONDecoder().decode(StepRecord.self, from: Data(text.utf8)) == record)
        #expect(StepRecord.keys(losses: ["ce"]).sorted().first == "ce")
    }

    @Test(
        "an object without a key that each record has is none",
        arguments: [
            #"{"ce":1,"ema_decay":0,"epoch":1,"grad_norm":3,"kx":0,"loss":1,"lr":1,"step":2}"#,
            #"{"ce":1,"ema_decay":0,"epoch":1,"grad_norm":3,"kl":0,"lr":1,"step":2}"#,
            #"{"ce":1,"ema_decay":0,"epoch":1,"grad_norm":3,"kl":"0","loss":1,"lr":1,"step":2}"#,
            #"{"ce":1,"ema_decay":0,"epoch":1,"kl":0,"loss":1,"lr":1,"step":2}"#,
        ])
    func refused(_ text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(StepRecord.self, from: Data(text.utf8))
        }
    }

    @Test("a state keeps its epoch's sums under the keys that they always had") func state() throws
    {
        var state = TrainingState(keep: 1, losses: ["loss", "ce", "kl"])
        state.count(losses, seconds: 2)
        #expect(
            try json(state).contains(
                #""sums":{"ce":1.25,"kl":0.25,"loss":0.5,"seconds":2,"steps":1,"waiting":0}"#))
        #expect(state.step == 1 && state.steps == 1 && state.seconds == 2)
        state.countEpoch(losses: ["loss", "ce", "kl"])
        #expect(state.epoch == 1 && state.step == 0 && state.steps == 1)
        #expect(
            try json(state).contains(
                #""sums":{"ce":0,"kl":0,"loss":0,"seconds":0,"steps":0,"waiting":0}"#))
    }

    @Test("sums of an earlier version do not say how long their steps waited") func earlier() throws
    {
        let text = #"{"ce":1.25,"kl":0.25,"loss":0.5,"seconds":2,"steps":1}"#
        let sums = try JSONDecoder().decode(
            Record<TrainingState.EpochSums>.self, from: Data(text.utf8))
        #expect(sums.seconds == 2 && sums.steps == 1 && sums.waiting == 0)
    }
}

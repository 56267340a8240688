import Foundation
import Learning
import Testing

@testable import Distillation

@Suite("The lines of an epoch") struct ConsoleLogTests {
    private func lines(
        _ facts: EpochFacts, start: (epochs: Double, seconds: Double) = (0, 0)
    ) -> [String] {
        var lines: [String] = []
        let losses = ["loss", "ce", "kl"]
        let log = ConsoleLog(
            epochs: 610, losses: losses, start: start, now: { 1_772_388_131 },
            print: { lines.append($0) })
        log.epochEnded(EpochRecord(facts, losses: Measures(losses, [12.34567, 11.5, 0.12])))
        return lines
    }

    private func facts(epoch: Int, raw: Double? = nil, wait: Double? = 0.0204) -> EpochFacts {
        EpochFacts(
            epoch: epoch, viewEpoch: 0, lr: 1, top1: 100, top5: 100, rawTop1: raw, rawTop5: raw,
            kept: true, imagesPerSecond: 12_345.67, dataWait: wait, seconds: 1000 + 3600,
            substituted: 0)
    }

    @Test("say what it came to and when, and fit into 80 columns") func both() throws {
        let lines = lines(facts(epoch: 11, raw: 61.1))
        #expect(
            lines[0]
                == "epoch  12/610  loss 12.3457  ce 11.5000  kl 0.1200  top-1 100.00  raw 61.10")
        let time = /\s\s2026-03-0[12] \d\d:\d\d:11\s\s(.*)/
        let rest = try #require(lines[1].wholeMatch(of: time)?.1)
        #expect(rest == "12345.7 images/s  2 % waiting for data  63:40:33 left")
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test("reckon the rest of the run from the pace of this start alone") func rest() {
        // Half an epoch in 100 s, and 598 to go.
        let resumed = lines(facts(epoch: 11), start: (11.5, 4500))
        #expect(resumed[1].hasSuffix("  \(598 * 200 / 3600):13:20 left"))
        // Nothing was trained since the start, or nothing is left.
        #expect(lines(facts(epoch: 11), start: (12, 4500))[1].hasSuffix("waiting for data"))
        #expect(lines(facts(epoch: 609), start: (0, 0))[1].hasSuffix("waiting for data"))
    }

    @Test("leave out what was not measured") func absent() {
        let lines = lines(facts(epoch: 11, wait: nil))
        #expect(!lines[0].contains("raw"))
        #expect(!lines[1].contains("waiting"))
    }
}

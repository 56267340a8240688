import Testing

@testable import Distillation

@Suite("Best snapshots") struct SnapshotTests {
    private func snapshot(_ epoch: Int, _ top1: Double) -> BestSnapshots.Snapshot {
        .init(epoch: epoch, top1: top1, file: "\(epoch)")
    }

    @Test("a strictly better snapshot replaces the worst, the first of equals") func replacement() {
        var best = BestSnapshots(keep: 2)
        let taken = [(0, 50.0), (1, 50), (2, 50), (3, 51), (4, .nan)].map { epoch, top1 in
            best.offer(snapshot(epoch, top1))
        }
        // An equal one is no better than the worst, and not a number is none.
        #expect(taken == [true, true, false, true, false])
        #expect(best.kept.map(\.epoch) == [3, 1])
        #expect(best.best?.epoch == 3)
    }
}

import Testing

@testable import Distillation

@Suite("Snapshots that are not finite") struct SnapshotBoundsTests {
    @Test("none is taken, into an empty slot or a full one", arguments: [Double.nan, .infinity])
    func refused(top1: Double) {
        var best = BestSnapshots(keep: 1)
        let odd = BestSnapshots.Snapshot(epoch: 1, top1: top1, file: "odd")
        let sound = BestSnapshots.Snapshot(epoch: 2, top1: 0, file: "sound")
        let taken = [odd, sound, odd].map { best.offer($0) }
        #expect(taken == [false, true, false])
        #expect(best.kept == [sound])
    }
}

import Foundation
import Testing

@testable import Base

@Suite("Load of the cores") struct CoreLoadTests {
    @Test("is read from the lines of the cores, without idle and waiting") func lines() {
        let text = """
            cpu  10 20 30 40 50 60 70 80 90 100
            cpu0 1 2 3 4 5 6 7 8 9 10
            cpu11 10 0 5 1000 1000 0 0 1 0 0
            cpu3 1 2
            intr 5 6 7 8 9 10 11 12 13
            """
        #expect(CoreLoad.busy(in: text) == [0: 1 + 2 + 3 + 6 + 7 + 8, 11: 16])
    }

    @Test("of others is what is busy and not our own, on the cores that count") func others() {
        let first = CoreLoad(busy: [0: 100, 1: 100, 2: 500], own: 50, time: 1000)
        let later = CoreLoad(busy: [0: 150, 1: 130, 2: 600], own: 80, time: 1100)
        // 80 ticks busy of 200, 30 of them ours.
        #expect(later.others(since: first, on: [0, 1]) == 0.25)
        #expect(later.others(since: first, on: [1]) == 0)
        #expect(later.others(since: first, on: [2]) == 0.7)
        #expect(first.others(since: first, on: [0]) == 0)
        #expect(later.others(since: first, on: []) == 0)
    }

    @Test("of this machine is that of all its processes") func machine() throws {
        let first = try #require(CoreLoad.now())
        #expect(!Cores.numbers.isEmpty && Cores.numbers.count <= first.busy.count)
        #expect(Cores.usable.bound == .quota || Cores.numbers.count == Cores.usable.count)
        // A loop of another process for a while.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "timeout -s KILL 3 sh -c 'while :; do :; done'"]
        try process.run()
        Thread.sleep(forTimeInterval: 1)
        let later = try #require(CoreLoad.now())
        process.waitUntilExit()
        let share = later.others(since: first, on: Cores.numbers)
        #expect(share > 0.2 / Double(Cores.numbers.count), "\(share)")
    }
}

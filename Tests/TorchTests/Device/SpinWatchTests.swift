import Foundation
import Testing

@testable import Torch

@Suite("How long threads spin", .serialized) struct SpinWatchTests {
    @Test(
        "they sleep soon once others want the cores, and wait awake when those have gone for a while"
    )
    func policy() {
        var policy = SpinPolicy()
        let shares = [0, 0.1, 0.2, 0.3, 0.5, 0.15, 0, 0, 0.12, 0.05, 0.09, 0, 0, 0, 0.5]
        let changes = shares.map { policy.change(others: $0) }
        #expect(
            changes == [
                nil, nil, nil, true, nil, nil, nil, nil, nil, nil, nil, nil, false, nil, true,
            ])
        #expect(policy.isBrief)
    }

    @Test("a team too many comes and goes, and as many threads compute as before") func team()
        throws
    {
        func threads() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
        }
        let (count, before) = (Threads.count, try threads())
        for _ in 0..<3 {
            try #require(try SpinWatch.spinBriefly(true))
            // Other tests begin and end threads meanwhile.
            #expect(try threads() > before - 8)
            #expect(Threads.count == count)
            #expect(try SpinWatch.spinBriefly(true))
            #expect(try SpinWatch.spinBriefly(false))
        }
        #expect(try SpinWatch.spinBriefly(false))
        #expect(Threads.count == count)
    }
}

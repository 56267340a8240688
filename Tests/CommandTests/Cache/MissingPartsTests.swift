import Foundation
import Testing

@testable import understudy

@Suite("Missing parts") struct MissingPartsTests {
    @Test("are runs of epochs that lack as many") func runs() {
        let missing = MissingParts(missing: [0, 2, 2, 0, 2, 4, 4, 4], of: 4)
        #expect(missing.count == 18)
        #expect(
            missing.lines == [
                "epochs 1 to 2: 2 of 4 parts of each are missing",
                "epoch 4: 2 of 4 parts are missing",
                "epochs 5 to 7: all 4 parts of each are missing",
            ])
        #expect(MissingParts(missing: [0, 0], of: 4).runs == [])
    }

    @Test("are faults to verify --complete alone") func complete() throws {
        let folder = try Folder.prepared()
        let verify = ["cache", "verify", "--cache", "cache"]
        let whole = try Program.run(verify + ["--complete"], in: folder)
        #expect(whole.status == 0, "\(whole.errors)")
        let path = "\(folder.path)/cache/epoch-0001/part-00000.h5"
        try FileManager.default.removeItem(atPath: path)
        #expect(try Program.run(verify, in: folder).status == 0)
        let lacking = try Program.run(verify + ["--complete"], in: folder)
        #expect(lacking.status == 1)
        #expect(lacking.output.hasPrefix("cache: epoch 1: 1 of 2 parts are missing\n"))
        #expect(
            lacking.lastError
                == "Error: cache: 1 of 4 parts are missing; `understudy cache build` adds them")
        let json = try Program.run(verify + ["--complete", "--json"], in: folder)
        #expect(json.status == 1)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let runs = try #require(report["missing"] as? [[String: Int]])
        #expect(
            runs == [["first_epoch": 1, "last_epoch": 1, "parts": 1, "parts_in_all": 2]])
    }
}

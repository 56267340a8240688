import Foundation
import Testing
import Torch

@testable import understudy

@Suite("Comparing student and teacher") struct CompareTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("a teacher compared with itself agrees, and a student is measured as eval does")
    func numbers() throws {
        let folder = try Folder.prepared()
        func compare(_ student: [String]) throws -> [String: Any] {
            let outcome = try Program.run(
                ["compare", "--teacher", "card.yaml", "--data", "val", "--workers", "1", "--json"]
                    + student, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try object(outcome.output)
        }
        // The recipe normalizes as the card does.
        try folder.write(
            "same.yaml",
            Data(
                """
                extends: teacher.yaml
                view: {mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}

                """.utf8))
        let weights = "teacher/average.safetensors"
        let same = try compare(["--weights", weights, "--recipe", "same.yaml"])
        #expect(same["agreement"] as? Double == 100 && same["images"] as? Int == 16)
        #expect(try #require(same["mean_kl"] as? Double) < 1e-6)
        #expect(same["teacher_top1"] as? Double == same["student_top1"] as? Double)

        let other = try compare(
            ["--run", "teacher", "--most", "3", "--sheet", "sheet.png"])
        #expect(try #require(other["mean_kl"] as? Double) > 1e-4)
        let most = try #require(other["most"] as? [[String: Any]])
        let divergences = most.compactMap { $0["kl"] as? Double }
        #expect(divergences.count == 3 && divergences == divergences.sorted(by: >))
        #expect(try #require(divergences.first) >= #require(other["mean_kl"] as? Double))
        let eval = try object(
            Program.run(
                [
                    "eval", "--teacher", "card.yaml", "--data", "val", "--json", "--workers", "1",
                ], in: folder
            ).output)
        #expect(eval["top1"] as? Double == other["teacher_top1"] as? Double)
        #expect(try folder.data("sheet.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    /// 0.5 ln(0.5/0.25) + 0.5 ln(0.5/0.75) = 0.14384; the other way around it would be 0.13081.
    @Test("the divergence is the student's from the teacher, and 0 of answers that are alike")
    func divergence() throws {
        func logits(_ rows: [Float]) throws -> Tensor {
            try Tensor(rows, shape: [2, 2]).log()
        }
        let found = try NetworkComparison.divergences(
            of: logits([0.25, 0.75, 0.1, 0.9]), from: logits([0.5, 0.5, 0.1, 0.9]))
        #expect(abs(found[0] - 0.14384) < 1e-5 && abs(found[1]) < 1e-6)
    }

    @Test("networks of other classes than the data, and half a student, are refused")
    func refused() throws {
        let folder = try Folder.prepared()
        try FileManager.default.removeItem(atPath: "\(folder.path)/val/c3")
        let compare = ["compare", "--teacher", "card.yaml", "--data", "val"]
        #expect(
            try Program.run(compare + ["--run", "teacher"], in: folder).errors
                == "Error: val: the teacher has 4 classes, the data 3; choose the "
                + "networks' own data\n")
        let half = try Program.run(
            compare + ["--weights", "teacher/average.safetensors"], in: folder)
        #expect(half.status == 64 && half.errors.contains("--weights and --recipe belong together"))
    }
}

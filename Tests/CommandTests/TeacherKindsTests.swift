import Base
import Foundation
import Testing

/// Teachers that are no network of a family, through the commands that a user calls.
@Suite("Teachers of other kinds") struct TeacherKindsTests {
    /// A card of what Tests/Fixtures/models/make_exported.py exported.
    private func write(_ kind: String, _ file: String, sha256: String?, to folder: Folder) throws {
        let fixture = Repository.url("Tests/Fixtures/models/\(file)")
        try folder.write(file, Data(contentsOf: fixture))
        try folder.write(
            "mine.yaml",
            Data(
                """
                name: mine
                kind: \(kind)
                classes: 4
                preprocessing: {size: 12, resize: 12, interpolation: bilinear, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
                weights: {file: \(file), sha256: \(sha256 ?? "null")}
                source: Tests/Fixtures/models/make_exported.py

                """.utf8))
    }

    private func succeed(_ words: [String], _ folder: Folder) throws -> NSDictionary {
        let outcome = try Program.run(words, in: folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let object = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return object as? NSDictionary ?? [:]
    }

    @Test(
        "an exported module answers, fills a cache at its own image size, and is held to its SHA-256",
        arguments: [
            ("aotinductor", "exported-logits.pt2"), ("torchscript", "exported-logits.pt"),
        ])
    func exported(_ kind: String, _ file: String) throws {
        let folder = try Folder.prepared()
        try write(kind, file, sha256: nil, to: folder)
        let report = try succeed(
            ["eval", "--teacher", "mine.yaml", "--data", "val", "--json"], folder)
        #expect(report["images"] as? Int == Folder.valImages)
        let student = ["--recipe", "student.yaml", "--set", "teacher.card=mine.yaml"]
        _ = try succeed(["cache", "build"] + student + ["--cache", "mine"], folder)
        let verified = try Program.run(
            ["cache", "verify", "--cache", "mine", "--sample", "2"] + student, in: folder)
        #expect(verified.status == 0, "\(verified.errors)")

        let found = try SHA256Sum.ofFile("\(folder.path)/\(file)")
        try write(kind, file, sha256: found, to: folder)
        _ = try succeed(["eval", "--teacher", "mine.yaml", "--data", "val"], folder)
        let other = String(repeating: "0f", count: 32)
        try write(kind, file, sha256: other, to: folder)
        let refused = try Program.run(
            ["eval", "--teacher", "mine.yaml", "--data", "val"], in: folder)
        #expect(refused.status == 1)
        #expect(
            refused.lastError.hasSuffix(
                "\(file): SHA-256 is \(found), card mine says \(other); fetch the right weights or "
                    + "mend the card"), "\(refused.errors)")
    }

    @Test("an ensemble of a teacher and itself answers as it does") func ensemble() throws {
        let folder = try Folder.prepared()
        try folder.write(
            "both.yaml",
            Data(
                """
                name: both
                kind: ensemble
                classes: 4
                members: [{card: card.yaml, weight: 2}, {card: card.yaml}]
                source: this test

                """.utf8))
        func evaluated(_ card: String) throws -> NSDictionary {
            try succeed(["eval", "--teacher", card, "--data", "val", "--json"], folder)
        }
        let (one, both) = (try evaluated("card.yaml"), try evaluated("both.yaml"))
        #expect(try #require(one["top1"] as? Double) == both["top1"] as? Double)
        let student = ["--recipe", "student.yaml", "--set", "teacher.card=both.yaml"]
        _ = try succeed(["cache", "build"] + student + ["--cache", "both"], folder)
        let other = try Program.run(
            ["train", "--recipe", "student.yaml", "--cache", "both", "--out", "run"], in: folder)
        #expect(other.status != 0 && other.lastError.contains("teacher"), "\(other.errors)")
    }
}

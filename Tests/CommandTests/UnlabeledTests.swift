import Foundation
import Models
import Testing
import Torch

@Suite("Training on images without labels") struct UnlabeledTests {
    private static let short = [
        "--set", "schedule.epochs=2", "--set", "schedule.warmup=0", "--set", "schedule.cooldown=0",
    ]

    private func run(_ arguments: [String], in folder: Folder) throws -> Program.Outcome {
        let outcome = try Program.run(arguments, in: folder)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome
    }

    @Test("a student learns from responses to them, beside labels and without any") func train()
        throws
    {
        let folder = try Folder.prepared()
        // Its folders mean nothing: 48 images, as many as have labels.
        for (name, settings) in [
            ("beside", ["--set", "data.unlabeled=train"]),
            (
                "alone",
                [
                    "--set", "data.train=none", "--set", "data.unlabeled=train", "--set",
                    "loss.kl=1", "--set", "loss.ce=0",
                ]
            ),
        ] {
            let recipe = ["--recipe", "student.yaml"] + settings
            let cache = ["--cache", "cache-\(name)"]
            _ = try run(["cache", "build"] + recipe + cache, in: folder)
            let train = ["train"] + recipe + cache + Self.short + ["--out", name]
            _ = try run(train, in: folder)
            let weights = try SafetensorsFile(path: "\(folder.path)/\(name)/average.safetensors")
            #expect(try WeightsDescription(of: weights).classes == ["c0", "c1", "c2", "c3"])
            let epochs = try folder.lines("\(name)/metrics.jsonl")
            let ce = try #require(epochs.last?["ce"])
            #expect(name == "alone" ? ce == 0 : ce > 0.1, "\(ce)")
            #expect(try #require(epochs.last?["kl"]) > 0)
            // Going on finds the same images.
            let again = try run(train + ["--resume"], in: folder)
            #expect(again.errors.contains("all 2 epochs are trained"))
        }
        // Responses to other images are no answer.
        let other = try Program.run(
            [
                "train", "--recipe", "student.yaml", "--set", "data.unlabeled=val", "--cache",
                "cache",
                "--out", "run",
            ], in: folder)
        #expect(other.status == 1 && other.errors.contains("data.digest"), "\(other.errors)")
    }

    @Test("a view of one has no label, and its targets are its partner's share") func views()
        throws
    {
        let folder = try Folder()
        _ = try run(
            [
                "views", "--recipe", "base.yaml", "--set", "data.train=none", "--set", "loss.ce=0",
                "--set", "loss.kl=1", "--set", "teacher={card: card.yaml, precision: fp32}",
                "--set", "data.unlabeled=train", "--slots", "0..<12", "--params", "views.json",
                "--dump", "views.safetensors", "--sheet", "views.png",
            ], in: folder)
        let object = try JSONSerialization.jsonObject(with: folder.data("views.json"))
        let slots = try #require((object as? [String: Any])?["slots"] as? [[String: Any]])
        #expect(slots.count == 12 && slots.allSatisfy { $0["label"] == nil && $0["path"] != nil })
        let dump = try SafetensorsFile(path: "\(folder.path)/views.safetensors")
        #expect(try dump.tensor("targets").floats().allSatisfy { $0 == 0 })
    }
}

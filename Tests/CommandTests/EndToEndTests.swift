import Foundation
import Testing
import Torch

@Suite("The whole path", .serialized) struct EndToEndTests {
    @Test("teacher, cache, student: the loss falls, and a stop changes no bit") func path() throws {
        let folder = try Folder.prepared()
        // The student needs no teacher: its weights go away.
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/teacher", toPath: "\(folder.path)/gone")
        let train = ["train", "--recipe", "student.yaml", "--cache", "cache"]
        let whole = try Program.run(
            train + ["--out", "whole", "--trace", "whole.jsonl"], in: folder)
        try #require(whole.status == 0, "\(whole.errors)")
        #expect(whole.errors.contains("taking the cache's word"))

        let steps = try folder.lines("whole.jsonl")
        #expect(steps.count == 16)
        #expect(
            Set(steps[0].keys) == [
                "epoch", "step", "loss", "ce", "kl", "lr", "ema_decay", "grad_norm",
            ])
        let losses = steps.compactMap { $0["loss"] }
        #expect(losses.suffix(4).reduce(0, +) < losses.prefix(4).reduce(0, +))
        for step in steps {
            let loss = try #require(step["loss"])
            let parts = try 0.2 * #require(step["ce"]) + 0.8 * #require(step["kl"])
            #expect(abs(loss - parts) < 1e-5)
        }

        // Step 5 of 16 is in the middle of the third epoch and between two checkpoints.
        let part = ["--out", "part", "--trace", "part.jsonl", "--resume"]
        try Program.run(train + part + ["--max-steps", "5"], in: folder)
        #expect(!folder.exists("part/result.json"))
        let rest = try Program.run(train + part, in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        for file in ["average.safetensors", "best.safetensors"] {
            #expect(try folder.data("part/\(file)") == folder.data("whole/\(file)"), "\(file)")
        }
        #expect(try folder.data("part.jsonl") == folder.data("whole.jsonl"))
        let metrics = try folder.lines("part/metrics.jsonl")
        #expect(metrics.map { $0["epoch"] } == (0..<8).map(Double.init))

        let again = try Program.run(train + ["--out", "whole"], in: folder)
        #expect(
            again.lastError
                == "Error: whole: holds a training already; pass --resume to go on with it, or choose "
                + "another --out")
    }

    @Test("a killed training ends with the same weights") func killedTraining() throws {
        let folder = try Folder.prepared()
        let train = ["train", "--recipe", "student.yaml", "--cache", "cache", "--resume"]
        try Program.run(train + ["--out", "whole"], in: folder)
        // Kills fall before, into and after the first steps, validation and checkpoints.
        for seconds in [0.3, 0.9, 1.2, 1.7] {
            try Program.run(train + ["--out", "part"], in: folder, killAfter: seconds)
        }
        let rest = try Program.run(train + ["--out", "part"], in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(
            try folder.data("part/average.safetensors")
                == folder.data("whole/average.safetensors"))
        let left = try FileManager.default.contentsOfDirectory(
            atPath: "\(folder.path)/part/checkpoints")
        // The last checkpoint and the one before it.
        #expect(left.filter { $0.hasPrefix("step-") }.count == 2, "\(left)")
        #expect(!left.contains { $0.contains("tmp") }, "\(left)")
    }

    @Test("bf16 follows fp32") func precision() throws {
        let folder = try Folder()
        func losses(_ precision: String) throws -> [Double] {
            let run = try Program.run(
                [
                    "train", "--recipe", "base.yaml", "--out", precision, "--max-steps", "3",
                    "--trace", "\(precision).jsonl", "--set", "precision=\(precision)",
                ], in: folder)
            #expect(run.status == 0, "\(run.errors)")
            return try folder.lines("\(precision).jsonl").compactMap { $0["loss"] }
        }
        let (full, half) = try (losses("fp32"), losses("bf16"))
        #expect(full.count == 3)
        // bf16 has 8 bits of mantissa; 20 layers of it move a loss of 1.4 by a few hundredths.
        for (left, right) in zip(full, half) { #expect(abs(left - right) < 0.05 * left) }
        #expect(full != half)
    }

    @Test("Ctrl-C saves, says so and exits with 130") func interrupt() throws {
        let folder = try Folder()
        let errors = URL(fileURLWithPath: "\(folder.path)/errors")
        let process = try Program.start(
            [
                "train", "--recipe", "teacher.yaml", "--set", "schedule.epochs=200", "--out",
                "run",
            ],
            in: folder.path, output: URL(fileURLWithPath: "\(folder.path)/output"),
            errors: errors)
        let deadline = Date(timeIntervalSinceNow: 60)
        while !folder.exists("run/checkpoints/latest.json"), Date() < deadline {
            Thread.sleep(forTimeInterval: 0.05)
        }
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let text = try String(contentsOf: errors, encoding: .utf8)
        #expect(text.contains("which is saved; the same command with --resume goes on from there"))
    }

    @Test("eval, predict, average, export and views agree with the run") func tools() throws {
        let folder = try Folder.prepared()
        let result = try JSONSerialization.jsonObject(with: folder.data("teacher/result.json"))
        let top1 = try #require((result as? [String: Any])?["average_top1"] as? Double)
        let eval = try Program.run(
            [
                "eval", "--teacher", "card.yaml", "--recipe", "teacher.yaml", "--data", "val",
                "--json",
            ],
            in: folder)
        // The card's preprocessing differs from the recipe's in mean and std only.
        #expect(eval.status == 0, "\(eval.errors)")
        let byModel = try Program.run(
            [
                "eval", "--model", "beit_micro_patch4_32", "--weights",
                "teacher/average.safetensors", "--recipe", "teacher.yaml", "--data", "val",
                "--json",
            ], in: folder)
        let accuracy = try JSONSerialization.jsonObject(with: Data(byModel.output.utf8))
        #expect((accuracy as? [String: Any])?["top1"] as? Double == top1)

        let predict = try Program.run(
            [
                "predict", "--teacher", "card.yaml", "--logits", "--json", "val/c0/0.jpg",
                "val/c1/1.jpg",
            ],
            in: folder)
        let images = try predict.output.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(images.map { $0["path"] as? String } == ["val/c0/0.jpg", "val/c1/1.jpg"])
        #expect((images[0]["logits"] as? [Double])?.count == Folder.classes)
        let top = try #require(images[0]["top"] as? [[String: Any]])
        #expect(abs(top.compactMap { $0["probability"] as? Double }.reduce(0, +) - 1) < 1e-5)
        #expect(top.compactMap { $0["name"] as? String }.sorted() == ["c0", "c1", "c2", "c3"])

        try Program.run(["average", "--run", "teacher", "--out", "mean.safetensors"], in: folder)
        let mean = try SafetensorsFile(path: "\(folder.path)/mean.safetensors")
        let average = try SafetensorsFile(path: "\(folder.path)/teacher/average.safetensors")
        #expect(mean.names == average.names)
        #expect(
            try mean.tensor("head.weight").floats() == average.tensor("head.weight").floats())
        let export = try Program.run(
            ["export", "--run", "teacher", "--which", "last", "--out", "last.safetensors"],
            in: folder)
        #expect(export.status == 0, "\(export.errors)")
        #expect(
            Set(try SafetensorsFile(path: "\(folder.path)/last.safetensors").names)
                == Set(average.names))
    }

    @Test("export takes the run's result, or what it is told") func exports() throws {
        let folder = try Folder.prepared()
        let result = try String(decoding: folder.data("teacher/result.json"), as: UTF8.self)
        func export(_ which: String?) throws -> Program.Outcome {
            try Program.run(
                ["export", "--run", "teacher", "--out", "out.safetensors"]
                    + (which.map { ["--which", $0] } ?? []), in: folder)
        }
        func expect(_ outcome: Program.Outcome, is name: String) throws {
            try #require(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("\n  \(name) weights of beit_micro_patch4_32, "))
            let out = try SafetensorsFile(path: "\(folder.path)/out.safetensors")
            let kept = try SafetensorsFile(path: "\(folder.path)/teacher/\(name).safetensors")
            for tensor in kept.names {
                #expect(try out.tensor(tensor).floats() == kept.tensor(tensor).floats())
            }
        }
        for name in ["average", "best", "raw"] {
            // As if it had been the best.
            let line = try #require(result.firstMatch(of: /"result" : "[a-z]+"/)).output
            try folder.write(
                "teacher/result.json",
                Data(result.replacing(line, with: "\"result\" : \"\(name)\"").utf8))
            try expect(export(nil), is: name)
            try expect(export(name), is: name)
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/teacher/result.json")
        #expect(
            try export(nil).errors
                == "Error: teacher: no result yet; let the training end, or use --which best or "
                + "--which last\n")
        try folder.write("teacher/result.json", Data("{".utf8))
        #expect(
            try export(nil).errors
                == "Error: teacher/result.json: cannot be read: it is no JSON\n")
        try expect(export("best"), is: "best")
    }

    @Test(
        "a training says all that it could hand over, in 80 columns, and its last line which it is")
    func result() throws {
        let folder = try Folder()
        let train = [
            "train", "--recipe", "base.yaml", "--set", "schedule.epochs=3", "--set",
            "ema.decay=0.9999", "--set", "validation.batch=16", "--out", "run",
        ]
        let text = try Program.run(train, in: folder)
        try #require(text.status == 0, "\(text.errors)")
        #expect(
            text.errors.contains(
                "warning: ema: a window of 9,970 steps in a run of 6; set ema to none, or train for "
                    + "longer\n"), "\(text.errors)")
        let lines = text.output.split(separator: "\n")
        let course = text.errors.split(separator: "\n").filter { $0.contains("top-1") }
        #expect(course.count == 3)
        for line in lines + course { #expect(line.count <= 80, "\(line)") }
        let last = try #require(
            lines.last?.wholeMatch(of: /result: (\w+) (\S+) % \((\w+) \S+ %, (\w+) \S+ %\): .+/))
        #expect(
            Set([last.1, last.3, last.4].map(String.init)) == ["average", "best", "raw"])
        // The same again as JSON, from the run that is finished.
        let json = try Program.run(train + ["--resume", "--json"], in: folder)
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["result"] as? String == String(last.1))
        let top1 = try ["average", "best", "raw"].map {
            try #require(object["\($0)_top1"] as? Double)
        }
        #expect(object["top1"] as? Double == top1.max())
        #expect(String(format: "%.2f", try #require(top1.max())) == last.2)
        #expect(object["reason"] is String)
    }

    @Test("a dump holds the pixels, mixed images and targets of its slots") func views() throws {
        let folder = try Folder()
        let outcome = try Program.run(
            [
                "views", "--recipe", "base.yaml", "--epoch", "3", "--slots", "10..<15", "--dump",
                "views.safetensors", "--params", "views.json", "--sheet", "views.png",
            ], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let dump = try SafetensorsFile(path: "\(folder.path)/views.safetensors")
        #expect(dump.info("pixels")?.shape == [5, 3, 32, 32])
        #expect(dump.info("pixels")?.dtype == .uint8)
        #expect(dump.info("mixed")?.shape == [5, 3, 32, 32])
        #expect(dump.info("targets")?.shape == [5, 4])
        let params = try #require(
            JSONSerialization.jsonObject(with: folder.data("views.json")) as? [String: Any])
        #expect((params["slots"] as? [Any])?.count == 5)
        #expect(
            (params["groups"] as? [[String: Any]])?.compactMap { $0["group"] as? Int } == [0, 1])
        #expect(try folder.data("views.png").prefix(4) == Data([0x89, 0x50, 0x4e, 0x47]))
    }

    @Test("cached rows are probabilities, and the cache wraps around") func rows() throws {
        let folder = try Folder.prepared()
        func rows(_ epoch: Int) throws -> [[Double]] {
            let outcome = try Program.run(
                [
                    "cache", "rows", "--cache", "cache", "--epoch", "\(epoch)", "--slots",
                    "30..<42", "--json",
                ], in: folder)
            let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
            let rows = (object as? [String: Any])?["rows"] as? [[String: Any]]
            return (rows ?? []).compactMap { $0["probabilities"] as? [Double] }
        }
        let first = try rows(0)
        #expect(first.count == 12)
        for row in first { #expect(abs(row.reduce(0, +) - 1) < 1e-3) }
        #expect(try rows(2) == first)
        #expect(try rows(1) != first)
    }
}

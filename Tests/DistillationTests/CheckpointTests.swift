import Foundation
import Recipes
import Testing
import Torch

@testable import Distillation

@Suite("Checkpoints") struct CheckpointTests {
    /// A run of six steps, stopped after the fourth; and the same one trained to its end.
    private static func stopped() throws -> RunFixture {
        let fixture = try RunFixture()
        try fixture.train("whole")
        try fixture.train("run", maxSteps: 4)
        return fixture
    }

    private func expectSameEnd(
        _ fixture: RunFixture, sourceLocation: SourceLocation = #_sourceLocation
    )
        throws
    {
        for name in ["average.safetensors", "best.safetensors"] {
            #expect(
                try fixture.bytes("run/\(name)") == fixture.bytes("whole/\(name)"), "\(name)",
                sourceLocation: sourceLocation)
        }
    }

    @Test("the last two stay, whatever is damaged of the last") func kept() throws {
        let fixture = try Self.stopped()
        #expect(
            try fixture.files("run/checkpoints").keys.sorted() == [
                "best-epoch-0000.safetensors", "latest.json", "previous.json",
                "step-00000003.safetensors", "step-00000004.safetensors",
            ])
    }

    @Test(
        "from the checkpoint before a damaged one it comes to the same bits",
        arguments: [
            "latest.json", "step-00000004.safetensors",
        ])
    func goesOn(name: String) throws {
        let fixture = try Self.stopped()
        var bytes = try fixture.bytes("run/checkpoints/\(name)")
        bytes[bytes.count / 2] ^= 4
        try fixture.set("run/checkpoints/\(name)", bytes)
        try fixture.train("run", resume: true)
        let line = try #require(fixture.lines.lines.first { $0.contains("damaged") })
        #expect(line.contains("\(fixture.path)/run/checkpoints/\(name): "), "\(line)")
        #expect(line.hasSuffix("; going on from the checkpoint before it, of step 3"), "\(line)")
        try expectSameEnd(fixture)
    }

    @Test("a checkpoint whose file is gone is passed over too") func gone() throws {
        for name in ["latest.json", "step-00000004.safetensors"] {
            let fixture = try Self.stopped()
            try fixture.remove("run/checkpoints/\(name)")
            try fixture.train("run", resume: true)
            #expect(
                fixture.lines.lines.contains {
                    $0.contains("run/checkpoints/\(name): ")
                        && $0.hasSuffix("; going on from the checkpoint before it, of step 3")
                })
            try expectSameEnd(fixture)
        }
    }

    /// The places of a file at which a bit is flipped.
    private func places(_ count: Int) -> [Int] {
        let isLong = ProcessInfo.processInfo.environment["UNDERSTUDY_LONG_TESTS"] != nil
        let all = min(count, isLong ? 2000 : 12)
        // Headers are short and at the front; the last byte belongs to a tensor.
        let front = (0..<all).map { $0 * min(count, 4096) / all }
        return Array(Set(front + (0..<all).map { $0 * count / all } + [count - 1])).sorted()
    }

    @Test("a flipped bit anywhere is named and passed over, or changes nothing") func sweep() throws
    {
        let fixture = try Self.stopped()
        let files = try fixture.files("run")
        // The lock goes with the trainer.
        let (state, numbers) = try {
            let trainer = try fixture.trainer("run", resume: true, maxSteps: 4)
            return (trainer.state, try trainer.numbers())
        }()
        let folder = "\(fixture.path)/run/checkpoints"
        let before = try TrainingState(contentsOf: "\(folder)/previous.json")
        let earlier = try SafetensorsFile(path: "\(folder)/\(before.tensors)")
        let earlierNumbers = try Dictionary(
            uniqueKeysWithValues: earlier.names.map { ($0, try earlier.tensor($0).floats()) })
        func flip(_ name: String, _ place: Int) throws {
            var bad = try #require(files[name])
            bad[place] ^= UInt8(1 << (place % 8))
            try fixture.set("run/\(name)", bad)
            defer { try? fixture.restore("run", files) }
            let told = fixture.lines.lines.count
            let what: Comment = "byte \(place) of \(name)"
            do {
                let trainer = try fixture.trainer("run", resume: true, maxSteps: 4)
                let lines = fixture.lines.lines[told...]
                if let line = lines.first(where: { $0.contains("the checkpoint before it") }) {
                    #expect(line.contains(name), what)
                    #expect(trainer.state.steps == before.steps, what)
                    #expect(try trainer.numbers() == earlierNumbers, what)
                } else {
                    #expect(trainer.state == state, what)
                    #expect(try trainer.numbers() == numbers, what)
                }
            } catch {
                #expect("\(error)".contains(name), "\(what): \(error)")
            }
        }
        for name in files.keys.sorted() where name != ".lock" && name != "best.safetensors" {
            for place in places(files[name]?.count ?? 0) { try flip(name, place) }
        }
    }

    @Test("a state that cannot be is refused, whatever its checksum") func ranges() throws {
        let fixture = try Self.stopped()
        let files = try fixture.files("run")
        func refusal(_ change: (inout [String: Any]) -> Void) throws -> String {
            try fixture.seal("run", change)
            defer { try? fixture.restore("run", files) }
            return fixture.refusal("run")
        }
        func changed(_ key: String, _ value: Any) throws -> String {
            try refusal { $0[key] = value }
        }
        let path = "…/run/checkpoints/latest.json: "
        let end = "; there is no other checkpoint to go on from: restore it"
        let huge = 1 << 60
        #expect(try changed("step", 7) == path + "sums are of 1 steps at step 7" + end)
        #expect(try changed("step", -1) == path + "step -1 is out of range" + end)
        #expect(try changed("epoch", huge) == path + "epoch \(huge) is out of range" + end)
        #expect(try changed("epoch", 3) == path + "epoch 3 of 2 is out of range" + end)
        #expect(
            try changed("epoch", 0) == path + "names a snapshot of epoch 0 that cannot be" + end)
        #expect(
            try changed("steps", 5) == path + "names no file of tensors after 5 steps" + end)
        #expect(try changed("seconds", -1.5) == path + "seconds -1.5 is out of range" + end)
        #expect(
            try changed("seconds", "nan") == path + "cannot be read: seconds is of another type"
                + end)
        #expect(
            try changed("tensors", "../step-00000004.safetensors")
                == path + "names no file of tensors after 4 steps" + end)
        #expect(
            try refusal { object in
                object["step"] = 7
                object["sums"] = ["loss": 0, "ce": 0, "kl": 0, "steps": 7, "seconds": 0]
            } == path + "step 7 of 3 is out of range" + end)
        #expect(
            try refusal { $0["steps"] = nil } == path + "cannot be read: steps is missing" + end)
        #expect(
            try changed("format", 3) == path + "is of format 3, which a later version wrote" + end)
        for file in ["/etc/passwd", "best-epoch-0001.safetensors"] {
            #expect(
                try refusal {
                    $0["best"] = ["slots": [["epoch": 0, "top1": 50.0, "file": file], NSNull()]]
                } == path + "names a snapshot of epoch 0 that cannot be" + end)
        }
        #expect(
            try refusal {
                $0["best"] = ["slots": [NSNull(), NSNull()]]
            } == path + "does not hold 1 snapshots" + end)
        // A number beyond Int, and text that is no number.
        let text = String(decoding: try #require(files["checkpoints/latest.json"]), as: UTF8.self)
        for value in ["1e400", "99999999999999999999", "nan", "\"4\""] {
            let bad = text.replacingOccurrences(of: "\"steps\" : 4", with: "\"steps\" : \(value)")
            #expect(throws: SealedJSON.Problem.self) {
                try SealedJSON.decode(TrainingState.self, from: Array(bad.utf8.dropFirst(26)))
            }
        }
    }

    @Test("files that were exchanged are not what the state names") func exchanged() throws {
        let fixture = try Self.stopped()
        try fixture.train("other", maxSteps: 4, overrides: ["seed=7"])
        let name = "checkpoints/step-00000004.safetensors"
        try fixture.set("run/\(name)", fixture.bytes("other/\(name)"))
        try fixture.train("run", resume: true)
        #expect(
            fixture.lines.lines.contains(
                "\(fixture.path)/run/\(name): is not the file that the checkpoint names; going on from "
                    + "the checkpoint before it, of step 3"))
        try expectSameEnd(fixture)
    }

    @Test("a damaged snapshot is named, and costs its part of the average alone") func snapshot()
        throws
    {
        let fixture = try Self.stopped()
        let name = "run/checkpoints/best-epoch-0000.safetensors"
        var bytes = try fixture.bytes(name)
        bytes[bytes.count - 1] ^= 0x40
        try fixture.set(name, bytes)
        try fixture.train("run", resume: true)
        for end in ["the average will be without it", "the average is without it"] {
            let line = try #require(fixture.lines.lines.first { $0.hasSuffix(end) })
            #expect(line.contains("\(fixture.path)/\(name): '"), "\(line)")
            #expect(line.contains("is damaged"), "\(line)")
        }
        let result = try JSONDecoder().decode(
            TrainingResult.self, from: Data(fixture.bytes("run/result.json")))
        #expect(result.averaged == 1)
        // Where none is left there is no average, and nothing else is lost.
        let other = "run/checkpoints/best-epoch-0001.safetensors"
        try fixture.set(other, Array(fixture.bytes(other).dropLast()))
        let error = #expect(throws: TrainingError.self) { try fixture.train("run", resume: true) }
        #expect(
            error?.description
                == "\(fixture.path)/run: none of the 2 best snapshots is whole; restore one, or "
                + "export the last weights")
    }

    @Test(
        "what cannot be read may be whole, so that nothing is gone on from before it",
        arguments: ["latest.json", "step-00000004.safetensors", "best-epoch-0000.safetensors"])
    func unreadable(name: String) throws {
        let fixture = try Self.stopped()
        let path = "\(fixture.path)/run/checkpoints/\(name)"
        try FileManager.default.moveItem(atPath: path, toPath: "\(fixture.path)/aside")
        // As on a disk or a network that fails for a while.
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: name)
        let refusal = fixture.refusal("run")
        #expect(refusal.contains("…/run/checkpoints/\(name): Too many levels of symbolic links; "))
        #expect(
            refusal.hasSuffix("; resume when it can be read, for it may be whole"), "\(refusal)")
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: "\(fixture.path)/aside", toPath: path)
        try fixture.train("run", resume: true)
        try expectSameEnd(fixture)
    }

    @Test("who reads a run takes the checkpoint before a damaged one, with a line") func reading()
        throws
    {
        let fixture = try Self.stopped()
        let folder = "\(fixture.path)/run/checkpoints"
        let files = try fixture.files("run")
        var flipped = try fixture.bytes("run/checkpoints/step-00000004.safetensors")
        flipped[flipped.count - 1] ^= 2
        let damages: [(String, [UInt8]?)] = [
            ("latest.json", Array("{}".utf8)), ("latest.json", nil),
            ("step-00000004.safetensors", Array("{}".utf8)), ("step-00000004.safetensors", flipped),
        ]
        for (name, bytes) in damages {
            if let bytes {
                try fixture.set("run/checkpoints/\(name)", bytes)
            } else {
                try fixture.remove("run/checkpoints/\(name)")
            }
            var said: [String] = []
            let run = SavedRun("\(fixture.path)/run") { said.append($0) }
            #expect(try run.tensors().path == "\(folder)/step-00000003.safetensors")
            #expect(said.count == 1)
            #expect(said.first?.contains("\(folder)/\(name): ") == true)
            #expect(
                said.first?.hasSuffix("; taking the checkpoint before it, of step 3") == true)
            try fixture.restore("run", files)
        }
        let intact = SavedRun("\(fixture.path)/run") { Issue.record("\($0)") }
        #expect(try intact.tensors().path == "\(folder)/step-00000004.safetensors")
        #expect(
            try intact.snapshots().map(\.path) == ["\(folder)/best-epoch-0000.safetensors"])
        #expect(throws: TrainingError.self) {
            try SavedRun(fixture.path) { _ in }.tensors()
        }
    }

    @Test("a run of an earlier version goes on with a line, to the same bits") func earlier() throws
    {
        let fixture = try Self.stopped()
        // What that version wrote: no checksums, no identity, one checkpoint.
        let folder = "\(fixture.path)/run/checkpoints"
        for name in ["step-00000004", "best-epoch-0000"] {
            let path = "\(folder)/\(name).safetensors"
            let file = try SafetensorsFile(path: path)
            try SafetensorsFile.write(
                file.names.map { ($0, try file.tensor($0)) }, metadata: file.metadata, to: path)
        }
        let text = String(decoding: try fixture.bytes("run/checkpoints/latest.json"), as: UTF8.self)
        var object = try #require(
            JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        for key in ["crc32c", "format", "identity", "metrics", "seal"] { object[key] = nil }
        object["best"] = [
            "slots": [
                ["epoch": 0, "top1": 50, "file": "best-epoch-0000.safetensors"], NSNull(),
            ]
        ]
        try fixture.set(
            "run/checkpoints/latest.json", Array(JSONSerialization.data(withJSONObject: object)))
        try fixture.remove("run/checkpoints/previous.json")
        try fixture.remove("run/checkpoints/step-00000003.safetensors")
        let files = try fixture.files("run")
        try fixture.train("run", resume: true)
        #expect(
            fixture.lines.lines.contains(
                "\(folder)/latest.json: an earlier version wrote it, without checksums and without "
                    + "what it learned from: neither can be checked"))
        #expect(
            try fixture.bytes("run/average.safetensors")
                == fixture.bytes("whole/average.safetensors"))
        #expect(!fixture.lines.lines.contains { $0.contains("validation images") })
        // Without recipe.yaml nothing says whose it is.
        try fixture.restore("run", files)
        try fixture.remove("run/recipe.yaml")
        let refusal = fixture.refusal("run")
        #expect(refusal.contains("the checkpoint does not say which recipe it is of"), "\(refusal)")
    }

    @Test("an interrupted validation is done again, not its epoch") func validation() throws {
        let fixture = try Self.stopped()
        let path = "\(fixture.path)/val/c1/3.png"
        let image = try fixture.bytes("val/c1/3.png")
        // Its header and its end are good, its pixels are not.
        let damage = [UInt8](repeating: 0, count: image.count - 72)
        try fixture.set("val/c1/3.png", Array(image.prefix(60)) + damage + image.suffix(12))
        let error = #expect(throws: TrainingError.self) {
            try fixture.train("fresh", overrides: ["data.on_error=substitute"])
        }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("\(path): "), "\(text)")
        #expect(
            text.hasSuffix(
                "(in the validation of epoch 1; the training up to step 3 is saved); data.on_error "
                    + "holds for training images only"), "\(text)")
        try fixture.set("val/c1/3.png", image)
        let trainer = try fixture.trainer(
            "fresh", resume: true, overrides: ["data.on_error=substitute"])
        #expect(trainer.state.epoch == 0)
        #expect(trainer.state.step == 3)
        _ = try trainer.run()
        #expect(
            try fixture.bytes("fresh/metrics.jsonl").split(separator: 10).count == 2)
    }

    @Test("validation images that are none are named at the start") func headers() throws {
        let fixture = try RunFixture()
        try fixture.set("val/c1/3.png", Array("no image".utf8))
        #expect(fixture.refusal("run").hasPrefix("…/val/c1/3.png: "))
        #expect(!fixture.exists("run"))
    }
}

@Suite("Numbers that are not finite") struct NotFiniteTests {
    @Test("a gradient is named before any weight moves") func gradient() throws {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run", maxSteps: 1)
        let before = try trainer.numbers()
        let name = trainer.setup.step.optimizer.parameters.names[3]
        let parameter = trainer.setup.step.optimizer.parameters.tensors[3]
        try parameter.setGrad(Tensor.full(parameter.shape, .infinity))
        let error = #expect(throws: TrainingError.self) { try trainer.run() }
        #expect(
            error?.description
                == "the gradient of \(name) is not finite at epoch 0, step 0 (slots 0..<4); the last "
                + "good checkpoint is step-00000000.safetensors; lower optimizer.lr or use precision "
                + "fp32")
        #expect(try trainer.numbers() == before)
        #expect(trainer.setup.step.optimizer.steps == 0)
    }

    @Test("a weight is named before its loss moves any other") func weight() throws {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run", maxSteps: 1)
        let name = try #require(trainer.setup.step.network.store.parameters.last?.name)
        try withoutGrad { try trainer.setup.step.network.store[name]?.fill(.nan) }
        let error = #expect(throws: TrainingError.self) { try trainer.run() }
        #expect(error?.description.hasPrefix("\(name) is not finite at epoch 0, step 0") == true)
        let save = #expect(throws: TrainingError.self) { try trainer.save() }
        #expect(save?.description.hasPrefix("model.\(name) is not finite") == true)
    }

    @Test("a network whose logits are not finite has no accuracy") func logits() throws {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run")
        let name = try #require(trainer.setup.step.network.store.parameters.last?.name)
        try withoutGrad { try trainer.setup.step.validated.store[name]?.fill(.infinity) }
        let error = #expect(throws: TrainingError.self) {
            try trainer.setup.validation.evaluator.accuracy(of: trainer.setup.step.validated)
        }
        #expect(
            error?.description
                == "\(fixture.path)/val/c0/0.png: the network's logits are not finite, so its accuracy "
                + "cannot be measured; look at its weights")
    }

    @Test("one value per channel is refused before the training") func batchNorm() throws {
        let fixture = try RunFixture()
        let resnet = ["model.name=resnet18", "batch.group=1"]
        #expect(
            fixture.refusal("run", overrides: resnet)
                == "batch.group 1 leaves one value per channel at 32 px, over which resnet18 cannot "
                + "normalize; raise batch.group or view.size")
        #expect(!fixture.exists("run"))
        // Four values, two images, and a network without such a layer.
        for overrides in [
            resnet + ["view.size=33"], ["model.name=resnet18"], ["batch.group=1"],
        ] {
            #expect(fixture.refusal("a", overrides: overrides) == "none", "\(overrides)")
            try fixture.remove("a")
        }
    }

    @Test("infinities and NaN are found in every type of fraction") func found() throws {
        for dtype in DType.allCases where dtype.isFloatingPoint {
            for value in [Double.nan, .infinity, -.infinity] {
                let bad = try Tensor([1, Float(value), 2], shape: [3]).to(dtype)
                let good = try Tensor([-1, 0, 65504] as [Float], shape: [3]).to(dtype)
                #expect(try firstNotFinite([("a", good), ("b", bad), ("c", bad)]) == "b")
                #expect(try firstNotFinite([("a", good)]) == nil)
            }
        }
        #expect(try firstNotFinite([("n", Tensor([1 as Int64], shape: []))]) == nil)
        #expect(try firstNotFinite([("e", Tensor.zeros([0]))]) == nil)
    }
}

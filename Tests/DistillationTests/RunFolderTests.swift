import Foundation
import ResponseCache
import Testing
import Torch

@testable import Distillation

@Suite("A run's folder") struct RunFolderTests {
    @Test("a folder with other things and no training is refused, and stays as it is")
    func foreign() throws {
        let fixture = try RunFixture()
        let cases = [
            "notes": "notes.txt", "checkpoints": "checkpoints/keep.pt",
            "names": "checkpoints/step-00000001.safetensors",
            "state": "checkpoints/latest.json", "hidden": ".DS_Store", "tmp": "x.tmp",
            "recipe": "recipe.yaml", "ours": ".tmp-notes.txt-1-0000000000000abc",
        ]
        for (folder, name) in cases {
            try fixture.scratch.write("\(folder)/\(name)", "name: somebody's\nepoch: 1\n")
            let before = try fixture.files(folder)
            let held = name.split(separator: "/")[0]
            for resume in [false, true] {
                #expect(
                    fixture.refusal(folder, resume: resume)
                        == "…/\(folder): is not empty and holds no training (it holds \(held))")
                #expect(try fixture.files(folder) == before)
            }
        }
    }

    @Test("a file, an empty name and a folder that cannot be made are refused") func noFolder()
        throws
    {
        let fixture = try RunFixture()
        try fixture.scratch.write("file", "text")
        #expect(
            fixture.refusal("file")
                == "…/file: is a file, and a run is a folder")
        #expect(fixture.refusal("file/run") == "…/file/run: Not a directory")
        var options = fixture.options("", resume: false)
        options.out = ""
        let error = #expect(throws: TrainingError.self) {
            _ = try Trainer(recipe: fixture.recipe(), options: options, progress: fixture.lines)
        }
        #expect(error?.description == "the run's folder has an empty name")
        options.out = "/proc/understudy"
        let unmade = #expect(throws: TrainingError.self) {
            _ = try Trainer(recipe: fixture.recipe(), options: options, progress: fixture.lines)
        }
        #expect(
            unmade?.description
                == "/proc/understudy: cannot make the folder: No such file or directory")
    }

    @Test("a training that cannot begin leaves no folder, and an empty one empty") func undone()
        throws
    {
        let fixture = try RunFixture()
        try fixture.remove("val/c1")
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/empty", withIntermediateDirectories: false)
        #expect(fixture.refusal("a/b/run").contains("1 class folders"))
        #expect(!fixture.exists("a"))
        #expect(fixture.refusal("empty").contains("1 class folders"))
        #expect(try fixture.files("empty").isEmpty)
    }

    @Test("what is not the run's stays in it; what a kill left goes") func own() throws {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 2)
        let foreign = [
            "notes.tmp", "best.safetensors.77.tmp", "checkpoints/notes.txt",
            "checkpoints/mine.safetensors", "checkpoints/step-00000099.safetensors",
            "checkpoints/best-epoch-0099.safetensors",
            "checkpoints/folder/step-00000001.safetensors",
            "checkpoints/.tmp-mine-1-0000000000000abc",
        ]
        for name in foreign { try fixture.scratch.write("run/\(name)", "mine") }
        let left = [
            ".tmp-result.json-1-0000000000000abc",
            "checkpoints/.tmp-latest.json-1-0000000000000abc",
            "checkpoints/.tmp-step-00000003.safetensors-1-0000000000000abc",
        ]
        for name in left { try fixture.scratch.write("run/\(name)", "half") }
        // A kill between a checkpoint's tensors and its state.
        let orphan = "checkpoints/step-00000050.safetensors"
        try SafetensorsFile.write(
            [("model.x", try Tensor.ones([1]))], metadata: ["step": "50"],
            to: "\(fixture.path)/run/\(orphan)")
        try fixture.train("run", resume: true)
        for name in foreign {
            #expect(try fixture.bytes("run/\(name)") == Array("mine".utf8), "\(name)")
        }
        for name in left + [orphan] { #expect(!fixture.exists("run/\(name)"), "\(name)") }
    }

    @Test("a training that was killed before its first state begins again") func killedAtStart()
        throws
    {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 1)
        try fixture.train("killed", maxSteps: 1)
        for name in ["latest.json", "previous.json", "step-00000001.safetensors"] {
            try fixture.remove("killed/checkpoints/\(name)")
        }
        try fixture.remove("killed/recipe.yaml")
        try fixture.remove("killed/metrics.jsonl")
        for name in try fixture.files("killed").keys where EventFile.isName(name) {
            try fixture.remove("killed/\(name)")
        }
        try fixture.scratch.write("killed/checkpoints/.tmp-latest.json-1-0000000000000abc", "{")
        try fixture.train("killed", maxSteps: 1)
        let name = "checkpoints/step-00000001.safetensors"
        #expect(try fixture.bytes("killed/\(name)") == fixture.bytes("run/\(name)"))
    }

    @Test("a run whose states are gone is not begun again") func statesGone() throws {
        let fixture = try RunFixture()
        try fixture.train("run")
        try fixture.remove("run/checkpoints/latest.json")
        try fixture.remove("run/checkpoints/previous.json")
        let made = [
            "result.json", "average.safetensors", "best.safetensors", "raw.safetensors",
            "card.yaml", "metrics.jsonl",
        ]
        for name in made {
            let before = try fixture.files("run")
            #expect(
                fixture.refusal("run")
                    == "…/run/checkpoints/latest.json: is gone, but the run's \(name) is there; "
                    + "restore it")
            #expect(try fixture.files("run") == before)
            try fixture.remove("run/\(name)")
        }
        #expect(fixture.refusal("run").contains("checkpoints/best-epoch-0000.safetensors is there"))
        #expect(
            fixture.refusal("run", resume: false)
                == "…/run: holds a training already")
    }

    @Test("a folder in use is refused before anything is read") func busy() throws {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run")
        #expect(
            fixture.refusal("run", overrides: ["data.train=\(fixture.path)/none"])
                == "…/run: another process is training here; wait for it")
        withExtendedLifetime(trainer) {}
    }

    @Test("without recipe.yaml the checkpoint says whose it is") func recipe() throws {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 2)
        let text = try fixture.bytes("run/recipe.yaml")
        let other = ["optimizer.lr=0.06"]
        #expect(
            fixture.refusal("run", overrides: other)
                == "…/run/recipe.yaml: the run was begun with another recipe: it says 'lr: 0.05', now "
                + "it would be 'lr: 0.06'; resume with the same one")
        for damage in [nil, [0xFF] + text, Array("name: [".utf8)] {
            try fixture.remove("run/recipe.yaml")
            if let damage { try fixture.set("run/recipe.yaml", damage) }
            let refusal = fixture.refusal("run", overrides: other)
            #expect(
                refusal.hasPrefix(
                    "…/run: the checkpoint is of another recipe, and recipe.yaml cannot be read ("),
                "\(refusal)")
            #expect(fixture.refusal("run") == "none")
            #expect(try fixture.bytes("run/recipe.yaml") == text)
            #expect(
                fixture.lines.lines.last?.hasSuffix(
                    "; the checkpoint is of this recipe: writing recipe.yaml anew") == true)
        }
        // Somebody put another recipe into the folder.
        try fixture.set(
            "run/recipe.yaml", Array(try fixture.recipe(other).resolvedYAML.utf8))
        #expect(
            fixture.refusal("run", overrides: other)
                == "…/run: the checkpoint is of another recipe than recipe.yaml; restore the one that "
                + "belongs to it")
    }
}

@Suite("Resuming knows its data") struct RunIdentityTests {
    @Test("a recipe is known again when keys with defaults have come since, or by its digest")
    func recipeRecord() throws {
        let recipe = try RunFixture().recipe()
        let record = recipe.contentYAML
        #expect(recipe.isRecorded(as: record))
        let older = record.replacing(try Regex("  on_error: .*\n|, on_error: [a-z]*"), with: "")
        #expect(older != record)
        #expect(recipe.isRecorded(as: older))
        #expect(!recipe.isRecorded(as: record.replacing("lr: 0.05", with: "lr: 0.06")))
        // What versions before wrote.
        let digest = Fingerprint(fields: [.init(name: "recipe", value: record)]).digest
        #expect(recipe.isRecorded(as: digest))
        #expect(!recipe.isRecorded(as: String(digest.reversed())))
    }

    @Test("the same data at another place go on, to the same bits") func moved() throws {
        let fixture = try RunFixture()
        try fixture.train("whole")
        try fixture.train("run", maxSteps: 4)
        for name in ["train", "val"] {
            try FileManager.default.moveItem(
                atPath: "\(fixture.path)/\(name)", toPath: "\(fixture.path)/moved-\(name)")
        }
        let overrides = [
            "data.train=\(fixture.path)/moved-train", "data.val=\(fixture.path)/moved-val",
        ]
        try fixture.train("run", resume: true, overrides: overrides)
        #expect(
            try fixture.bytes("run/average.safetensors")
                == fixture.bytes("whole/average.safetensors"))
        let recipe = String(decoding: try fixture.bytes("run/recipe.yaml"), as: UTF8.self)
        #expect(recipe.contains("moved-train"))
    }

    @Test("other data are refused with what differs") func other() throws {
        func refusal(_ change: (RunFixture) throws -> Void) throws -> String {
            let fixture = try RunFixture()
            // The first epoch is validated.
            try fixture.train("run", maxSteps: 4)
            try change(fixture)
            return fixture.refusal("run")
        }
        func expected(_ what: String) -> String {
            "…/run: the run was begun with other \(what); restore what it was begun with"
        }
        #expect(
            try refusal { try $0.remove("train/c0/2.png") }
                == expected("training images (12 images then, 11 now)"))
        #expect(
            try refusal { fixture in
                try fixture.remove("train/c0/2.png")
                try fixture.write("train/c0/3.png", 2)
            } == expected("training images (12 images, of other names, sizes or labels)"))
        #expect(
            try refusal { try $0.write("val/c0/9.png", 1) }
                == expected("validation images (4 images then, 5 now)"))
        #expect(
            try refusal { fixture in
                for name in ["train", "val"] {
                    try fixture.scratch.write("\(name)/classes.txt", "c1\nc0\n")
                }
            }.hasPrefix("…/run: the run was begun with other "))
    }

    @Test("before the first validation its images may be exchanged") func unmeasured() throws {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 2)
        try fixture.write("val/c0/9.png", 1)
        #expect(try fixture.train("run", resume: true)?.images == 5)
        #expect(
            fixture.lines.lines.contains(
                "the validation images are others now; none were measured yet"))
    }

    @Test("a run goes on from its weights, not from --init") func initial() throws {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run")
        try trainer.setup.step.network.store.save(to: "\(fixture.path)/w.safetensors")
        try trainer.setup.step.network.store.save(
            to: "\(fixture.path)/other.safetensors", metadata: ["a": "b"])
        func options(_ initial: String?) -> TrainingOptions {
            var options = fixture.options("begun", resume: true, maxSteps: 1)
            options.initial = initial.map { "\(fixture.path)/\($0).safetensors" }
            return options
        }
        func run(_ initial: String?) throws {
            _ = try Trainer(
                recipe: fixture.recipe(), options: options(initial), progress: fixture.lines
            ).run()
        }
        try run("w")
        try run("w")
        try run(nil)
        let error = #expect(throws: TrainingError.self) { try run("other") }
        #expect(
            error?.description
                == "\(fixture.path)/begun: the run was begun with other initial weights; restore "
                + "what it was begun with")
    }
}

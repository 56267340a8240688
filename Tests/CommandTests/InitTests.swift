import Foundation
import Loading
import Recipes
import StrictYAML
import Testing

@testable import understudy

@Suite("understudy init") struct InitTests {
    @Test("a folder alone gets a recipe with lists, which trains as it stands")
    func trains() throws {
        let folder = try Folder.prepared()
        try folder.write("train/c0/broken.jpg", Data("no image".utf8))
        let outcome = try Program.run(
            ["init", "--data", "train", "--val", "0.25", "--out", "mine.yaml", "--steps", "1"],
            in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("\nunreadable  1\n  train/c0/broken.jpg: neither JPEG"))
        #expect(outcome.output.hasPrefix("classes     4: c0, c1, c2, c3\n"))
        let lists = try ["train", "val"].map {
            try ImageDataset("\(folder.path)/mine-lists/\($0).txt")
        }
        #expect(lists.map { $0.samples.count }.reduce(0, +) == Folder.trainImages)
        #expect(lists.allSatisfy { $0.classes == ["c0", "c1", "c2", "c3"] })

        let brief = [
            "--set", "schedule.epochs=1", "--set", "model.name=resnet18", "--max-steps", "1",
        ]
        let training = try Program.run(
            ["train", "--recipe", "mine.yaml", "--out", "run"] + brief, in: folder)
        #expect(training.status == 0, "\(training.errors)")
    }

    @Test("folders and a teacher are named as they are, and the values fit")
    func folders() throws {
        let folder = try Folder.prepared()
        let call = ["init", "--data", "train", "--val", "val", "--teacher", "card.yaml", "--json"]
        let outcome = try Program.run(call + ["--steps", "600"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(!folder.exists("recipe-lists"))
        let recipe = try Recipe(
            contentsOf: "\(folder.path)/recipe.yaml", data: .counted(ListedData()))
        #expect(recipe.name == "recipe" && recipe.data.classes == Folder.classes)
        #expect(recipe.data.val == "\(folder.path)/val")
        #expect(recipe.teachers.map(\.card) == ["\(folder.path)/card.yaml"])
        #expect(recipe.view.size == 32 && recipe.cache?.epochs == recipe.schedule.epochs)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(report["batch"] as? Int == recipe.batch.size)
        // 24 steps an epoch.
        #expect(report["epochs"] as? Int == 30 && report["steps"] as? Int == 720)
        #expect((report["classes"] as? [String: Int])?["c3"] == 12)

        let text = try String(decoding: folder.data("recipe.yaml"), as: UTF8.self)
        let again = try Program.run(call, in: folder)
        #expect(again.status == 1)
        #expect(
            again.lastError
                == "Error: recipe.yaml: is there already; choose another --out, or remove it")
        #expect(try String(decoding: folder.data("recipe.yaml"), as: UTF8.self) == text)
    }

    @Test("what cannot be is refused in a line, and nothing is written")
    func refused() throws {
        let folder = try Folder.prepared()
        for (arguments, expected) in [
            (["--data", "none"], "none: no such data set"),
            (["--data", "train", "--val", "card.yaml"], "card.yaml:1:"),
            (["--data", "train", "--val", "0.9"], "--val"),
            (["--data", "train", "--out", "no/recipe.yaml"], "no: cannot be written"),
        ] {
            let outcome = try Program.run(["init"] + arguments, in: folder)
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains(expected), "\(outcome.errors)")
        }
        #expect(!folder.exists("recipe.yaml") && !folder.exists("recipe-lists"))
    }

    @Test(
        "the student's side does not blow images up",
        arguments: [(28, 32), (48, 32), (64, 64), (100, 96), (191, 160), (192, 224), (3000, 224)])
    func side(shortSide: Int, expected: Int) {
        let sides = [1, shortSide, 9000]
        #expect(StarterRecipe.side(of: sides, hasGPU: true) == expected)
        #expect(StarterRecipe.side(of: sides, hasGPU: false) == min(expected, 64))
    }

    @Test("a teacher is trained on mild views, and its card teaches a student")
    func teacher() throws {
        let folder = try Folder.prepared()
        let brief = ["--set", "schedule.epochs=1"]
        for arguments in [
            ["init", "--data", "train", "--for-teacher", "--out", "mild.yaml"],
            ["train", "--recipe", "mild.yaml", "--out", "mild-run"] + brief,
            ["init", "--data", "train", "--teacher", "mild-run/card.yaml"],
            ["train", "--recipe", "recipe.yaml", "--build-cache", "--cache", "responses"] + brief
                + ["--out", "run"],
        ] {
            let outcome = try Program.run(arguments, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let recipe = try Recipe(
            contentsOf: "\(folder.path)/mild.yaml", data: .counted(ListedData()))
        #expect(recipe.view.mix == nil && recipe.view.randaugment == nil)
        let card = try TeacherCard(contentsOf: "\(folder.path)/mild-run/card.yaml")
        let result = try #require(
            try JSONSerialization.jsonObject(with: folder.data("mild-run/result.json"))
                as? [String: Any])
        let chosen = try #require(result["result"] as? String)
        #expect(card.weights?.file == "\(folder.path)/mild-run/\(chosen).safetensors")
        #expect(card.classNames == ["c0", "c1", "c2", "c3"] && card.name == "mild")
        let top1 = try #require(result["top1"] as? Double)
        #expect(abs(try #require(card.top1) - top1) < 0.01)
        // The card, its weights and the validation answer alike.
        let eval = try Program.run(
            [
                "eval", "--teacher", "mild-run/card.yaml", "--data",
                "mild-lists/val.txt", "--json",
            ], in: folder)
        let figures = try #require(
            try JSONSerialization.jsonObject(with: Data(eval.output.utf8)) as? [String: Any])
        #expect(abs(try #require(figures["top1"] as? Double) - top1) < 1e-9)
    }
}

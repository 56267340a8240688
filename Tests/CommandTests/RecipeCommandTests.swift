import Foundation
import Recipes
import Testing

@testable import understudy

@Suite("understudy recipe") struct RecipeCommandTests {
    @Test("prints a recipe that reads back, with overrides and every default")
    func resolved() throws {
        let folder = try Folder.prepared()
        let call = [
            "recipe", "check", "base.yaml", "--set", "batch.repeats=1", "--set", "seed=7",
        ]
        let outcome = try Program.run(call, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let recipe = try Recipe(parsing: outcome.output, path: "/elsewhere/recipe.yaml")
        #expect(recipe.seed == 7)
        #expect(outcome.output == recipe.resolvedYAML)
    }

    @Test("prints the documentation of the keys")
    func keys() throws {
        let outcome = try Program.run(["recipe", "keys"], in: Folder.prepared())
        #expect(outcome.output == Recipe.reference)
    }

    @Test(
        "a short recipe is completed from its images, which need not be there if they are counted")
    func short() throws {
        let folder = try Folder.prepared()
        try folder.write(
            "short.yaml",
            Data("data: {train: train, val: val}\nschedule: {epochs: 3}\nema: {decay: 0.5}\n".utf8))
        let outcome = try Program.run(["recipe", "check", "short.yaml"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let recipe = try Recipe(parsing: outcome.output, path: "/elsewhere/recipe.yaml")
        #expect(recipe.name == "short" && recipe.schedule.epochs == 3)
        #expect(recipe.data.classes == Folder.classes)

        let counted = ["recipe", "check", "short.yaml", "--set", "data.train=/none"]
        let missing = try Program.run(counted, in: folder)
        #expect(missing.status == 1)
        #expect(missing.errors.contains("--set data.train=/none: /none: no such data set"))
        #expect(missing.errors.contains("data.classes, batch.group"))
        let told = try Program.run(
            counted + ["--images", "48", "--set", "data.classes=4"], in: folder)
        #expect(told.status == 0, "\(told.errors)")
    }

    @Test("prints every error with its place, in JSON as well")
    func errors() throws {
        let folder = try Folder.prepared()
        try folder.write(
            "bad.yaml", Data("data: {train: a, val: b}\nsede: 1\nmodel: {init: jax}\n".utf8))
        let call = ["recipe", "check", "bad.yaml", "--images", "48", "--set", "data.classes=4"]
        let outcome = try Program.run(call, in: folder)
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("Error: bad.yaml:2:1: unknown key 'sede'") == true)
        #expect(lines.last?.hasPrefix("bad.yaml:3:15: model.init: expected one of") == true)

        let json = try Program.run(call + ["--json"], in: folder)
        #expect(json.status == 1 && json.errors.contains("bad.yaml: 2 errors"))
        struct Report: Decodable {
            struct Fault: Decodable {
                let place: String
                let line: Int
                let column: Int
            }
            let errors: [Fault]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8))
        #expect(report.errors.map { [$0.line, $0.column] } == [[2, 1], [3, 15]])
        #expect(report.errors.allSatisfy { $0.place == "bad.yaml" })
    }
}

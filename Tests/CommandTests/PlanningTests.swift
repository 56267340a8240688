import Foundation
import Testing

@testable import understudy

@Suite("Break-even") struct BreakEvenTests {
    @Test("is where the hours of both ways cross") func crossing() throws {
        for (training, forward, caching, reading, epochs, cached) in [
            (0.004, 0.002, 0.0025, 1e-6, 90, 90), (0.004, 0.002, 0.006, 1e-6, 90, 30),
            (0.1, 0.05, 0.08, 0.001, 10, 40), (0.004, 0.002, 0.002, 0, 100, 25),
        ] {
            let costs = BreakEven.Costs(
                training: training, forward: forward, caching: caching, reading: reading)
            func pair(students: Int, epochs: Int) -> (loop: Double, cache: Double) {
                let one = BreakEven(views: 3600, epochs: epochs, cached: cached, costs)
                return (
                    Double(students) * one.loopHours,
                    one.firstHours + Double(students - 1) * one.studentHours
                )
            }
            let result = BreakEven(views: 3600, epochs: epochs, cached: cached, costs)
            let students = try #require(result.students)
            let after = pair(students: students, epochs: epochs)
            #expect(after.cache < after.loop)
            if students > 1 {
                let before = pair(students: students - 1, epochs: epochs)
                #expect(before.cache >= before.loop * (1 - 1e-12))
            }
            let enough = try #require(result.epochs)
            let longer = pair(students: 1, epochs: enough)
            #expect(longer.cache < longer.loop)
            let shorter = pair(students: 1, epochs: max(enough - 1, 1))
            #expect(enough == 1 || shorter.cache >= shorter.loop * (1 - 1e-12))
        }
    }

    @Test("is never where a response is read no faster than computed") func never() {
        let result = BreakEven(
            views: 100, epochs: 10, cached: 10,
            .init(training: 0.1, forward: 0.001, caching: 0.001, reading: 0.001))
        #expect(result.students == nil && result.epochs == nil)
        #expect(result.lines(teachers: 1).last?.hasPrefix("break-even       never") == true)
    }

    @Test("hours are said in the unit that shows them") func units() {
        #expect([37.24, 0.5, 0.001].map(\.hourText) == ["37.2 h", "30 min", "4 s"])
    }
}

@Suite("understudy bench --recipe and plan") struct PlanningTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("a plan of what was measured has its bytes, hours and break-even")
    func measured() throws {
        let folder = try Folder.prepared()
        let bench = try Program.run(
            ["bench", "--recipe", "student.yaml", "--seconds", "0.2", "--json"], in: folder)
        #expect(bench.status == 0, "\(bench.errors)")
        let figures = try object(bench.output)
        #expect(figures["images"] as? Int == Folder.trainImages)
        for key in ["views", "student", "training"] {
            let speed = try #require(figures[key] as? [String: Any])
            #expect(try #require(speed["images_per_second"] as? Double) > 0)
        }
        let memory = try #require(figures["training_memory"] as? [String: Any])
        #expect(try #require(memory["host"] as? Int) > 1 << 24)
        let teacher = try #require((figures["teachers"] as? [[String: Any]])?.first)
        // Of top-3: three of float16 and three of uint16.
        #expect(teacher["bytes_per_response"] as? Double == 12)

        try folder.write("bench.json", Data(bench.output.utf8))
        let call = ["plan", "--recipe", "student.yaml", "--measured", "bench.json"]
        let plan = try Program.run(call + ["--json"], in: folder)
        #expect(plan.status == 0, "\(plan.errors)")
        let planned = try object(plan.output)
        let training = try #require(
            (figures["training"] as? [String: Any])?["images_per_second"] as? Double)
        let rows = try #require(teacher["rows_per_second"] as? Double)
        let hours = 48 * 8 * (1 / training + 1 / rows) / 3600
        #expect(abs(try #require(planned["student_hours"] as? Double) / hours - 1) < 1e-9)
        let cache = try #require(planned["cache"] as? [String: Any])
        // The cache that is there was built by this recipe.
        let info = try object(
            Program.run(["cache", "info", "--cache", "cache", "--json"], in: folder).output)
        let bytes = try #require(cache["bytes"] as? Double)
        let there = try #require(info["bytes"] as? Double)
        #expect(abs(bytes / there - 1) < 0.05, "\(bytes) planned, \(there) there")
        #expect(planned["break_even"] is [String: Any])
        let text = try Program.run(call, in: folder)
        #expect(text.output.contains("break-even       "))

        let other = try Program.run(call + ["--set", "view.size=48"], in: folder)
        #expect(other.status == 1)
        #expect(
            other.lastError
                == "Error: bench.json: was measured with another recipe (view.size: 32 there, 48 "
                + "here); measure this one", "\(other.errors)")
    }

    @Test("plan --measure does both, with the sample's bytes of a bounded cache")
    func measure() throws {
        let folder = try Folder.prepared()
        let recipe = """
            extends: base.yaml
            name: bounded
            teacher: {card: card.yaml, precision: fp32}
            cache: {epochs: 2, encoding: bounded, max_kl: 0.01, groups_per_part: 3}
            loss: {kl: 0.8, ce: 0.2}

            """
        try folder.write("bounded.yaml", Data(recipe.utf8))
        let outcome = try Program.run(
            [
                "plan", "--recipe", "bounded.yaml", "--measure", "--seconds", "0.2", "--images",
                "480",
            ], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("images           480\n"))
        #expect(outcome.output.contains(" B each, as "))
    }

    @Test("a recipe of labels alone has neither teacher nor break-even") func labels() throws {
        let outcome = try Program.run(
            ["plan", "--recipe", "base.yaml", "--measure", "--seconds", "0.2"],
            in: Folder.prepared())
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("student          "))
        #expect(!outcome.output.contains("teacher"))
        #expect(!outcome.output.contains("break-even"))
    }

    @Test("without --images the recipe's are counted, if they are there") func counted() throws {
        let folder = try Folder.prepared()
        let call = ["plan", "--recipe", "student.yaml"]
        let plan = try Program.run(call, in: folder)
        #expect(plan.status == 0, "\(plan.errors)")
        #expect(plan.output.contains("images           \(Folder.trainImages)\n"))
        let missing = try Program.run(call + ["--set", "data.train=gone"], in: folder)
        #expect(missing.status == 1)
        #expect(
            missing.lastError.hasSuffix("; or say how many --images there are"),
            "\(missing.errors)")
    }

    @Test("what is no measurement, and figures that exclude each other, are one line")
    func faults() throws {
        let folder = try Folder.prepared()
        for (name, text) in [("a", "{}"), ("b", "x"), ("c", "[1]")] {
            try folder.write(name, Data(text.utf8))
            let outcome = try Program.run(
                ["plan", "--recipe", "student.yaml", "--measured", name], in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.errors.split(separator: "\n").count == 1)
            #expect(
                outcome.errors.hasPrefix(
                    "Error: \(name): is not what understudy bench --recipe … --json prints ("),
                "\(outcome.errors)")
        }
        for (arguments, line) in [
            (
                ["--measure", "--measured", "a"],
                "--measure and --measured are two ways to the same figures"
            ),
            (
                ["--measure", "--student-speed", "1"],
                "a speed is measured, or given: leave one out"
            ),
        ] {
            let error = #expect(throws: (any Error).self) {
                _ = try Understudy.parseAsRoot(["plan", "--recipe", "r"] + arguments)
            }
            #expect(error.map { Understudy.message(for: $0) } == line)
        }
    }
}

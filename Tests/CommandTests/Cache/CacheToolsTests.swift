import Foundation
import Testing

@Suite("cache verify and cache merge") struct CacheToolsTests {
    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("the teacher that made a cache agrees with it") func sample() throws {
        let folder = try Folder.prepared()
        let verify = ["cache", "verify", "--cache", "cache", "--recipe", "student.yaml"]
        let run = try Program.run(verify + ["--sample", "3", "--json"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        let report = try json(run.output)
        #expect(report["parts"] as? Int == 4)
        #expect((report["faults"] as? [Any])?.isEmpty == true)
        let sample = try #require(report["sample"] as? [String: Any])
        #expect(sample["failed"] as? Int == 0)
        let groups = try #require(sample["groups"] as? [[String: Any]])
        #expect(groups.count == 3)
        for group in groups {
            #expect(group["same_pixels"] as? Bool == true)
            #expect(group["rerun_max_kl"] as? Double == 0)
            let mean = try #require(group["mean_kl"] as? Double)
            let maximum = try #require(group["max_kl"] as? Double)
            #expect(mean >= 0 && mean <= maximum)
        }
        // The same seed draws the same groups.
        #expect(
            try Program.run(verify + ["--sample", "3", "--json"], in: folder).output == run.output)
        let strict = try Program.run(verify + ["--sample", "99", "--max-kl", "0"], in: folder)
        #expect(strict.status == 1)
        #expect(
            strict.lastError.hasSuffix(
                "groups are not what the teacher says now (mean KL above 0.0, or other pixels)"),
            "\(strict.errors)")
    }

    @Test("a build and a look at its cache say how often the teacher agrees with the labels")
    func agreement() throws {
        let folder = try Folder.prepared()
        let labels =
            /labels:? +(the teacher's first class in [\d.]+ % of 96 views \([\d.]+ % by chance\))/
        func text(_ outcome: Program.Outcome) throws -> Substring {
            try #require(outcome.output.firstMatch(of: labels), "\(outcome)").1
        }
        let recipe = ["--recipe", "student.yaml"]
        let build = try Program.run(
            ["cache", "build", "--cache", "cache"] + recipe, in: folder)
        let processes = try Program.run(
            ["cache", "build", "--cache", "cache", "--processes", "2", "--json"] + recipe,
            in: folder)
        let info = ["cache", "info", "--cache", "cache"]
        #expect(try text(Program.run(info + recipe, in: folder)) == text(build))
        let object = try #require(
            json(Program.run(info + recipe + ["--json"], in: folder).output)["agreement"]
                as? [String: Any])
        #expect(object["views"] as? Int == 96)
        // Its training has seen these views' images, and chance is one class in four or two.
        let (share, chance) = try (
            #require(object["share"] as? Double), #require(object["chance"] as? Double)
        )
        #expect(chance > 0.24 && chance < 0.5 && share > chance)
        let sum = try #require(json(processes.output)["agreement"] as? [String: Any])
        #expect(sum["views"] as? Int == 96)
        #expect(abs(try #require(sum["share"] as? Double) - share) < 1e-12)
        let alone = try Program.run(info, in: folder)
        #expect(alone.output.contains("labels       unknown without --recipe\n"))
        let other = try Program.run(info + recipe + ["--set", "seed=12"], in: folder)
        #expect(other.status == 1 && other.errors.contains("seed"), "\(other.errors)")
    }

    @Test("an image that changed is found by its pixels") func pixels() throws {
        let folder = try Folder.prepared()
        // Same paths, sizes and labels, other pixels: a decoder that drifted.
        let first = try folder.data("train/c0/0.jpg")
        var changed = first
        changed.replaceSubrange((first.count / 2)..<(first.count / 2 + 4), with: [1, 2, 3, 4])
        try folder.write("train/c0/0.jpg", changed)
        let run = try Program.run(
            ["cache", "verify", "--cache", "cache", "--recipe", "student.yaml", "--sample", "99"],
            in: folder)
        #expect(run.status == 1, "\(run.output)\(run.errors)")
        #expect(run.output.contains("pixels DIFFER"))
    }

    @Test("a faulty part is one line and exit status 1") func fault() throws {
        let folder = try Folder.prepared()
        let part = "cache/epoch-0001/part-00000.h5"
        try folder.write(part, Data(folder.data(part).dropLast(100)))
        let run = try Program.run(["cache", "verify", "--cache", "cache"], in: folder)
        #expect(run.status == 1)
        #expect(run.output.contains("\(part): cannot open"))
        #expect(run.lastError == "Error: cache: 1 of 4 parts are faulty")
        let report = try json(
            Program.run(["cache", "verify", "--cache", "cache", "--json"], in: folder).output)
        #expect((report["faults"] as? [[String: Any]])?.first?["epoch"] as? Int == 1)
        let usage = try Program.run(
            ["cache", "verify", "--cache", "cache", "--sample", "1"], in: folder)
        #expect(usage.status == 64)
    }

    @Test("halves of a cache merge into the whole") func merge() throws {
        let folder = try Folder.prepared()
        for epochs in ["0..<1", "1..<2"] {
            try Program.run(
                [
                    "cache", "build", "--recipe", "student.yaml", "--cache",
                    "half\(epochs.first ?? "-")",
                    "--epochs", epochs,
                ], in: folder)
        }
        let run = try Program.run(
            ["cache", "merge", "--into", "all", "half0", "half1", "--json"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output == "{\"copied\":0,\"linked\":4,\"missing\":0,\"present\":0}\n")
        #expect(try folder.contents("all") == folder.contents("cache"))
    }
}

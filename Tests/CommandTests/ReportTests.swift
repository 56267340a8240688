import Foundation
import FoundationXML
import Testing

@testable import understudy

@Suite("Reports", .serialized) struct ReportTests {
    /// Students of two recipes and two seeds.
    private func students() throws -> Folder {
        let folder = try Folder.prepared()
        for (number, seed) in [(1, 11), (2, 12)] {
            // Another seed has other views, and so another cache.
            let cache = ["--build-cache", "--cache", "cache-\(seed)"]
            for (name, loss, options) in [
                ("labels", "{kl: 0, ce: 1}", []), ("kd", "{kl: 0.8, ce: 0.2}", cache),
            ] {
                let outcome = try Program.run(
                    [
                        "train", "--recipe", "student.yaml", "--out", "\(name)-\(number)",
                        "--workers", "1", "--set", "name=\(name)", "--set", "seed=\(seed)",
                        "--set", "loss=\(loss)", "--set", "schedule.epochs=2",
                    ] + options, in: folder)
                try #require(outcome.status == 0, "\(outcome.errors)")
            }
        }
        return folder
    }

    /// Says which elements a page has, and fails where it is no well-formed XML.
    private final class Elements: NSObject, XMLParserDelegate {
        private(set) var names: [String: Int] = [:]
        private(set) var addresses: [String] = []
        private(set) var text = ""

        init(_ page: Data) throws {
            super.init()
            let parser = XMLParser(data: page)
            parser.delegate = self
            try #require(
                parser.parse(),
                "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
            qualifiedName: String?, attributes: [String: String]
        ) {
            names[name, default: 0] += 1
            addresses += ["src", "href"].compactMap { attributes[$0] }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("several runs come to a whole page that asks for no other file, and to the same numbers")
    func several() throws {
        let folder = try students()
        let runs = ["labels-1", "labels-2", "kd-1", "kd-2"]
        let outcome = try Program.run(
            ["report"] + runs + ["--out", "report.html", "--json", "--workers", "1"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let page = try Elements(folder.data("report.html"))
        #expect(page.addresses.allSatisfy { $0.hasPrefix("data:image/") }, "\(page.addresses)")
        #expect(page.names["script"] == nil && page.names["link"] == nil)
        // Top-1, loss and its terms, rate, decay, throughput at least, and the classes.
        #expect(try #require(page.names["svg"]) >= 8)
        #expect(try #require(page.names["circle"]) == 4 * Folder.classes)
        for text in ["Paired differences", "loss.kl", "topk", "c3", "labels", "kd-2"] {
            #expect(page.text.contains(text), "\(text)")
        }

        let told = try object(outcome.output)
        func result(_ run: String) throws -> Double {
            try #require(
                object(String(decoding: folder.data("\(run)/result.json"), as: UTF8.self))[
                    "top1"] as? Double)
        }
        let gains = try [1, 2].map { try result("kd-\($0)") - result("labels-\($0)") }
        let differences = try #require(told["differences"] as? [[String: Any]])
        let difference = try #require(differences.first { $0["measured"] as? String == "result" })
        #expect(
            difference["recipe"] as? String == "kd" && difference["seeds"] as? [Int] == [11, 12])
        let expected = (gains[0] + gains[1]) / 2
        #expect(abs(try #require(difference["mean"] as? Double) - expected) < 1e-9)
        // Of two numbers the standard error is half of what they differ by.
        let error = try #require(difference["standard_error"] as? Double)
        #expect(abs(error - abs(gains[0] - gains[1]) / 2) < 1e-9)

        // Other images, of which `eval` tells the same.
        let other = try Program.run(
            [
                "report", "kd-1", "labels-1", "--data", "train", "--out", "other.html", "--json",
                "--workers", "1",
            ], in: folder)
        #expect(other.status == 0, "\(other.errors)")
        let measured = try ["kd-1", "labels-1"].map { run in
            let eval = try Program.run(
                ["eval", "--run", run, "--data", "train", "--json", "--workers", "1"], in: folder)
            return try #require(object(eval.output)["top1"] as? Double, "\(eval.errors)")
        }
        let said = try object(other.output)
        let rows = try #require(said["runs"] as? [[String: Any]])
        #expect(rows.map { $0["data"] as? Double } == measured)
        let gain = try #require(said["differences"] as? [[String: Any]]).first {
            $0["measured"] as? String == "on --data"
        }
        #expect(gain?["recipe"] as? String == "labels")
        let mean = try #require(gain?["mean"] as? Double)
        #expect(abs(mean - (measured[1] - measured[0])) < 1e-9)
        let text = try Elements(folder.data("other.html")).text
        #expect(text.contains("on --data, %") && text.contains("compare the terms"))
        #expect(!page.text.contains("on --data, %"))
        #expect(page.text.contains("average") && page.text.contains("result is"))

        // The same page again, over the first.
        let again = ["report", "kd-1", "--out", "report.html", "--no-answers"]
        #expect(try Program.run(again, in: folder).output == "report.html: 1 run\n")
    }

    @Test("a run amid its course, a torn log and missing images are shown as far as they go")
    func unfinished() throws {
        let folder = try Folder()
        let train = [
            "train", "--recipe", "base.yaml", "--out", "<run>", "--workers", "1", "--max-steps",
            "3",
        ]
        #expect(try Program.run(train, in: folder).status == 0)
        let log = try folder.data("<run>/metrics.jsonl")
        #expect(log.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        try folder.write("<run>/metrics.jsonl", log + Data("{\"epoch\":1,\"lo".utf8))
        let report = ["report", "<run>", "--out", "r.html", "--workers", "1"]
        let outcome = try Program.run(report, in: folder)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let page = try Elements(folder.data("r.html"))
        #expect(page.text.contains("not finished: 1 of 8 epochs"))
        #expect(page.text.contains("<run>"))
        #expect(page.names["circle"] == Folder.classes)

        try FileManager.default.removeItem(atPath: "\(folder.path)/val")
        let without = try Program.run(report, in: folder)
        #expect(without.status == 0)
        #expect(without.errors.hasPrefix("<run> without its classes: "), "\(without.errors)")
        #expect(try Elements(folder.data("r.html")).names["circle"] == nil)

        try FileManager.default.removeItem(atPath: "\(folder.path)/<run>/metrics.jsonl")
        #expect(try Program.run(report + ["--no-answers"], in: folder).status == 0)
        #expect(try Elements(folder.data("r.html")).text.contains("No epoch is finished yet."))
    }

    @Test("what is no run, and a file that is no report, end in one line") func refused() throws {
        let folder = try Folder()
        #expect(
            try Program.run(["report", "train", "--out", "r.html"], in: folder).errors
                == "Error: train: holds no recipe.yaml; is it a run's folder?\n")
        #expect(
            try Program.run(["report", "train", "--out", "card.yaml"], in: folder).errors
                == "Error: card.yaml: is there, and is not a report that this program wrote; choose "
                + "another --out, or remove it\n")
        #expect(!folder.exists("r.html"))
    }
}

@Suite("Numbers of a report") struct ReportNumberTests {
    @Test("a mean has the standard error of its sample, one number has none") func estimates()
        throws
    {
        let estimate = try #require(Estimate([6.5, 7.0, 6.7]))
        // Deviations -0.2333, 0.2667, -0.0333: variance 0.0633, over 3 0.0211.
        #expect(abs(estimate.mean - 6.7333) < 1e-4)
        #expect(abs(try #require(estimate.error) - 0.14530) < 1e-5)
        #expect(try #require(Estimate([3])).error == nil)
        #expect(Estimate([]) == nil)
    }

    @Test(
        "ticks are round, within the axis, and told apart",
        arguments: [
            [0.0, 1.0], [88.7, 97.3], [0.00001, 0.00494], [5, 5], [-3, 2_000_000], [0, 0],
        ])
    func ticks(values: [Double]) {
        let axis = Axis(values)
        #expect((2...12).contains(axis.ticks.count), "\(axis.ticks)")
        #expect(axis.ticks.allSatisfy(axis.range.contains))
        #expect(Set(axis.labels).count == axis.ticks.count, "\(axis.labels)")
        #expect(values.allSatisfy(axis.range.contains))
    }

    @Test("an axis of whole numbers has whole ticks only, also of one epoch") func whole() {
        #expect(Axis([1, 2], whole: true).ticks == [1, 2])
        #expect(Axis([1], whole: true).ticks.allSatisfy { $0.rounded() == $0 })
        #expect(Axis([1, 300], whole: true).ticks == [100, 200, 300])
    }
}

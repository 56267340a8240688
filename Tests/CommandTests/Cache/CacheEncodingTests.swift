import Foundation
import Testing

@Suite("cache convert and cache bench") struct CacheEncodingTests {
    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("a converted cache trains the same recipe and says what it lost") func convert() throws {
        let folder = try Folder.prepared()
        let convert = ["cache", "convert", "--cache", "cache", "--into", "small"]
        let run = try Program.run(
            convert + ["--encoding", "bounded", "--max-kl", "0.05", "--json"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        let summary = try json(run.output)
        #expect(summary["converted"] as? Int == 4)
        let worst = try #require(summary["added_max_kl"] as? Double)
        #expect(worst > 0 && worst <= 0.05)

        let info = try Program.run(["cache", "info", "--cache", "small"], in: folder)
        #expect(info.output.contains("from those it was converted from (topk 3)"), "\(info.output)")
        let train = try Program.run(
            [
                "train", "--recipe", "student.yaml", "--cache", "small", "--out", "run",
                "--max-steps", "1",
            ], in: folder)
        #expect(train.status == 0, "\(train.errors)")

        let again = try Program.run(
            convert + ["--encoding", "bounded", "--max-kl", "0.05"], in: folder)
        #expect(
            again.output.hasPrefix("small: 0 parts converted to bounded 0.05 nats, 4 were there"))
        let other = try Program.run(convert + ["--encoding", "dense"], in: folder)
        #expect(other.status == 1)
        #expect(
            other.lastError.contains("encoding: bounded 0.05 nats in the cache, dense here"),
            "\(other.errors)")
        for (arguments, text) in [
            (["--encoding", "topk"], "encoding topk needs --top-k"),
            (["--encoding", "dense", "--top-k", "3"], "--top-k is for encoding topk"),
            (["--encoding", "dense", "--max-kl", "0.1"], "--max-kl is for encoding bounded"),
        ] {
            let refused = try Program.run(convert + arguments, in: folder)
            #expect(refused.status == 64)
            #expect(refused.errors.hasPrefix("Error: \(text)\n"), "\(refused.errors)")
        }
    }

    @Test("encodings are measured on made-up, cached and fresh responses")
    func bench() throws {
        let folder = try Folder.prepared()
        let bench = ["cache", "bench", "--json"]
        let made = try Program.run(
            bench + ["--family", "smoothed", "--classes", "100", "--views", "512"], in: folder)
        #expect(made.status == 0, "\(made.errors)")
        let report = try json(made.output)
        #expect(report["rows"] as? Int == 512)
        let table = try #require(report["table"] as? [[String: Any]])
        func entry(_ layout: String, _ key: String) throws -> Double {
            let line = try #require(table.first { $0["layout"] as? String == layout }, "\(layout)")
            return try #require(line[key] as? Double)
        }
        #expect(try entry("dense", "bytes") == 200)
        #expect(try entry("plain top-10", "bytes") == 44)
        #expect(try entry("bounded 0.01 nats", "max_kl") <= 0.01)
        #expect(try entry("bounded 0.1 nats", "bytes") < entry("bounded 0.01 nats", "bytes"))
        // The same K, but for halves that are rounded so that nothing is negative.
        #expect(try abs(entry("topk 10", "mean_kl") - entry("plain top-10", "mean_kl")) < 1e-3)
        #expect(try #require(report["bytes_ratio"] as? Double) < 1)
        let speeds = try #require(report["rows_per_second"] as? [String: Double])
        #expect(speeds.keys.sorted() == ["bounded 0.01 nats", "dense", "topk 50"])
        #expect(speeds.values.allSatisfy { $0 > 1000 })

        let cached = try Program.run(bench + ["--cache", "cache", "--views", "12"], in: folder)
        #expect(cached.status == 0, "\(cached.errors)")
        let fresh = try Program.run(
            bench + ["--recipe", "student.yaml", "--views", "12"], in: folder)
        #expect(fresh.status == 0, "\(fresh.errors)")
        // Top-3 of 4 classes loses nothing but the halves' last bits.
        let entropies = try [cached, fresh].map {
            try #require(try json($0.output)["mean_entropy"] as? Double)
        }
        #expect(abs(entropies[0] - entropies[1]) < 0.01)

        let both = try Program.run(
            ["cache", "bench", "--cache", "cache", "--family", "flat"], in: folder)
        #expect(both.status == 64)
        #expect(both.errors.hasPrefix("Error: name a --recipe, a --cache or a --family\n"))
    }
}

import Base
import Foundation
import Testing

/// tools/fetch-weights against a server of Python's on this machine.
@Suite("Fetching weights") struct FetchWeightsTests {
    private let folder: Folder
    private let content = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) })
    private var digest: String { SHA256Sum(content).hexadecimal }

    init() throws {
        folder = try Folder()
        try folder.write("served.bin", content)
        try answer("{}")
    }

    // MARK: The server and the program

    /// Has the server answer as JSON says; see Tests/Fixtures/command/serve.py.
    private func answer(_ how: String) throws {
        try folder.write("served.bin.how", Data(how.utf8))
    }

    /// What the server was asked since this was called last, and how it answered, a line each.
    private func asked() throws -> [String] {
        guard folder.exists("served.bin.log") else { return [] }
        defer { try? FileManager.default.removeItem(atPath: "\(folder.path)/served.bin.log") }
        let text = try String(decoding: folder.data("served.bin.log"), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    private func withServer(_ body: (_ url: String) throws -> Void) throws {
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = [
            "python3", Repository.url("Tests/Fixtures/command/serve.py").path,
            "\(folder.path)/served.bin",
        ]
        let output = Pipe()
        server.standardOutput = output
        try server.run()
        defer { server.terminate() }
        let port = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try body("http://127.0.0.1:\(port)/t.safetensors")
    }

    private func card(
        sha256: String?, url: String?, file: String = "w/t.safetensors"
    ) throws {
        let card = try String(decoding: folder.data("card.yaml"), as: UTF8.self)
        let weights =
            "weights: {file: \(file), sha256: \(sha256 ?? "null")"
            + (url.map { ", url: \"\($0)\"}" } ?? "}")
        try folder.write(
            "fetched.yaml",
            Data(card.replacing(/weights: \{.*\}/, with: weights).utf8))
    }

    private func fetch() throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = Repository.url("tools/fetch-weights")
        process.arguments = ["--understudy", Program.path, "fetched.yaml"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(["FETCH_PAUSE": "0"]) {
            $1
        }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// What lies where the card has its file.
    private func names() throws -> [String] { try Folders.names(in: "\(folder.path)/w") }

    /// Fetches, demands that the file is then there alone, and takes it away.
    private func fetchWhole(_ expected: Data) throws -> String {
        let fetched = try fetch()
        #expect(fetched.status == 0, "\(fetched.text)")
        #expect(try names() == ["t.safetensors"])
        #expect(try folder.data("w/t.safetensors") == expected)
        try FileManager.default.removeItem(atPath: "\(folder.path)/w/t.safetensors")
        return fetched.text
    }

    // MARK: Claims

    @Test("a line that drops is gone on with, and only what the card names is kept") func resumes()
        throws
    {
        try withServer { url in
            try card(sha256: String(repeating: "0", count: 64), url: url)
            let wrong = try fetch()
            #expect(
                wrong.status == 1 && wrong.text.contains("SHA-256 is \(digest), card tiny says 000")
            )
            #expect(try names() == [])
            try card(sha256: digest, url: url)
            for how in ["{\"cut\": 40000}", "{\"cut\": 40000, \"chunked\": true}"] {
                try answer(how)
                _ = try asked()
                #expect(try fetchWhole(content).contains("the line dropped"))
                #expect(try asked() == ["- 200", "bytes=40000- 206", "bytes=80000- 206"])
            }
            try folder.write("w/t.safetensors", content)
            #expect(try fetch().text.contains("is there, as the card says"))
            // What is there is never replaced.
            try folder.write("w/t.safetensors", content + [1])
            let kept = try fetch()
            #expect(
                kept.status == 1 && kept.text.contains("is there, and its SHA-256 is not \(digest)")
            )
            #expect(try folder.data("w/t.safetensors").count == content.count + 1)
        }
    }

    @Test("the next process goes on where one gave up, unless there is another file by now")
    func processes() throws {
        try withServer { url in
            func giveUp() throws {
                try answer("{\"cut\": 40000, \"status\": 503, \"after\": 1}")
                let outcome = try fetch()
                #expect(outcome.status == 1 && outcome.text.contains("503 Service Unavailable"))
                #expect(try names() == ["t.safetensors.part", "t.safetensors.part.json"])
                #expect(try folder.data("w/t.safetensors.part") == content.prefix(40_000))
                #expect(try asked() == ["- 200"] + Array(repeating: "bytes=40000- 503", count: 4))
                try answer("{}")
            }
            try card(sha256: digest, url: url)
            try giveUp()
            #expect(try fetchWhole(content).contains("going on after 40,000 bytes"))
            #expect(try asked() == ["bytes=40000- 206"])
            try giveUp()
            let other = Data(content.reversed())
            try folder.write("served.bin", other)
            try card(sha256: SHA256Sum(other).hexadecimal, url: url)
            _ = try fetchWhole(other)
            #expect(try asked() == ["bytes=40000- 200"])
        }
    }

    @Test("a part that is whole is not downloaded again, and one that is too long is")
    func wholeParts()
        throws
    {
        try withServer { url in
            // As a process leaves it that is killed after the last byte.
            try card(sha256: digest, url: url)
            try folder.write("served.bin", content + [0])
            try answer("{\"cut\": 100000, \"status\": 503, \"after\": 1}")
            #expect(try fetch().status == 1)
            #expect(try folder.data("w/t.safetensors.part") == content)
            try folder.write("served.bin", content)
            try answer("{}")
            _ = try asked()
            _ = try fetchWhole(content)
            #expect(try asked() == [])
            // Without a digest the server has to say so, for the version that was begun.
            try card(sha256: nil, url: url)
            for (part, answers) in [
                (content, ["bytes=100000- 416"]), (content + [1], ["bytes=100001- 416", "- 200"]),
            ] {
                try answer("{\"cut\": 1, \"status\": 503, \"after\": 1}")
                #expect(try fetch().status == 1)
                try answer("{}")
                try folder.write("w/t.safetensors.part", part)
                _ = try asked()
                _ = try fetchWhole(content)
                #expect(try asked() == answers)
            }
        }
    }

    @Test("what answers otherwise than with the file leaves nothing behind") func refusals() throws
    {
        try withServer { url in
            try card(sha256: digest, url: url)
            for (how, text) in [
                ("{\"status\": 404}", "404 Not Found"),
                ("{\"html\": true}", "answers with a web page, perhaps a login, and no weights"),
            ] {
                try answer(how)
                let outcome = try fetch()
                #expect(outcome.status == 1 && outcome.text.contains("\(url): \(text)"))
                #expect(try names() == [] && asked().count == 1)
            }
            // What asks to be asked again is.
            for code in [408, 429, 500] {
                try answer("{\"status\": \(code), \"times\": 2}")
                _ = try fetchWhole(content)
                #expect(try asked() == ["- \(code)", "- \(code)", "- 200"])
            }
            // An address has one file.
            try card(sha256: nil, url: url, file: "w/model.safetensors.index.json")
            let several = try fetch()
            #expect(
                several.status == 1
                    && several.text.contains(
                        "place these files there: \(folder.path)/w/model.safetensors.index.json")
            )
            #expect(try names() == [] && asked() == [])
        }
    }

    @Test("without a network it says what to place where") func offline() throws {
        let digest = String(repeating: "0f", count: 32)
        try card(sha256: digest, url: "http://127.0.0.1:1/t.safetensors")
        let outcome = try fetch()
        #expect(outcome.status == 1)
        #expect(
            outcome.text.contains(
                "place it at \(folder.path)/w/t.safetensors; its SHA-256 is \(digest)"))
        #expect(try names() == [])
        try card(sha256: digest, url: nil)
        #expect(
            try fetch().text.contains(
                "card tiny names no url: get the file from trained by the test"))
    }
}

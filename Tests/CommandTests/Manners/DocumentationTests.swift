import ArgumentParser
import Foundation
import Testing

@testable import understudy

@Suite("Documentation") struct DocumentationTests {
    /// README, CONTRIBUTING and the pages of docs/, by their paths below the root.
    private static let pages: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: Repository.url("docs").path)
        return ["README.md", "CONTRIBUTING.md"]
            + (names ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    private static func lines(of page: String) throws -> [String] {
        try String(contentsOf: Repository.url(page), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The lines within ``` and outside of them.
    private static func split(_ lines: [String]) -> (code: [String], prose: [String]) {
        var code: [String] = []
        var prose: [String] = []
        var isCode = false
        for line in lines {
            if line.hasPrefix("```") {
                isCode.toggle()
            } else if isCode {
                code.append(line)
            } else {
                prose.append(line)
            }
        }
        return (code, prose)
    }

    /// What GitHub calls a heading in a link.
    private static func anchor(_ heading: String) -> String {
        let text = heading.drop { $0 == "#" }.lowercased().trimmingPrefix(" ")
        return String(
            text.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                .map { $0 == " " ? "-" : $0 })
    }

    private static func anchors(of page: String) throws -> Set<String> {
        Set(split(try lines(of: page)).prose.filter { $0.hasPrefix("#") }.map(anchor))
    }

    /// The relative links of a page that lead nowhere.
    private static func deadLinks(of page: String) throws -> [String] {
        let folder = (page as NSString).deletingLastPathComponent
        let text = split(try lines(of: page)).prose.joined(separator: "\n")
        return try text.matches(of: /\]\(([^)\s]+)\)/).map { String($0.output.1) }.filter { link in
            guard !link.hasPrefix("https://") else { return false }
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let target =
                parts[0].isEmpty
                ? page
                : ((folder as NSString).appendingPathComponent(String(parts[0])) as NSString)
                    .standardizingPath
            guard FileManager.default.fileExists(atPath: Repository.url(target).path) else {
                return true
            }
            guard parts.count == 2 else { return false }
            return try !anchors(of: target).contains(String(parts[1]))
        }
    }

    @Test("every link of a page leads to a file and a heading", arguments: pages)
    func links(page: String) throws {
        #expect(try Self.deadLinks(of: page) == [])
    }

    @Test("a heading's name in a link is GitHub's") func anchorNames() {
        #expect(Self.anchor("## The ImageNet run") == "the-imagenet-run")
        #expect(Self.anchor("### `max_kl`, and what it costs") == "max_kl-and-what-it-costs")
    }

    @Test("the program understands every command of a page", arguments: pages)
    func commands(page: String) throws {
        let code = Self.split(try Self.lines(of: page)).code
        for command in ["", "srun "].flatMap({
            ShellLine.commands(of: "\($0)understudy", in: code)
        }) {
            // An ellipsis stands for the arguments of the command before it.
            guard !command.contains("…") else { continue }
            let words = try #require(ShellLine(command)?.words, "\(command)")
            #expect(throws: Never.self, "\(command)") {
                _ = try Understudy.parseAsRoot(Array(words.drop { $0 != "understudy" }.dropFirst()))
            }
        }
    }

    @Test("README leaves room for reading: at most 200 lines") func length() throws {
        #expect(try Self.lines(of: "README.md").count <= 200)
    }
}

@Suite("A shell's line") struct ShellLineTests {
    @Test("is split as a shell splits it") func split() {
        #expect(
            ShellLine("a 'b c'  d\\ e --f=\"g h\" '' # i")?.words == [
                "a", "b c", "d e", "--f=g h", "",
            ])
        #expect(ShellLine("a b > c")?.words == ["a", "b"])
        #expect(ShellLine("a 'b") == nil)
        #expect(ShellLine("a $(b)") == nil)
    }

    @Test("goes on after a backslash") func continuation() {
        let lines = ["Example:", "  p one \\", "    --two", "  p three", "q p"]
        #expect(ShellLine.commands(of: "p", in: lines) == ["p one --two", "p three"])
    }
}

import ArgumentParser
import Testing

@testable import understudy

@Suite("Help") struct HelpTests {
    private typealias Kind = any ParsableCommand.Type

    /// Every command with the words that call it, those that only group others included.
    private static func commands(
        below root: Kind = Understudy.self, _ words: [String] = []
    ) -> [(words: [String], kind: Kind)] {
        [(words, root)]
            + root.configuration.subcommands.flatMap {
                commands(below: $0, words + [$0._commandName])
            }
    }

    private static let width = 80

    private static func help(of kind: Kind) -> [String] {
        Understudy.helpMessage(for: kind, columns: width)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test("of every command fits a terminal of 80 columns") func width() {
        for (words, kind) in Self.commands() {
            // ArgumentParser does not break the line of all options, which nobody pastes.
            for line in Self.help(of: kind) where !line.hasPrefix("USAGE: ") {
                #expect(line.count <= Self.width, "\(words): \(line)")
            }
        }
    }

    @Test("of every command has an example that survives pasting, and parses") func examples() {
        for (words, kind) in Self.commands() {
            let examples = ShellLine.commands(of: "understudy", in: Self.help(of: kind))
            #expect(!examples.isEmpty, "\(words) has no example")
            // Where a line was broken to fit, the rest of the example is lost.
            let written = ShellLine.commands(
                of: "understudy",
                in: kind.configuration.discussion.split(separator: "\n").map(String.init))
            #expect(examples == written, "\(words)")
            for example in examples {
                guard let arguments = ShellLine(example)?.words.dropFirst() else {
                    Issue.record("a shell does more with it than split it: \(example)")
                    continue
                }
                #expect(throws: Never.self, "\(example)") {
                    _ = try Understudy.parse(Array(arguments))
                }
                #expect(words.isEmpty || arguments.starts(with: words.dropLast()), "\(example)")
            }
        }
    }

    @Test("says the version, and so does every command") func version() throws {
        let folder = try Folder()
        for words in [[], ["cache", "build"]] {
            let outcome = try Program.run(words + ["--version"], in: folder)
            #expect(outcome.status == 0)
            #expect(
                outcome.output.wholeMatch(of: /understudy \d+\.\d+\.\d+, libtorch 2\.\d+\.\d+\n/)
                    != nil, "\(outcome.output)")
        }
    }
}

@Suite("Misspelt words") struct MisspellingTests {
    private static let cases: [(arguments: [String], line: String)] = [
        (["trian"], "no command 'understudy trian'; did you mean 'understudy train'?"),
        (["help", "trian"], "no command 'understudy trian'; did you mean 'understudy train'?"),
        (
            ["cache", "biuld", "--recipe", "r"],
            "no command 'understudy cache biuld'; did you mean 'understudy cache build'?"
        ),
        (
            ["help", "cache", "biuld"],
            "no command 'understudy cache biuld'; did you mean 'understudy cache build'?"
        ),
        (
            ["views", "stat", "--recipe", "r"],
            "no command 'understudy views stat'; did you mean 'understudy views stats'?"
        ),
        (["xyzzy"], "no command 'understudy xyzzy'; 'understudy --help' says what there is"),
        (
            ["train", "--recpie", "r", "--out", "o"],
            "'understudy train' has no option '--recpie'; did you mean '--recipe'?"
        ),
        (
            ["train", "--recipe", "r", "--out", "o", "-resume"],
            "'understudy train' has no option '-resume'; did you mean '--resume'?"
        ),
        (
            ["views", "--recipe", "r", "--slot=0..<8"],
            "'understudy views' has no option '--slot'; did you mean '--slots'?"
        ),
        (
            ["plan", "--recipe", "--imags", "7", "--xyzzy", "--images", "7"],
            "'understudy plan' has no option '--xyzzy'; 'understudy plan --help' says what there is"
        ),
        (["--vesion"], "'understudy' has no option '--vesion'; did you mean '--version'?"),
    ]

    @Test("are named with the nearest that is there", arguments: cases)
    func line(arguments: [String], line: String) throws {
        let error = #expect(throws: Misspelling.self) { _ = try Understudy.parse(arguments) }
        #expect(error?.description == line)
    }

    @Test("end in one line and the status of a usage error") func status() throws {
        let folder = try Folder()
        for arguments in [["trian"], ["help", "trian"], ["train", "--recpie", "r"]] {
            let outcome = try Program.run(arguments, in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.output == "")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
            #expect(outcome.errors.hasPrefix("Error: "))
        }
    }

    @Test("are not seen in values, operands and what follows two dashes")
    func others() throws {
        for arguments in [
            ["predict", "--teacher", "t", "trian"], ["predict", "--teacher", "t", "--", "--trian"],
            ["train", "--recipe", "trian", "--out", "help"], ["help", "cache", "build"],
        ] {
            do {
                _ = try Understudy.parse(arguments)
            } catch {
                #expect(Understudy.exitCode(for: error) == .success, "\(arguments): \(error)")
            }
        }
    }
}

@Suite("A range of slots") struct SlotRangeTests {
    @Test("is written A..<B") func range() throws {
        #expect(try SlotRange(parsing: "0..<8").range == 0..<8)
    }

    @Test(
        "in another way is answered with what was meant",
        arguments: [
            ("0..8", "0..<8"), ("0-8", "0..<8"), ("0:8", "0..<8"), ("2–4", "2..<4"),
            ("0...8", "0..<9"), ("5", "5..<6"),
        ])
    func meant(text: String, range: String) {
        let error = #expect(throws: (any Error).self) { _ = try SlotRange(parsing: text) }
        #expect(
            error.map { "\($0)" }
                == "a range is written A..<B, from A to the one before B; did you mean '\(range)'?")
    }

    @Test(
        "that says nothing is answered with how it is written",
        arguments: ["8..<8", "8..2", "8-", "", "a..<b", "9223372036854775807", "1e3..<5", "-1..<2"])
    func nonsense(text: String) {
        let error = #expect(throws: (any Error).self) { _ = try SlotRange(parsing: text) }
        #expect(
            error.map { "\($0)" } == "a range is written A..<B, from A to the one before B")
    }

    @Test("is refused with the option's name") func option() throws {
        let outcome = try Program.run(
            ["cache", "rows", "--cache", "c", "--epoch", "0", "--slots", "0..8"], in: Folder())
        #expect(outcome.status == 64)
        #expect(
            outcome.errors.hasPrefix(
                "Error: The value '0..8' is invalid for '--slots <slots>': a range is written A..<B, "
                    + "from A to the one before B; did you mean '0..<8'?\n"), "\(outcome.errors)")
    }
}

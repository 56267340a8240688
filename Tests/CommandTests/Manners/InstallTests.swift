import Foundation
import Testing

@testable import understudy

@Suite("tools/install", .serialized) struct InstallTests {
    private static let script = Repository.url("tools/install").path

    private static let files = [
        "bin/understudy", "share/man/man1/understudy.1",
        "share/bash-completion/completions/understudy", "share/zsh/site-functions/_understudy",
        "share/fish/vendor_completions.d/understudy.fish", "share/understudy/installed",
    ]

    /// A program that answers what the script asks for, so that nothing large is copied.
    private static let program = """
        #!/bin/bash
        case "$*" in
        --version) echo 'understudy 0.0.1, libtorch 2.11.0';;
        *) echo "for $*";;
        esac

        """

    private func install(_ arguments: [String], in folder: Folder) throws -> Program.Outcome {
        try Shell.run("shift 0; exec \"$@\"", [Self.script] + arguments, in: folder)
    }

    private func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("program", Data(Self.program.utf8))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/program")
        return folder
    }

    private let arguments = ["--program", "program", "prefix"]

    @Test("says what it writes, knows it again, and removes it") func roundTrip() throws {
        let folder = try prepared()
        try folder.write("prefix/bin/other", Data("mine".utf8))
        for _ in 0..<2 {
            let outcome = try install(arguments, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            for file in Self.files.dropLast() {
                #expect(outcome.output.contains("prefix/\(file)\n"))
            }
            #expect(
                Set(try folder.contents("prefix").keys) == Set(Self.files + ["bin/other"]))
        }
        #expect(
            try folder.data("prefix/share/zsh/site-functions/_understudy")
                == Data("for --generate-completion-script zsh\n".utf8))
        let removed = try install(["--remove", "prefix"], in: folder)
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(try folder.contents("prefix") == ["bin/other": Data("mine".utf8)])
    }

    @Test("what is not its own stays, and nothing is written or removed then", arguments: files)
    func foreign(file: String) throws {
        let folder = try prepared()
        try folder.write("prefix/\(file)", Data("mine".utf8))
        let fresh = try install(arguments, in: folder)
        #expect(fresh.status == 1)
        #expect(fresh.errors.hasPrefix("tools/install: prefix/\(file) "), "\(fresh.errors)")
        #expect(try folder.contents("prefix") == [file: Data("mine".utf8)])

        try FileManager.default.removeItem(atPath: "\(folder.path)/prefix")
        #expect(try install(arguments, in: folder).status == 0)
        try folder.write("prefix/\(file)", Data("changed".utf8))
        let before = try folder.contents("prefix")
        for call in [arguments, ["--remove", "prefix"]] {
            let again = try install(call, in: folder)
            #expect(again.status == 1)
            #expect(again.errors.hasPrefix("tools/install: prefix/\(file) "), "\(again.errors)")
            #expect(try folder.contents("prefix") == before)
        }
    }

    @Test("what cannot be installed is one line and leaves nothing") func faults() throws {
        let folder = try prepared()
        try folder.write("file", Data())
        try folder.write("mute", Data("#!/bin/bash\n".utf8))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/mute")
        for (call, status, line) in [
            ([], 2, "tools/install: name the folder below which to install"),
            (["--removed", "x"], 2, "tools/install: unknown option --removed"),
            (["--program", "file", "new"], 1, "tools/install: file is no program"),
            (["--program", "mute", "new"], 1, "tools/install: ./mute is not understudy"),
            (["--program", "program", "file"], 1, "tools/install: file is no folder"),
            (["--remove", "new"], 1, "tools/install: new: nothing that this script installed"),
        ] as [([String], Int32, String)] {
            let outcome = try install(call, in: folder)
            #expect(outcome.status == status)
            #expect(outcome.errors.hasPrefix(line), "\(outcome.errors)")
            #expect(!folder.exists("new"))
        }
    }

    @Test("shells complete commands, options and paths from what is installed")
    func completion() throws {
        let folder = try Folder()
        let installed = try Shell.run(
            "\"$1\" --program \"$0\" prefix", [Self.script], in: folder)
        #expect(installed.status == 0, "\(installed.errors)")
        let completed = try Shell.run(
            """
            bash -c 'source prefix/share/bash-completion/completions/understudy
            words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
            COMP_POINT=${#COMP_LINE}; COMPREPLY=(); _understudy "$1" "${@: -1}" "${@: -2:1}"
            echo "${COMPREPLY[*]}"; }
            words understudy cache ver
            words understudy train --build
            words understudy train --recipe ca
            complete -p understudy'
            """, [], in: folder)
        #expect(
            completed.output
                == "verify\n--build-cache\n\n"
                + "complete -o default -o filenames -F _understudy understudy\n",
            "\(completed)")
        let share = "prefix/share"
        let zsh = String(
            decoding: try folder.data("\(share)/zsh/site-functions/_understudy"), as: UTF8.self)
        #expect(zsh.contains("'--recipe[The recipe, a YAML file.]:recipe:_files'"))
        let fish = String(
            decoding: try folder.data("\(share)/fish/vendor_completions.d/understudy.fish"),
            as: UTF8.self)
        #expect(fish.contains(" -l 'recipe' -d 'The recipe, a YAML file.' -rF\n"))
    }
}

@Suite("The manual page") struct ManualTests {
    @Test("has a section for every command, with its examples as they are written")
    func sections() throws {
        let tree = try CommandTree(of: Understudy.self)
        let lines = ManualPage(tree, version: "1.2.3").text.split(separator: "\n")
            .map { $0.replacing("\\-", with: "-").replacing("\\(aq", with: "'") }
        let shown = tree.leaves().filter(\.command.shouldDisplay)
        #expect(
            lines.filter { $0.hasPrefix(".SS ") }
                == shown.map { ".SS " + $0.words.joined(separator: " ") })
        for (_, command) in shown {
            for line in (command.discussion ?? "").split(separator: "\n") where line.hasPrefix("  ")
            {
                #expect(lines.contains(line.dropFirst(2).replacing("\\", with: "\\e")), "\(line)")
            }
        }
    }

    private static let hasGroff = FileManager.default.fileExists(atPath: "/usr/bin/groff")

    @Test("is understood by groff without a warning", .enabled(if: hasGroff)) func groff() throws {
        let outcome = try Shell.run(
            "\"$0\" manual > page.1 && groff -man -ww -z -Tutf8 page.1",
            [], in: Folder())
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
    }
}

import Foundation
import Testing

/// Paths that lead to something else than the file that an option takes, through every option that
/// takes one.
@Suite("Paths that lead elsewhere", .serialized) struct OddPathTests {
    /// A command in which `@` stands for the path.
    private static let commands: [(line: String, isSmall: Bool)] = [
        ("plan --recipe @ --images 48", true),
        ("views stats --recipe @", true),
        ("train --recipe @ --out run", true),
        ("cache build --recipe @ --cache new", true),
        ("cache build --recipe student.yaml --cache new --set teacher.card=@", true),
        ("eval --teacher @ --data val", true),
        ("eval --model resnet18 --weights @ --data val", false),
        ("predict --teacher card.yaml --weights @ val", false),
        ("train --recipe base.yaml --out run --init @", false),
        ("average --out new.safetensors @ @", false),
        ("average --out new.safetensors --run @", false),
        ("export --out new.safetensors --run @", false),
        (
            "cache import --recipe student.yaml --cache new --set teacher.card=new.yaml "
                + "--dataset x --logits --from @", false
        ),
        ("cache info --cache @", false),
        ("cache merge --into new @", false),
        ("pack --out new --data @", false),
        ("predict --teacher card.yaml @", false),
    ]

    /// What of a library's or of Foundation's own words must not reach a user.
    private static let raw = [
        "unable to", "errno", "H5", "file signature", "sblock", "NSCocoa", "Error Domain", "Yams",
        "The operation", "The file",
    ]

    @Test("each ends in one line of ours that names the path, and nothing waits")
    func everywhere() throws {
        let folder = try Folder.prepared()
        #expect(mkfifo("\(folder.path)/odd-pipe", 0o600) == 0)
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/odd-folder", withIntermediateDirectories: false)
        try folder.write("odd-empty", Data())
        symlink("none", "\(folder.path)/odd-link")
        let paths = ["odd-pipe", "odd-folder", "odd-empty", "odd-link", "/dev/null"]
        // Without their contents: one of them is a pipe.
        let names = { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
        let before = Set(try names())
        for (line, isSmall) in Self.commands {
            for path in paths {
                // Each waits five seconds for a writer: one of them is enough.
                if isSmall, path == "odd-pipe", !line.hasPrefix("plan") { continue }
                let arguments = line.split(separator: " ").map {
                    $0.replacingOccurrences(of: "@", with: path)
                }
                let run = try Shell.run("exec \"$0\" \"$@\"", arguments, in: folder, limit: 20)
                let text = "\(arguments.joined(separator: " ")): \(run.status) \(run.errors)"
                #expect(run.status == 1, "\(text)")
                #expect(run.errors.hasPrefix("Error: "), "\(text)")
                #expect(run.errors.contains(path), "\(text)")
                // A failure in the place of an image, and how many there are, are two.
                let lines = line.hasPrefix("predict") && line.hasSuffix("yaml @") ? 2 : 1
                #expect(run.errors.split(separator: "\n").count == lines, "\(text)")
                for words in Self.raw { #expect(!run.errors.contains(words), "\(text)") }
            }
        }
        let left = Set(try names()).subtracting(before)
            .filter { !$0.hasPrefix(".out-") && !$0.hasPrefix(".err-") }
        #expect(left.isEmpty, "\(left)")
    }

    @Test("the line says what is there") func lines() throws {
        let folder = try Folder.prepared()
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        func fails(_ line: String, _ text: String) throws {
            let arguments = line.split(separator: " ").map(String.init)
            let run = try Shell.run("exec \"$0\" \"$@\"", arguments, in: folder, limit: 20)
            #expect(run.errors == "Error: \(text)\n")
        }
        let advice = "is a pipe, not a file; save what comes through it as one"
        let from = "cache import --recipe student.yaml --cache new --set teacher.card=new.yaml "
        try fails(
            from + "--dataset x --logits --from val", "\(folder.path)/val: is a folder, not a file")
        try fails(
            from + "--dataset x --logits --from pipe", "\(folder.path)/pipe: \(advice)")
        try fails(
            from + "--dataset x --logits --from card.yaml",
            "\(folder.path)/card.yaml: is not an HDF5 file")
        try fails("eval --model resnet18 --data val --weights pipe", "weights: pipe: \(advice)")
        try fails(
            "plan --images 48 --recipe pipe", "pipe: cannot be read: nobody writes to this pipe")
        // A card that is not there yet has no line to look at.
        try folder.write(
            "images.h5",
            Data(contentsOf: Repository.url("Tests/Fixtures/import/images.h5")))
        let name = try Program.run(
            (from + "--dataset logits --keys names --logits --from images.h5")
                .split(separator: " ").map(String.init) + ["--teacher-name", "a b"], in: folder)
        #expect(
            name.errors.hasPrefix("Error: the card that would be \(folder.path)/new.yaml: name"),
            "\(name.errors)")
    }

    @Test("a recipe and a card may come through a pipe, once for all that is read of them")
    func substitution() throws {
        let folder = try Folder.prepared()
        let plan = try Program.run(["plan", "--recipe", "base.yaml", "--images", "48"], in: folder)
        // Paths in it start where the command was given.
        for script in [
            "exec \"$0\" \"$@\" --recipe /dev/stdin <student.yaml",
            "cat student.yaml | \"$0\" \"$@\" --recipe /dev/stdin",
            "(cat base.yaml | grep -v xyz) | \"$0\" \"$@\" --recipe /dev/fd/0",
        ] {
            let piped = try Shell.run(script, ["plan", "--images", "48"], in: folder)
            #expect(piped.status == 0, "\(piped.errors)")
            if script.hasPrefix("(cat base") { #expect(piped.output == plan.output) }
        }
        // The card is read for its name, for its classes and for the fingerprint.
        let build = ["cache", "build", "--recipe", "student.yaml", "--cache", "cache", "--json"]
        let piped = try Shell.run(
            "cat card.yaml | \"$0\" \"$@\" --set teacher.card=/dev/stdin", build, in: folder)
        #expect(piped.status == 0, "\(piped.errors)")
        #expect(piped.output.contains("\"built\":0"), "\(piped.output)")
    }

    @Test("Ctrl-C ends the wait for a pipe's writer") func interrupted() throws {
        let folder = try Folder()
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        let script = """
            "$0" "$@" & program=$!
            exec 3>pipe
            sleep 1
            kill -INT $program
            wait $program
            """
        // A background program of a shell without job control ignores SIGINT until it catches it.
        let run = try Shell.run(
            script, ["train", "--recipe", "pipe", "--out", "run"], in: folder, limit: 30)
        #expect(run.status == 1, "\(run.status) \(run.errors)")
        #expect(
            run.errors
                == "Error: pipe: cannot be read: stopped before all of it was there\n")
    }

    @Test("an argument of blanks is refused with the option before it") func blank() throws {
        let folder = try Folder()
        let train = ["train", "--recipe", "base.yaml", "--out"]
        let tries: [([String], String)] = [
            (train + ["run", "--init", ""], "an argument is blank, the one after '--init'"),
            (train + [" "], "an argument is blank, the one after '--out'"),
            (train + [""], "an argument is blank, the one after '--out'"),
            (["train", "--recipe=", "--out", "run"], "--recipe is blank"),
            (["", "train"], "an argument is blank, the first one"),
        ]
        let before = Set(try folder.contents(".").keys)
        for (arguments, text) in tries {
            let run = try Program.run(arguments, in: folder)
            #expect(run.status == 64)
            #expect(
                run.errors.hasPrefix("Error: \(text); is a variable not set?\n"), "\(run.errors)")
        }
        let left = Set(try folder.contents(".").keys).subtracting(before)
        #expect(left.allSatisfy { $0.hasPrefix(".out-") || $0.hasPrefix(".err-") }, "\(left)")
    }

    @Test("a place that is read-only is said to be so, whatever folders are missing there")
    func readOnly() throws {
        let folder = try Folder.prepared()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/ro", withIntermediateDirectories: false)
        let environment = ["LD_PRELOAD": try Preload.library("readonly"), "READONLY": "ro/"]
        for line in [
            "pack --data train --out @", "train --recipe base.yaml --out @",
            "cache build --recipe student.yaml --cache @", "cache merge --into @ cache",
            "cache convert --cache cache --encoding dense --into @",
            "bench images --count 2 --out @",
        ] {
            for path in ["ro/new", "ro/several/new"] {
                let arguments = line.replacingOccurrences(of: "@", with: path)
                    .split(separator: " ").map(String.init)
                let run = try Program.run(arguments, in: folder, environment: environment)
                #expect(run.status == 1)
                let place = line.hasPrefix("bench") ? "\(path)/c0" : path
                #expect(
                    run.lastError
                        == "Error: \(place): cannot make the folder: Read-only file system",
                    "\(line)")
            }
        }
    }
}

import Foundation
import Testing

/// What is said to be there is there whole.
@Suite("Parts that are there", .serialized) struct PartsThereTests {
    /// Flips a bit of which no name and no size tells.
    ///
    /// - Parameter place: counted from the file's end.
    private func flip(_ file: String, at place: Int, in folder: Folder) throws {
        var bytes = try folder.data(file)
        bytes[bytes.count - place] ^= 1
        try folder.write(file, bytes)
    }

    @Test("a build, a conversion, a merge and a compaction look at what is in them")
    func flipped() throws {
        let folder = try Folder.prepared()
        let part = "epoch-0001/part-00000.h5"
        let convert = [
            "cache", "convert", "--cache", "cache", "--encoding", "dense", "--into", "d",
        ]
        let merge = ["cache", "merge", "--into", "m", "cache"]
        let build = ["cache", "build", "--recipe", "student.yaml", "--cache", "b"]
        for command in [convert, merge, build] {
            let name = command == build ? "b" : command == merge ? "m" : "d"
            let first = try Program.run(command, in: folder)
            #expect(first.status == 0, "\(first.errors)")
            let again = try Program.run(command, in: folder)
            #expect(again.status == 0 && again.output.contains("4 "), "\(again.errors)")
            let good = try folder.data("\(name)/\(part)")
            // Of hard links both would change.
            try flip("\(name)/\(part)", at: good.count / 2, in: folder)
            let run = try Program.run(command, in: folder)
            #expect(run.status == 1, "\(command): \(run.output)")
            let message = run.errors.replacingOccurrences(of: folder.path, with: "…")
            #expect(
                message.contains("\(name)/\(part)"), "\(message)")
            #expect(
                message.contains("different bytes")
                    || message.contains(
                        "Error: \(name): 1 of the 4 parts that are there is faulty:\n"),
                "\(message)")
            try folder.write("\(name)/\(part)", good)
        }
        let compact = ["cache", "compact", "--cache", "b"]
        #expect(try Program.run(compact, in: folder).status == 0)
        let sound = try Program.run(compact, in: folder)
        #expect(sound.status == 0 && sound.output.contains("2 were already"))
        // The middle is nobody's: HDF5 leaves room there.
        try flip("b/epoch-0001.h5", at: 400, in: folder)
        let run = try Program.run(compact, in: folder)
        #expect(run.status == 1, "\(run.output)")
        #expect(
            run.lastError == "Error: b: 1 of 2 complete epochs are left as they are",
            "\(run.errors)")
    }

    @Test("a part of which the system says nothing is not missing") func unseen() throws {
        let folder = try Folder.prepared()
        let environment = [
            "LD_PRELOAD": try Preload.library("unseen"), "UNSEEN": "epoch-0001/part-00000.h5",
        ]
        let before = try folder.contents("cache")
        for command in [
            ["cache", "build", "--recipe", "student.yaml", "--cache", "cache"],
            ["train", "--recipe", "student.yaml", "--cache", "cache", "--out", "run"],
        ] {
            let run = try Program.run(command, in: folder, environment: environment)
            #expect(run.status == 1)
            #expect(run.errors.contains("part-00000.h5: cannot open: Input/output error"))
        }
        #expect(try folder.contents("cache") == before)
    }
}

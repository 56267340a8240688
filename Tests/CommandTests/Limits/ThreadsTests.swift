import Base
import Foundation
import Testing

@Suite("Threads", .serialized) struct ThreadsTests {
    @Test("are one for each core that may be used, or as many as asked for; a build says which")
    func choice() throws {
        let folder = try Invocations.folder()
        func line(_ script: String, _ options: [String]) throws -> String? {
            let arguments = try #require(Invocations.arguments(of: "cache build"))
            let run = try Shell.run(script, ["cache", "build"] + arguments + options, in: folder)
            #expect(run.status == 0, "\(run.errors)")
            return run.errors.split(separator: "\n").first.map(String.init)
        }
        let plain = "unset OMP_NUM_THREADS MKL_NUM_THREADS; exec \"$0\" \"$@\""
        let cores = Cores.usable.count
        #expect(
            try line(plain, ["--threads", "3", "--workers", "5"])
                == "threads: 3 to compute, 5 to render; \(Cores.usable)")
        #expect(try line(plain, [])?.hasSuffix("\(cores) to render; \(Cores.usable)") == true)
        #expect(
            try line("export OMP_NUM_THREADS=1; exec \"$0\" \"$@\"", [])
                == "threads: 1 to compute, \(cores) to render; \(Cores.usable)")
        let training = try #require(Invocations.arguments(of: "train"))
        let run = try Shell.run(plain, ["train"] + training + ["--threads", "1"], in: folder)
        #expect(run.errors.hasPrefix("threads: 1 to compute, \(cores) to render; "))
        if Cores.usable.machine > 1 {
            #expect(
                try line("unset OMP_NUM_THREADS; exec taskset -c 0 \"$0\" \"$@\"", [])
                    == "threads: 1 to compute, 1 to render; 1 of \(Cores.usable.machine) cores "
                    + "(affinity)")
        }
    }
}

import CBase
import Foundation
import Testing

@testable import Base

@Suite("Limits of mappings") struct MappingLimitTests {
    /// Limits this process's address space to so much beyond what it has mapped.
    private static func limit(room: Int) throws {
        let mapped = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(mapped.split(separator: " ").first.flatMap { Int($0) })
        let bytes = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + room)
        var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    }

    @Test("without one there is nothing to ask") func none() throws {
        #expect(MappingLimit.ofProcess() == [])
        #expect(throws: Never.self) { try MappingLimit.require(.max / 2) }
        #expect(cbase_is_exhausted() == 0)
    }

    @Test("say what is limited and what is needed") func text() {
        let space = MappingLimit(kind: .addressSpace, bytes: 700_000 << 10, mapped: 500_000 << 10)
        #expect(space.description == "the address space is limited to 700000 KiB (ulimit -v)")
        #expect(space.left == 200_000 << 10)
        #expect(
            MappingLimitError(space, needed: 900_000 << 10 - 1).description
                == "the address space is limited to 700000 KiB (ulimit -v), and this command needs at "
                + "least 900000 KiB: raise the limit")
        let data = MappingLimit(kind: .data, bytes: 1 << 20, mapped: 2 << 20)
        #expect(data.description == "the data segment is limited to 1024 KiB (ulimit -d)")
        #expect(data.left == 0)
    }

    @Test("are found, and room is asked for within them") func found() async {
        await #expect(processExitsWith: .success) {
            try Self.limit(room: 256 << 20)
            let limit = try #require(MappingLimit.ofProcess().first)
            #expect(limit.kind == .addressSpace)
            #expect((128 << 20...256 << 20).contains(limit.left))
            try MappingLimit.require(64 << 20)
            #expect(throws: MappingLimitError.self) { try MappingLimit.require(300 << 20) }
            #expect(SystemMemory.most() <= limit.left)
            #expect(cbase_is_exhausted() == 0)
        }
    }

    @Test("a crash where nothing is left is an error; any other stays one")
    func exhaustion() async throws {
        let line = "Error: no memory left: the address space is limited to "
        let result = try await #require(
            processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
        ) {
            try Self.limit(room: 16 << 20)
            MappingLimit.explainExhaustion()
            abort()
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains(line))
        let other = try await #require(
            processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
        ) {
            try Self.limit(room: 512 << 20)
            MappingLimit.explainExhaustion()
            abort()
        }
        #expect(!String(decoding: other.standardErrorContent, as: UTF8.self).contains(line))
    }
}

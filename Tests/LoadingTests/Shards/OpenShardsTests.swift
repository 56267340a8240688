import Foundation
import Synchronization
import Testing

@testable import Loading

@Suite("Open shards") struct OpenShardsTests {
    private func files(_ count: Int) throws -> (scratch: Scratch, paths: [String]) {
        let scratch = try Scratch()
        for index in 0..<count { try scratch.write("\(index)", [UInt8(index)]) }
        return (scratch, (0..<count).map { "\(scratch.path)/\($0)" })
    }

    @Test("no more are open than the limit, and each can be read again") func limit() throws {
        let limit = 24
        let count = limit + 5
        let (scratch, paths) = try files(count)
        defer { withExtendedLifetime(scratch) {} }
        let files = OpenShards(paths: paths, limit: limit)
        let held = try files.borrow(0)
        for round in 0..<2 {
            for index in 0..<count {
                let descriptor = try files.borrow(index)
                var byte: UInt8 = 0
                #expect(pread(descriptor, &byte, 1, 0) == 1)
                #expect(byte == UInt8(index), "round \(round)")
                files.giveBack(index)
            }
        }
        let right = try concurrentMap(20 * count, workers: 8) { number throws(DatasetError) in
            let index = number * 7919 % count
            let descriptor = try files.borrow(index)
            defer { files.giveBack(index) }
            var byte: UInt8 = 0
            return pread(descriptor, &byte, 1, 0) == 1 && byte == UInt8(index)
        }
        #expect(right == [Bool](repeating: true, count: 20 * count))
        // The one in use was not closed.
        #expect(fcntl(held, F_GETFD) >= 0)
        #expect(files.count == limit)
    }

    @Test("where no descriptor is left, one of ours is closed for it") func closes() throws {
        let (scratch, paths) = try files(5)
        defer { withExtendedLifetime(scratch) {} }
        let tries = Mutex(0)
        // Every third open finds none left.
        let files = OpenShards(paths: paths, limit: 4) { path in
            let number = tries.withLock { tries -> Int in
                tries += 1
                return tries
            }
            guard !number.isMultiple(of: 3) else {
                errno = EMFILE
                return -1
            }
            return Descriptor.open(path)
        }
        for index in 0..<5 {
            _ = try files.borrow(index)
            files.giveBack(index)
        }
        // Five opens and two that failed; each of those closed one.
        #expect(tries.withLock { $0 } == 7)
        #expect(files.count == 3)
    }

    @Test("one that is being read is waited for") func waits() throws {
        let (scratch, paths) = try files(2)
        defer { withExtendedLifetime(scratch) {} }
        let isTaken = Mutex(false)
        let files = OpenShards(paths: paths, limit: 4) { path in
            let isLeft = isTaken.withLock { taken -> Bool in
                defer { taken = true }
                return !taken
            }
            guard isLeft else {
                errno = EMFILE
                return -1
            }
            return Descriptor.open(path)
        }
        _ = try files.borrow(0)
        let reader = Thread {
            Thread.sleep(forTimeInterval: 0.05)
            isTaken.withLock { $0 = false }
            files.giveBack(0)
        }
        reader.start()
        #expect(try files.borrow(1) >= 0)
        #expect(files.count == 2)
    }

    @Test("with none of ours open it is an error with the path") func none() throws {
        let files = OpenShards(paths: ["x/1.tar"], limit: 4) { _ in
            errno = EMFILE
            return -1
        }
        let error = #expect(throws: DatasetError.self) { try files.borrow(0) }
        #expect(error?.description == "x/1.tar: cannot be read: Too many open files")
        #expect(error?.cause == .system(EMFILE))
    }

    @Test("the limit follows that of the process, and is 256 at most") func standard() {
        #expect(OpenShards.standardLimit(descriptors: 1024) == 256)
        #expect(OpenShards.standardLimit(descriptors: 1 << 40) == 256)
        #expect(OpenShards.standardLimit(descriptors: 64) == 16)
        #expect(OpenShards.standardLimit(descriptors: 3) == 1)
        #expect((1...256).contains(OpenShards.standardLimit))
    }
}

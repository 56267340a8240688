import Foundation
import Testing

@testable import Torch

/// Numbers made by Tests/Fixtures/torch/make_fixtures.py.
enum Fixture {
    static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/torch/\(name)").path
    }
}

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("TorchTests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var contents: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

extension Tensor {
    /// The numbers 0, 1, … count − 1.
    static func arange(_ count: Int, dtype: DType = .int64) throws -> Tensor {
        try Tensor((0..<count).map(Int64.init), shape: [count]).to(dtype)
    }
}

/// Whether shapes agree and every element is within `tolerance · max(1, |expected|)`.
func isClose(_ found: Tensor, _ expected: Tensor, tolerance: Float) throws -> Bool {
    guard found.shape == expected.shape else { return false }
    return zip(try found.to(.float32).floats(), try expected.to(.float32).floats()).allSatisfy {
        found, expected in
        abs(found - expected) <= tolerance * max(1, abs(expected))
    }
}

/// The error that the body throws, as text; an empty string if it throws none.
func errorText(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}

@Suite("isClose") struct IsCloseTests {
    @Test("tells a wrong value, a NaN and a wrong shape from a right one") func canFail() throws {
        let one = try Tensor([1, 2] as [Float], shape: [2])
        #expect(try isClose(one, one, tolerance: 0))
        #expect(try !isClose(try Tensor([1, 2.1] as [Float], shape: [2]), one, tolerance: 1e-2))
        #expect(try !isClose(try Tensor([1, .nan] as [Float], shape: [2]), one, tolerance: 1))
        #expect(try !isClose(try one.reshaped([2, 1]), one, tolerance: 1))
    }
}

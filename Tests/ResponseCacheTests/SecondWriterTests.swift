import Foundation
import Testing

@testable import ResponseCache

@Suite("Two writers of one name") struct SecondWriterTests {
    @Test("the first that publishes stands, and the second is told") func first() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-cache-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func publish(_ text: String) throws -> Bool {
            let file = try PublishedFile(folder: folder, name: "manifest.json")
            try file.write(Array(text.utf8))
            return try file.publishUnlessPresent()
        }
        #expect(try publish("first"))
        #expect(try !publish("second"))
        #expect(try bytes("\(folder)/manifest.json") == Array("first".utf8))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder) == ["manifest.json"])
    }
}

import Foundation
import Testing

@Suite("Errors of Foundation") struct FoundationErrorTests {
    /// Commands that read a file or a folder, whose name comes last.
    private static let readers = [
        ["plan", "--images", "48", "--recipe"], ["eval", "--data", "val", "--teacher"],
        ["cache", "info", "--cache"],
        ["export", "--out", "new", "--run"], ["pack", "--out", "new", "--data"],
        ["average", "--out", "new", "--run"], ["plan", "--recipe", "base.yaml", "--measured"],
    ]

    @Test("never reach a user: a line says what and why", arguments: readers)
    func line(arguments: [String]) throws {
        let folder = try Folder()
        try folder.write("binary", Data([0xFF, 0xFE, 0, 0x80]))
        try folder.write("damaged/manifest.json", Data([0xFF, 0xFE, 0, 0x80]))
        // Images are what pack reads.
        let places = arguments.first == "pack" ? [] : ["train"]
        for place in places + ["missing", "binary", "damaged", "card.yaml/x", "/proc/self/mem"] {
            let outcome = try Program.run(arguments + [place], in: folder)
            #expect(outcome.status == 1, "\(place)")
            let line = outcome.lastError
            #expect(line.hasPrefix("Error: "), "\(place): \(outcome.errors)")
            for sign in [
                "’", "“", "Domain", "NSError", "Cocoa", "CodingKeys", "Foundation", "Optional(",
            ] {
                #expect(!line.contains(sign), "\(place): \(line)")
            }
        }
    }
}

import Foundation
import Imaging
import Testing
import Torch

@Suite("understudy views", .serialized) struct ViewsTests {
    private struct Report: Decodable {
        struct Statistics: Decodable {
            struct Counts: Decodable { let counts: [Int] }
            struct Mixing: Decodable { let groups: Int }
            struct Operation: Decodable {
                let name: String
                let drawn, applied: Int
            }
            let views: Int
            let cropAreas: Counts
            let mixing: Mixing
            let randaugment: [Operation]
        }
        let distinctImages, images, unreadable: Int
        let statistics: Statistics
    }

    private func statistics(_ folder: Folder, _ arguments: String...) throws -> Report {
        let outcome = try Program.run(
            ["views", "stats", "--recipe", "base.yaml", "--json"] + arguments, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    }

    @Test("the sheet shows the very pixels that a dump holds, in a row for each slot")
    func sheet() throws {
        let folder = try Folder()
        let outcome = try Program.run(
            [
                "views", "--recipe", "base.yaml", "--slots", "10..<15", "--sheet", "views.png",
                "--dump", "views.safetensors",
            ], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let sheet = try folder.data("views.png").withUnsafeBytes { try ImageDecoder.decode($0) }
        // Original, resized, view, partner, mixed: cells of 96 with 8 between them.
        #expect(sheet.width == 8 + 5 * 104)
        let pixels = try SafetensorsFile(path: "\(folder.path)/views.safetensors")
            .tensor("pixels").permuted([0, 2, 3, 1]).contiguous().bytes()
        for row in 0..<5 {
            let cell = sheet.cropped(
                to: PixelRect(x: 8 + 2 * 104, y: 18 + row * 146 + 22, width: 96, height: 96))
            for place in 0..<96 * 96 {
                // Each of the 32 x 32 pixels is shown as 3 x 3.
                let source = (row * 1024 + place / 96 / 3 * 32 + place % 96 / 3) * 3
                guard cell.pixels[place * 3..<place * 3 + 3] == pixels[source..<source + 3] else {
                    Issue.record("row \(row), pixel \(place)")
                    return
                }
            }
        }
    }

    @Test("statistics cover the epoch, or the slots that are named")
    func statistics() throws {
        let folder = try Folder()
        let whole = try statistics(folder, "--set", "view.randaugment=rand-m7-p1")
        #expect(whole.statistics.views == 48 && whole.distinctImages == 48 && whole.images == 48)
        #expect(whole.statistics.mixing.groups == 4 && whole.unreadable == 0)
        #expect(whole.statistics.cropAreas.counts.reduce(0, +) == 48)
        #expect(whole.statistics.randaugment.map(\.drawn).reduce(0, +) == 96)
        #expect(whole.statistics.randaugment.map(\.applied).reduce(0, +) == 96)
        let part = try statistics(folder, "--slots", "11..<14", "--epoch", "3")
        #expect(part.statistics.views == 3 && part.statistics.mixing.groups == 2)
        #expect(part.statistics.randaugment.isEmpty)
        let text = try Program.run(
            [
                "views", "stats", "--recipe", "base.yaml", "--set", "view.randaugment=rand-m7-inc1",
                "--set",
                "view.erasing={probability: 1, area: [0.1, 0.2], aspect: [1, 2], fill: mean}",
                "--set", "view.color_jitter={brightness: 0.4, contrast: 0.4, saturation: 0.4}",
            ], in: folder
        ).output
        for title in ["crop, share", "flipped", "RandAugment", "color jitter", "erased", "mixing"] {
            #expect(text.contains(title))
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test("an unreadable image is an error with its path, or is left out and counted")
    func unreadable() throws {
        let folder = try Folder()
        try folder.write("train/c1/1.jpg", Data("no image".utf8))
        let outcome = try Program.run(["views", "stats", "--recipe", "base.yaml"], in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(outcome.lastError.contains("train/c1/1.jpg: neither JPEG nor PNG"))
        let report = try statistics(folder, "--set", "data.on_error=substitute")
        #expect(report.unreadable == 1 && report.statistics.views == 47)
        // What is shown in its place is what the parameters name.
        let views = try Program.run(
            [
                "views", "--recipe", "base.yaml", "--slots", "0..<48", "--params", "views.json",
                "--sheet", "views.png", "--set", "data.on_error=substitute",
            ], in: folder)
        #expect(views.status == 0, "\(views.errors)")
        let json = try String(decoding: folder.data("views.json"), as: UTF8.self)
        #expect(!json.contains("train/c1/1.jpg"))
    }

    @Test(
        "bad input ends in one line",
        arguments: [
            (["--slots", "40..<49"], "Error: --slots ends at 49, an epoch of this recipe has 48"),
            (
                ["--set", "data.train=nowhere"],
                "nowhere: no such data set: No such file or directory"
            ),
            (["--set", "view.erasing=0.25"], "view.erasing: expected a mapping or none"),
        ])
    func badInput(arguments: [String], expected: String) throws {
        let folder = try Folder()
        let outcome = try Program.run(
            ["views", "stats", "--recipe", "base.yaml"] + arguments, in: folder)
        #expect(outcome.status != 0)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        #expect(outcome.lastError.contains(expected), "\(outcome.errors)")
    }
}

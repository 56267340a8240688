// Decodes the fuzzer's seeds, which are files that Pillow cannot write; Tests/Fuzz/make_corpus.py
// makes them, and decoded.json, which says what Pillow reads in them.
import Foundation
import Testing

@testable import Imaging

@Suite("Fuzzing seeds") struct RegionSeedsTests {
    @Test("a seed that decodes equals Pillow, and its regions the crop of the whole")
    func regions() throws {
        let seeds = try Seeds.load()
        #expect(seeds.pillow == "13.0.0")
        let files = try FileManager.default.contentsOfDirectory(atPath: Seeds.corpus.path).sorted()
        #expect(files.count > 40)
        var dice = Dice(state: 5)
        var decoded = 0
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: Seeds.corpus.appendingPathComponent(file)))
            guard let whole = try? decode(bytes) else { continue }
            decoded += 1
            let expected = try #require(seeds.decoded[file], "\(file): Pillow refuses it")
            if !Seeds.smoothed.contains(file) {
                #expect(difference(whole, expected) == nil, "\(file)")
            }
            for _ in 0..<50 {
                let width = Int.random(in: 1...whole.width, using: &dice)
                let height = Int.random(in: 1...whole.height, using: &dice)
                let region = PixelRect(
                    x: Int.random(in: 0...whole.width - width, using: &dice),
                    y: Int.random(in: 0...whole.height - height, using: &dice),
                    width: width, height: height)
                let equal = try decode(bytes, region: region) == whole.cropped(to: region)
                #expect(equal, "\(file) \(region)")
            }
        }
        #expect(decoded > 25)
    }

    private struct Seeds: Decodable {
        let pillow: String
        let decoded: [String: Fixtures.Result]

        /// Progressive files without their last scans, whose blocks libjpeg-turbo smooths; versions
        /// 2.1 and 3.2, which Pillow 13 carries, do so by different rules.
        static let smoothed = ["incomplete-progressive.jpg"]

        static let corpus = Fixtures.folder.appendingPathComponent("../../Fuzz/corpus")
            .standardizedFileURL

        static func load() throws -> Seeds {
            let file = corpus.appendingPathComponent("../decoded.json")
            return try JSONDecoder().decode(Seeds.self, from: Data(contentsOf: file))
        }
    }
}

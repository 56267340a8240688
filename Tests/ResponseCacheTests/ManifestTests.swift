import Foundation
import Testing

@testable import ResponseCache

@Suite("Manifest") struct ManifestTests {
    private func parse(_ text: String) throws -> String? {
        try message { _ = try CacheManifest.parse(Data(text.utf8), path: "m.json") }
    }

    private func json(_ manifest: CacheManifest) throws -> String {
        String(decoding: try manifest.json(), as: UTF8.self)
    }

    @Test("the file is sorted, readable and without times") func text() throws {
        let manifest = try makeManifest(
            fingerprint: Fingerprint(fields: [.init(name: "views.seed", value: "a/b")]))
        #expect(
            try json(manifest) == """
                {
                  "classes" : 10,
                  "created_by" : "understudy test",
                  "encoding" : {
                    "name" : "topk",
                    "top_k" : 3
                  },
                  "epochs" : 2,
                  "fingerprint" : {
                    "digest" : "\(manifest.fingerprint.digest)",
                    "fields" : [
                      {
                        "name" : "views.seed",
                        "value" : "a/b"
                      }
                    ]
                  },
                  "format" : "understudy-response-cache",
                  "format_version" : 3,
                  "group_size" : 4,
                  "groups_per_epoch" : 5,
                  "groups_per_part" : 2,
                  "teacher" : "beit-test"
                }

                """)
    }

    @Test(
        "a manifest survives the file",
        arguments: [RowEncoding.dense, .topK(9), .bounded(maxKL: 0.005)])
    func roundTrip(_ encoding: RowEncoding) throws {
        let manifest = try makeManifest(encoding)
        #expect(
            try CacheManifest.parse(Data(try manifest.json()), path: "m.json") == manifest)
    }

    @Test("a damaged or foreign manifest is one clear line") func damaged() throws {
        let good = try json(try makeManifest())
        func changed(_ old: String, _ new: String) throws -> String? {
            let text = good.replacingOccurrences(of: old, with: new)
            #expect(text != good)
            return try parse(text)
        }
        #expect(try parse(good) == nil)
        #expect(
            try changed("\"format_version\" : 3", "\"format_version\" : 4")
                == "m.json: format version 4, and this program reads 3; use a newer understudy")
        #expect(
            try changed("understudy-response-cache", "other")
                == "m.json: the format is 'other', not 'understudy-response-cache'")
        #expect(try parse("{") == "m.json: is not valid JSON")
        #expect(try parse("") == "m.json: is not valid JSON")
        #expect(try parse("{}") == "m.json: the key 'format' is missing")
        #expect(
            try changed("\"classes\" : 10,", "") == "m.json: the key 'classes' is missing")
        #expect(
            try changed("\"classes\" : 10", "\"classes\" : \"ten\"")
                == "m.json: 'classes' has the wrong type")
        #expect(
            try changed("\"topk\"", "\"best\"")
                == "m.json: 'encoding.name': unknown encoding 'best'; known: dense, topk, bounded")
        #expect(
            try changed("rand-m7", "rand-m9")
                == "m.json: 'fingerprint.digest': "
                + "the digest does not belong to the fields (edited by hand?)")
        #expect(
            try changed("\"group_size\" : 4", "\"group_size\" : 0")
                == "m.json: group_size is 0; 1 to 1048576 are possible")
    }

    @Test(
        "numbers of any size are refused, and trap nowhere",
        arguments: ["epochs", "groups_per_epoch", "group_size", "groups_per_part", "classes"])
    func hostile(_ key: String) throws {
        let good = try json(try makeManifest())
        let line = try #require(good.split(separator: "\n").first { $0.contains("\"\(key)\"") })
        let numbers = [
            "0", "-1", "2147483648", "4294967296", "4611686018427387904", "9223372036854775807",
            "-9223372036854775808", "18446744073709551616", "1e300", "0.5",
        ]
        for number in numbers {
            let text = try parse(
                good.replacingOccurrences(of: line, with: "  \"\(key)\" : \(number),"))
            #expect(text?.hasPrefix("m.json: ") == true, "\(number)")
            #expect(text?.contains("\n") == false, "\(number)")
        }
        // The largest that are possible one by one are too many together.
        let largest = ["epochs": 1 << 20, "groups_per_epoch": 1 << 30, "group_size": 1 << 20]
        let all = try largest.reduce(good) { text, field in
            try text.replacing(
                Regex("\"\(field.key)\" : [0-9]+"), with: "\"\(field.key)\" : \(field.value)")
        }
        #expect(try parse(all)?.hasSuffix("parts; raise groups_per_part") == true)
    }

    @Test("a layout out of range is refused before anything is made") func ranges() throws {
        #expect(
            try message { _ = try makeManifest(.topK(10), classes: 10) }
                == "the cache cannot be laid out: "
                + "top_k is 10 of 10 classes; use 1 to 9, or dense")
        #expect(
            try message { _ = try makeManifest(classes: 70_000) }
                == "the cache cannot be laid out: classes is 70000; 2 to 65536 are possible")
        #expect(
            try message {
                _ = try makeManifest(.dense, classes: 65_536, groupSize: 1 << 20)
            }
                == "the cache cannot be laid out: a part would hold 2097152 rows of 65536 classes; "
                + "lower groups_per_part")
        #expect(
            try message { _ = try makeManifest(epochs: 1 << 20, groupsPerEpoch: 1 << 30) }?
                .hasSuffix("parts; raise groups_per_part") == true)
    }

    @Test("parts cover the groups and slots of an epoch once, in order") func layout() throws {
        let manifest = try makeManifest()
        #expect(manifest.partsPerEpoch == 3)
        #expect(manifest.slotsPerEpoch == 20)
        let parts = manifest.parts(epochs: 1..<2)
        #expect(parts.map(\.path) == (0..<3).map { "epoch-0001/part-0000\($0).h5" })
        #expect(parts.map { manifest.groups(of: $0) } == [0..<2, 2..<4, 4..<5])
        #expect(parts.map { manifest.slots(of: $0) } == [0..<8, 8..<16, 16..<20])
        for slot in 0..<20 {
            #expect(manifest.slots(of: manifest.part(epoch: 1, slot: slot)).contains(slot))
        }
        #expect(PartID(epoch: 12_345, index: 123_456).path == "epoch-12345/part-123456.h5")
    }
}

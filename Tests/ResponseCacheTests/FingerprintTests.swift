import Foundation
import Testing

@testable import ResponseCache

@Suite("Fingerprint") struct FingerprintTests {
    private func fingerprint(_ fields: KeyValuePairs<String, String>) -> Fingerprint {
        Fingerprint(fields: fields.map { .init(name: $0.key, value: $0.value) })
    }

    @Test("the digest is SHA-256 of the documented text") func digest() {
        // printf 'understudy-fingerprint-1\n1:a=1:1\n1:b=3:x y\n' | sha256sum
        let expected = "d08bb7b4f2e0702849a4a8d92ff16031413a49a655d3d0600274a0f58b7a7a36"
        #expect(fingerprint(["a": "1", "b": "x y"]).digest == expected)
        #expect(fingerprint(["b": "x y", "a": "1"]).digest == expected)
        #expect(fingerprint(["b": "x y", "a": "1"]) == fingerprint(["a": "1", "b": "x y"]))
    }

    @Test("line feeds and equals signs in values cannot imitate other fields") func ambiguity() {
        #expect(
            fingerprint(["a": "1\n1:b=1:2"]).digest != fingerprint(["a": "1", "b": "2"]).digest)
    }

    @Test("differences name field and both values, in the cache's order") func differences() {
        let cache = fingerprint([
            "views.randaugment": "rand-m7-mstd0.5", "views.seed": "42", "teacher": "beit",
            "note": "",
        ])
        let here = fingerprint([
            "teacher": "vit", "views.randaugment": "rand-m9-mstd0.5", "views.seed": "42",
            "data": "imagenet",
        ])
        #expect(
            cache.differences(from: here) == [
                "views.randaugment: rand-m7-mstd0.5 in the cache, rand-m9-mstd0.5 here",
                "teacher: beit in the cache, vit here",
                "note: (empty) in the cache, absent here",
                "data: absent in the cache, imagenet here",
            ])
        #expect(cache.differences(from: cache) == [])
    }

    @Test("a fingerprint survives JSON, and an edited one is refused") func json() throws {
        let encoded = try JSONEncoder().encode(someFingerprint)
        #expect(try JSONDecoder().decode(Fingerprint.self, from: encoded) == someFingerprint)
        let edited = String(decoding: encoded, as: UTF8.self)
            .replacingOccurrences(of: "rand-m7", with: "rand-m9")
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Fingerprint.self, from: Data(edited.utf8))
        }
    }

    @Test("SHA-256 of a file longer than a piece") func fileDigest() throws {
        let folder = try TemporaryFolder()
        // Source: FIPS 180-4 examples; the million letters a are NIST's long message.
        let million = try folder.file("a", [UInt8](repeating: 0x61, count: 1_000_000))
        #expect(
            try Fingerprint.sha256(ofFile: million)
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        let abc = try folder.file("b", Array("abc".utf8))
        #expect(
            try Fingerprint.sha256(ofFile: abc)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let zeros = try folder.file("c", [UInt8](repeating: 0, count: 3 << 20))
        #expect(
            try Fingerprint.sha256(ofFile: zeros)
                == "bbd05cf6097ac9b1f89ea29d2542c1b7b67ee46848393895f5a9e43fa1f621e5")
        let missing = "\(folder.path)/none"
        #expect(
            try message { _ = try Fingerprint.sha256(ofFile: missing) }
                == "\(missing): cannot open: No such file or directory")
    }
}

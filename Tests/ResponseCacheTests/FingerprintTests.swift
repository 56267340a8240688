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
            "view.randaugment": "rand-m7-mstd0.5", "view.seed": "42", "teacher": "beit",
            "note": "",
        ])
        let here = fingerprint([
            "teacher": "vit", "view.randaugment": "rand-m9-mstd0.5", "view.seed": "42",
            "data": "imagenet",
        ])
        #expect(
            cache.differences(from: here) == [
                "view.randaugment: rand-m7-mstd0.5 in the cache, rand-m9-mstd0.5 here",
                "teacher: beit in the cache, vit here",
                "note: (empty) in the cache, absent here",
                "data: absent in the cache, imagenet here",
            ])
        #expect(cache.differences(from: cache) == [])
    }

    @Test("what an earlier program called otherwise is compared in the words of now")
    func earlier() {
        let cache = fingerprint([
            "views.version": "2", "views.flip": "0.5", "views.crop.scale": "[0.3, 1]",
            "views.mixing.version": "2", "cache.epochs": "8", "teacher": "beit",
        ])
        let here = fingerprint([
            "views.version": "2", "view.flip": "0.5", "view.crop.scale": "[0.3, 1]",
            "views.mixing.version": "2", "teacher": "beit",
        ])
        #expect(cache != here && cache.current == here && here.current == here)
        #expect(cache.differences(from: here) == [] && here.differences(from: cache) == [])
        #expect(
            cache.differences(
                from: fingerprint([
                    "views.version": "2", "view.flip": "0", "view.crop.scale": "[0.3, 1]",
                    "views.mixing.version": "2", "teacher": "beit", "view.erasing": "some",
                ])) == [
                    "view.flip: 0.5 in the cache, 0 here",
                    "view.erasing: absent in the cache, some here",
                ])
        // No program wrote both names, and none is taken for the other.
        let both = fingerprint(["views.flip": "0.5", "view.flip": "0", "cache.epochs": "8"])
        #expect(both.current == both)
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
}

import Foundation
import Testing

@testable import StrictYAML

@Suite("YAML text") struct YAMLTextTests {
    @Test(
        "is plain only where every reader takes it for a text",
        arguments: [
            ("resnet50", "resnet50"), ("/srv/train", "/srv/train"), ("v1.2-b_3", "v1.2-b_3"),
            ("224-2", "224-2"), ("_1", "_1"), ("1st", "1st"), ("", "\"\""), ("384", "\"384\""),
            ("1_000", "\"1_000\""), ("1e5", "\"1e5\""), (".5", "\".5\""), ("0x1f", "\"0x1f\""),
            ("0b11", "\"0b11\""), ("0o17", "\"0o17\""), ("nan", "\"nan\""), (".Inf", "\".Inf\""),
            ("On", "\"On\""), ("y", "\"y\""), ("null", "\"null\""), ("...", "\"...\""),
            ("-x", "\"-x\""), ("2024-01-31", "\"2024-01-31\""), ("10:30", "\"10:30\""),
            ("a: b #c", "\"a: b #c\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("ä", "\"ä\""),
            ("a\nb\u{1B}\u{85}", "\"a\\x0ab\\x1b\\x85\""),
            ("\u{2028}\u{202E}\u{FEFF}", "\"\\u2028\\u202e\\ufeff\""),
            ("\u{E0001}", "\"\\U000e0001\""),
        ])
    func scalars(text: String, expected: String) {
        #expect(YAMLText.scalar(text) == expected)
    }

    @Test("reads back to the same text, whatever it holds")
    func roundTrip() throws {
        let all = (0..<0x3000).compactMap { Unicode.Scalar(UInt32($0)) }
        for scalar in all + ["\u{FFFE}", "\u{1F600}"] where scalar != "\0" {
            for text in ["\(scalar)", "a\(scalar)b", " \(scalar) "] {
                let node = try SourcedNode(
                    parsing: "key: \(YAMLText.scalar(text))",
                    at: Place(origin: "a", line: 1, column: 1, directory: "/"))
                guard case .mapping(let entries) = node.content,
                    case .scalar(let back, let isPlain) = entries[0].value.content
                else {
                    Issue.record("U+\(String(scalar.value, radix: 16)) is no scalar")
                    continue
                }
                #expect(Array(back.unicodeScalars) == Array(text.unicodeScalars))
                #expect(!isPlain || !YAMLText.isAmbiguous(text))
            }
        }
    }

    @Test("numbers read back to the same bits", arguments: [0.1, 1e-7, 1e22, 5, -0.25, 1e300])
    func numbers(value: Double) {
        let text = YAMLText.scalar(value)
        #expect(Double(text) == value)
        #expect(text.contains(".") || !text.contains("e"), "YAML 1.1 needs the point")
    }
}

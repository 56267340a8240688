import Testing

@testable import Recipes

@Suite("A card of responses as YAML") struct TeacherCardYAMLTests {
    private func card(_ text: String, isName: Bool) -> TeacherCard {
        TeacherCard(
            name: isName ? text : "images", classes: 5,
            responses: .init(dataset: text, keys: text, values: .logits, temperature: 2.5),
            file: "/data/\(text).h5", sha256: String(repeating: "0", count: 64),
            source: "imported from \(text)")
    }

    @Test(
        "a card reads back whatever its texts are",
        arguments: [
            ("384", true), ("nan", true), ("on", true), ("y", true), ("2024", true),
            ("1e3", true), ("null", true), ("1_000", true), ("2024-01-01", true), ("0x1F", true),
            ("0o17", true), ("-", true), ("-1", true), ("resnet50", true), ("~", false),
            (".inf", false), ("a: b", false), ("a #b", false), ("#", false), ("- a", false),
            ("{a}", false), ("\"q\" \\ 'q'", false), ("a\nb", false), ("a\tb", false),
            ("\u{7F}\u{85}\u{9F}\u{2028}\u{2029}\u{202E}\u{FEFF}\u{FFFE}", false),
            ("é中🙂", false), (" a ", false), ("%a", false), ("@a", false), ("!a", false),
        ])
    func roundTrip(_ text: String, isName: Bool) throws {
        let card = card(text, isName: isName)
        let yaml = try #require(card.precomputedYAML)
        #expect(try TeacherCard(parsing: yaml, path: "/data/card.yaml") == card, "\(yaml)")
    }

    @Test("a network's card is not written") func network() throws {
        var card = card("a", isName: true)
        card.architecture = .resnet(depth: 18)
        #expect(card.precomputedYAML == nil)
    }
}

import Testing

@testable import Base

@Suite("Printable text") struct PrintableTests {
    @Test("what a terminal would obey is written out, the rest stays") func escapes() {
        #expect("a\u{1B}[2Jb\nc\td\u{7F}\u{9B}e".printable == #"a\u{1B}[2Jb\nc\td\u{7F}\u{009B}e"#)
        #expect("\u{202E}gpj.\u{2066}\u{2028}".printable == #"\u{202E}gpj.\u{2066}\u{2028}"#)
        #expect("Käse 👩‍🚀 日本".printable == "Käse 👩‍🚀 日本")
    }

    @Test("lines stay lines where they are meant") func lines() {
        #expect("a\r\nb\u{7}\n".printableLines == "a\\r\nb\\u{07}\n")
    }

    @Test("JSON stays JSON") func json() {
        #expect("{\"a\u{9B}\u{7F}\":\n 1}".printableJSON == "{\"a\\u009b\\u007f\":\n 1}")
    }
}

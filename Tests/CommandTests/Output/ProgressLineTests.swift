import Testing

@testable import understudy

@Suite("Progress lines") struct ProgressLineTests {
    private func line(
        _ label: String = "epoch 1/8", done: Int = 480, total: Int = 1344, rate: Double = 283.1,
        note: String = "loss 2.3026"
    ) -> ProgressLine {
        ProgressLine(
            label: label, done: done, total: total, unit: "images", rate: rate, note: note)
    }

    @Test("tell what is done, how fast, and how long it takes") func plain() {
        #expect(
            line().plain == "epoch 1/8: 480/1344  283.1 images/s  0:03 left  loss 2.3026")
        #expect(
            line(rate: 0.01, note: "").plain
                == "epoch 1/8: 480/1344  0.0 images/s  24:00:00 left  ")
    }

    @Test("fit a terminal of 80 columns, with the bar as far as the work is")
    func drawn() {
        #expect(
            line().drawn(columns: 80)
                == "epoch 1/8 [====        ] 480/1344  283.1 images/s  0:03 left  loss 2.3026")
        #expect(line().drawn(columns: 20) == "epoch 1/8 [====    ")
        #expect(line().drawn(columns: 1) == "")
    }

    @Test("count wide characters as two columns") func wide() {
        let label = String(repeating: "漢", count: 60)
        #expect(line(label).drawn(columns: 80) == String(repeating: "漢", count: 39))
        #expect(line(label).drawn(columns: 81) == String(repeating: "漢", count: 40))
    }

    @Test(
        "are sound at the ends of numbers",
        arguments: [
            (0, 0, 0.0), (5, 0, 1.0), (9, 7, 2.0), (-1, 7, 2.0), (0, .max, 1e-300),
            (.max, .max, 1e300), (.min, .max, .infinity), (3, 1 << 33, .nan),
        ])
    func ends(done: Int, total: Int, rate: Double) {
        let drawn = line(done: done, total: total, rate: rate).drawn(columns: 120)
        #expect(drawn.contains("\(done)/\(total)"), "\(drawn)")
        #expect(!line(done: done, total: total, rate: rate).plain.contains("-0"))
    }

    @Test("show what a label holds, and obey none of it") func printable() {
        #expect(
            line("a\u{1B}[2J\nError: b").plain.hasPrefix(#"a\u{1B}[2J\nError: b: 480"#))
        #expect(!line("a\r\u{1B}c").drawn(columns: 80).contains("\u{1B}"))
    }
}

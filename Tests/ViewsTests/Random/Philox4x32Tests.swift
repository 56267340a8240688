import Testing

@testable import Views

@Suite("Philox4x32-10") struct Philox4x32Tests {
    // Source: Random123 1.14, tests/kat_vectors, "philox4x32 10".
    @Test("yields the published blocks")
    func knownAnswers() {
        let ones = UInt32.max
        expect(
            counter: (0, 0, 0, 0), key: (0, 0), 0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
        expect(
            counter: (ones, ones, ones, ones), key: (ones, ones), 0x408f_276d, 0x41c8_3b0e,
            0xa20b_c7c6, 0x6d54_51fd)
        expect(
            counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
            key: (0xa409_3822, 0x299f_31d0), 0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    }

    private func expect(
        counter: Philox4x32.Words, key: (UInt32, UInt32), _ words: UInt32...
    ) {
        let block = Philox4x32.block(counter: counter, key: key)
        #expect([block.0, block.1, block.2, block.3] == words)
    }
}

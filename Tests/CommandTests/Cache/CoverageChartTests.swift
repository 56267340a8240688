import Testing

@testable import understudy

@Suite("Coverage chart") struct CoverageChartTests {
    @Test("an epoch is whole, there in part, or missing") func marks() {
        #expect(
            CoverageChart(shares: [1, 0.5, 0, 1]).description
                == "#+.#  a mark: # whole, + in part, . missing")
    }

    @Test("many epochs share marks, whole only where all are, and stay within 60 columns")
    func runs() {
        var shares = [Double](repeating: 1, count: 610)
        shares[15] = 0
        for epoch in 600..<610 { shares[epoch] = 0 }
        let text = CoverageChart(shares: shares).description
        let marks = text.prefix { $0 != " " }
        #expect(marks.count == 56)
        #expect(text.hasPrefix("#+##"))
        #expect(marks.hasSuffix("#+."))
        #expect(text.hasSuffix("11 epochs a mark: # whole, + in part, . missing"))
    }
}

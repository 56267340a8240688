import Testing

@testable import ResponseCache

@Suite("Rows on the bound") struct BoundedBorderTests {
    /// A row is measured after decoding, for float32 can tip one that the estimate in float64 leaves
    /// on the bound. So the bound is put just below what each row diverges by.
    @Test("a row that lies on the bound is not tipped over it") func border() throws {
        let classes = 100
        let layout = BoundedLayout(maxKL: 0.01, classes: classes)
        let rows = madeRows(200, classes: classes, power: 12, seed: 3)
        func encode(_ row: UnsafeBufferPointer<Float>, maxKL: Double) -> (Double, Int) {
            var encoder = BoundedEncoder(layout: layout, maxKL: maxKL)
            let sum = row.reduce(0.0) { $0 + Double($1) }
            let (divergence, entries) = encoder.append(row, sum: sum, positive: classes)
            return (divergence, entries)
        }
        var tipped = 0
        rows.withUnsafeBufferPointer { rows in
            for start in stride(from: 0, to: rows.count, by: classes) {
                let row = UnsafeBufferPointer(rebasing: rows[start..<start + classes])
                let (divergence, entries) = encode(row, maxKL: 0.01)
                let bound = divergence.nextDown
                let (kept, more) = encode(row, maxKL: bound)
                #expect(kept <= bound)
                tipped += more > entries ? 1 : 0
            }
        }
        #expect(tipped == 200, "each needs a class more")
    }
}

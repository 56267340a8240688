import Testing

@testable import Distillation

@Suite("Rows of sorted paths") struct ResponseRowsTests {
    /// Three in a circle, so that the order is not its own inverse.
    @Test("each image has the row of its place among the sorted paths") func circle() throws {
        let match = ResponseMatch(file: "f.h5", dataset: "logits", images: ["b", "c", "a"])
        #expect(try match.rows(count: 3) == [1, 2, 0])
    }
}

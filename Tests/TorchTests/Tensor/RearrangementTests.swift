import Testing

@testable import Torch

/// Small enough to be worked out by hand.
@Suite("Rearrangement and selection") struct RearrangementTests {
    let x: Tensor

    init() throws {
        x = try Tensor.arange(6, dtype: .float32).reshaped([2, 3])
    }

    @Test("shapes change as stated") func shapes() throws {
        #expect(try x.reshaped([3, -1]).shape == [3, 2])
        #expect(try Tensor.zeros([2, 3, 5]).flattened(from: 1).shape == [2, 15])
        #expect(try x.flattened().shape == [6])
        #expect(try Tensor.zeros([2, 3, 5]).permuted([2, 0, 1]).shape == [5, 2, 3])
        #expect(try x.reshaped([2, 1, 3]).expanded([2, 4, -1]).shape == [2, 4, 3])
    }

    @Test("joining, flipping and narrowing move the right elements") func moves() throws {
        #expect(
            try Tensor.concatenated(
                [x, x.narrowed(dimension: 1, start: 1, count: 2)], dimension: 1
            )
            .floats() == [0, 1, 2, 1, 2, 3, 4, 5, 4, 5])
        #expect(try Tensor.stacked([x, x], dimension: 1).shape == [2, 2, 3])
        #expect(try x.flipped([0]).floats() == [3, 4, 5, 0, 1, 2])
        #expect(try x.flipped([1]).floats() == [2, 1, 0, 5, 4, 3])
        #expect(try x.selected(dimension: 1, index: -1).floats() == [2, 5])
    }

    @Test("indices pick rows and elements") func indices() throws {
        let rows = try Tensor([1, 0, 1] as [Int64], shape: [3])
        #expect(
            try x.indexSelected(dimension: 0, index: rows).floats() == [3, 4, 5, 0, 1, 2, 3, 4, 5])
        let classes = try Tensor([2, 0] as [Int64], shape: [2])
        #expect(try classes.oneHot(classes: 3).int64s() == [0, 0, 1, 1, 0, 0])
        #expect(
            errorText { _ = try classes.oneHot(classes: 2) }
                .hasPrefix("oneHot: expected int64 classes in 0 ..< 2, found [2] int64"))
        #expect(
            errorText {
                _ = try x.indexSelected(dimension: 0, index: Tensor([2] as [Int64], shape: [1]))
            }
            .hasPrefix("indexSelected: expected an int64 vector of entries of dimension 0"))
    }

    @Test("comparisons make masks, and where_ uses them") func masks() throws {
        let big = try x.greater(than: 2.5)
        #expect(big.dtype == .bool)
        #expect(try big.floats() == [0, 0, 0, 1, 1, 1])
        #expect(try x.where_(big, Tensor.full([], -1)).floats() == [-1, -1, -1, 3, 4, 5])
        #expect(try x.equal(to: x.flipped([1])).floats() == [0, 1, 0, 0, 1, 0])
        let odd = try Tensor([1, .infinity, .nan, -.infinity] as [Float], shape: [4])
        #expect(try odd.isFinite().floats() == [1, 0, 0, 0])
    }

    @Test("operators broadcast, and mix with numbers on either side") func operators() throws {
        let row = try Tensor([1, 2, 4] as [Float], shape: [3])
        #expect(try (x + row).floats() == [1, 3, 6, 4, 6, 9])
        #expect(try (x - row).floats() == [-1, -1, -2, 2, 2, 1])
        #expect(try (x * row).floats() == [0, 2, 8, 3, 8, 20])
        #expect(try (x / row).floats() == [0, 0.5, 0.5, 3, 2, 1.25])
        #expect(try (2 * (row + 1) - 0.5).floats() == [3.5, 5.5, 9.5])
        #expect(try (1 - row / 2).floats() == [0.5, 0, -1])
        #expect(try (8 / row + (3 + row)).floats() == [12, 9, 9])
        #expect(try (Tensor.arange(2) + 0.5).floats() == [0.5, 1.5])
    }

    @Test("writing in place changes the tensor itself") func inPlace() throws {
        let y = try x.cloned()
        try y.add(x, scale: -0.5)
        try y.multiply(by: 4)
        #expect(try y.floats() == [0, 2, 4, 6, 8, 10])
        try y.copy(from: x.to(.bfloat16))
        #expect(try y.floats() == [0, 1, 2, 3, 4, 5])
        try y.fill(3)
        #expect(try y.floats() == [3, 3, 3, 3, 3, 3])
    }
}

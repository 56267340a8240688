import CTorch

// What integers of few bits would make of a tensor. The results are floats that such integers stand
// for: with them a network computes what integer hardware would, to the rounding of its sums.
extension Tensor {
    /// Every element as an integer in `range` and back: `(q − zero) · scale` with
    /// `q = round(x / scale) + zero`, ties to even.
    ///
    /// - Parameter scale: above 0.
    /// - Throws: `TorchError` unless `zero` lies in the range and `self` is float32.
    package func fakeQuantized(
        scale: Double, zero: Int, in range: ClosedRange<Int>
    ) throws(TorchError) -> Tensor {
        precondition(scale > 0, "a scale is positive")
        return try Tensor.make("fakeQuantized", [self], expected: "float32") {
            ct_fake_quantize(
                $0[0], scale, Int64(zero), Int64(range.lowerBound), Int64(range.upperBound), $1, $2)
        }
    }

    /// The same with zero at 0 and a scale for each entry of a dimension.
    ///
    /// - Parameter scales: float32, as many as the dimension has entries, none below 0.
    package func fakeQuantized(
        scales: Tensor, dimension: Int, in range: ClosedRange<Int>
    ) throws(TorchError) -> Tensor {
        try Tensor.make(
            "fakeQuantized", [self, scales],
            expected: "float32, and a scale for each entry of dimension \(dimension)"
        ) {
            ct_fake_quantize_channels(
                $0[0], $0[1], Int64(dimension), Int64(range.lowerBound), Int64(range.upperBound),
                $1,
                $2)
        }
    }

    /// The least and the greatest element.
    ///
    /// - Throws: `TorchError` for a tensor without elements.
    package func extremes() throws(TorchError) -> ClosedRange<Double> {
        let (least, greatest) = try Tensor.makePair("extremes", [self], expected: "elements") {
            ct_extremes($0[0], $1, $2, $3)
        }
        let (low, high) = (try least.item(), try greatest.item())
        guard low <= high else {
            throw TorchError(operation: "extremes", message: "an element is not a number")
        }
        return low...high
    }

    /// How many elements lie in each of some bins of equal width; those outside the range in none.
    ///
    /// - Parameter range: the upper bound is in the last bin.
    /// - Returns: float32, which counts exactly to 2²⁴.
    package func histogram(
        bins: Int, in range: ClosedRange<Double>
    ) throws(TorchError) -> [Float] {
        try Tensor.make("histogram", [self]) {
            ct_histogram($0[0], Int64(bins), range.lowerBound, range.upperBound, $1, $2)
        }.floats()
    }
}

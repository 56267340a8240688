import Foundation
import Torch

// What a network knows of the places of its tokens, brought to another number of them, as timm does
// when it loads weights of images of another size.
extension Tensor {
    /// Position embeddings of a square of patches, `[1, prefix + n², width]`, for one of
    /// `side`² patches, by bicubic interpolation.
    ///
    /// Source: timm 1.0.31, `layers/pos_embed.py`, `resample_abs_pos_embed`.
    ///
    /// - Parameter prefix: tokens before the patches, whose embeddings stay.
    /// - Returns: nil where the embeddings are not those of a square.
    func resampledPositions(prefix: Int, side: Int) throws(TorchError) -> Tensor? {
        guard rank == 3, shape[0] == 1, let found = (shape[1] - prefix).squareRoot else {
            return nil
        }
        let width = shape[2]
        let grid = try narrowed(dimension: 1, start: prefix, count: found * found)
            .to(.float32).reshaped([1, found, found, width]).permuted([0, 3, 1, 2])
        let resized = try grid.resizedBicubic(height: side, width: side, antialias: true)
            .permuted([0, 2, 3, 1]).reshaped([1, side * side, width])
        let first = try narrowed(dimension: 1, start: 0, count: prefix)
        return try .concatenated([first.to(.float32), resized], dimension: 1)
    }

    /// A table of relative position biases, `[(2n − 1)² + 3, heads]`, for a square of `side`² patches.
    ///
    /// The table found is thought to lie at distances that grow as a geometric progression, dense
    /// around 0, so that its outermost rows meet the new ones; between them it is linear. The last
    /// three rows, of the class token, stay.
    ///
    /// Source: timm 1.0.31, `layers/pos_embed_rel.py`, `resize_rel_pos_bias_table`, as it computes
    /// without SciPy, in its order and in float32.
    ///
    /// - Returns: nil where the table is not that of a square.
    func resampledPositionBias(side: Int) throws(TorchError) -> Tensor? {
        guard rank == 2, let found = (shape[0] - 3).squareRoot, !found.isMultiple(of: 2) else {
            return nil
        }
        let heads = shape[1]
        let target = 2 * side - 1
        let stops = Self.geometricStops(found / 2, reaching: target / 2)
        let places = (0..<target).map { LinearPlace(of: Float($0 - target / 2), among: stops) }
        let values = try floats()
        var table: [Float] = []
        table.reserveCapacity((target * target + 3) * heads)
        for y in places {
            for x in places {
                let total = (y.before + y.after) * (x.before + x.after)
                for head in 0..<heads {
                    func value(_ row: Int, _ column: Int) -> Float {
                        values[(row * found + column) * heads + head]
                    }
                    var sum = value(y.left, x.left) * (y.after * x.after)
                    sum += value(y.left, x.right) * (y.after * x.before)
                    sum += value(y.right, x.left) * (y.before * x.after)
                    sum += value(y.right, x.right) * (y.before * x.before)
                    table.append(sum / total)
                }
            }
        }
        table += values.suffix(3 * heads)
        return try Tensor(table, shape: [target * target + 3, heads])
    }

    /// Positions from -s through 0 to s whose steps grow by one ratio, and whose sum is as near to
    /// `reach` as ratios from 1.01 to 1.5 bring it.
    private static func geometricStops(_ count: Int, reaching reach: Int) -> [Float] {
        var (low, high) = (1.01, 1.5)
        var ratio = low
        while high - low > 1e-6 {
            ratio = (low + high) / 2
            let sum = (1 - pow(ratio, Double(count))) / (1 - ratio)
            if sum > Double(reach) { high = ratio } else { low = ratio }
        }
        var stops: [Double] = []
        var current = 1.0
        for index in 0..<count {
            stops.append(current)
            current += pow(ratio, Double(index + 1))
        }
        return stops.reversed().map { Float(-$0) } + [0] + stops.map { Float($0) }
    }
}

/// Where a position lies between two of a list of ascending ones.
private struct LinearPlace {
    /// The positions on either side.
    let left: Int
    let right: Int
    /// The distances to them; both 1 on a position itself, or beyond all.
    let before: Float
    let after: Float

    init(of position: Float, among stops: [Float]) {
        let first = stops.firstIndex { $0 >= position } ?? stops.count
        right = min(first, stops.count - 1)
        left = max(right - 1, 0)
        let (before, after) = (max(position - stops[left], 0), max(stops[right] - position, 0))
        (self.before, self.after) = before == 0 && after == 0 ? (1, 1) : (before, after)
    }
}

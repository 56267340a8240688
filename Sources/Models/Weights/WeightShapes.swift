import Base
import Torch

/// The shapes of weights under a network's own names, as one layout has them.
package struct WeightShapes {
    private let weights: any WeightsArchive
    private let layout: WeightLayout
    /// What stands before every name of the file.
    private let prefix: String

    /// - Parameter head: the network's own name of its head, by which a wrapper's prefix is told.
    init(of weights: any WeightsArchive, as layout: WeightLayout, head: String) {
        self.weights = weights
        self.layout = layout
        let head = layout.match(for: head).file[0]
        prefix = WrapperPrefix.common(to: weights.names) { $0 == head }
    }

    /// A tensor's shape, by the network's own name; nil if it is not there, or is a part of another whose
    /// cuts the layout leaves open.
    package subscript(_ name: String) -> [Int]? {
        let match = layout.match(for: name)
        guard match.here.count == 1, var shape = weights.info(prefix + match.file[0])?.shape else {
            return nil
        }
        for other in match.file.dropFirst() {
            guard weights.info(prefix + other)?.shape == shape else { return nil }
        }
        guard shape.count >= match.further.count, shape.suffix(match.further.count) == match.further[...]
        else { return nil }
        shape.removeLast(match.further.count)
        guard match.file.count > 1 else { return shape }
        guard let rows = shape.first, let all = Int.product(rows, match.file.count) else {
            return nil
        }
        shape[0] = all
        return shape
    }

    /// How many tensors there are of a name in which `#` is replaced by 0, 1, 2, ….
    package func count(_ pattern: String) -> Int {
        var count = 0
        while self[pattern.replacing("#", with: "\(count)")] != nil { count += 1 }
        return count
    }
}

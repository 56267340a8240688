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
        guard shape.count >= match.further.count,
            shape.suffix(match.further.count) == match.further[...]
        else { return nil }
        shape.removeLast(match.further.count)
        guard match.file.count > 1 else { return shape }
        guard let rows = shape.first, let all = Int.product(rows, match.file.count) else {
            return nil
        }
        shape[0] = all
        return shape
    }

    /// How much the weights and a network have in common: the tensors of its names and shapes, over
    /// those that either has.
    ///
    /// What files may lack counts where it is there; constants are of the network in layouts whose files
    /// hold them.
    func share(of architecture: Architecture, classes: Int) -> Double {
        guard architecture.fault(classes: classes) == nil,
            let outline = try? architecture.outline(classes: classes)
        else { return 0 }
        var (alike, lacking) = (0, 0)
        var expected: Set<String> = []
        for entry in outline.store.entries {
            let files = layout.match(for: entry.name).file.map { prefix + $0 }
            expected.formUnion(files)
            let isAbsent = files.allSatisfy { weights.info($0) == nil }
            if self[entry.name] == entry.tensor.shape {
                alike += files.count
            } else if !isAbsent || entry.absentValue == nil {
                lacking += files.count
            }
        }
        for (name, constant) in layout.holdsConstants ? outline.store.constants : [:] {
            let file = prefix + layout.match(for: name).file[0]
            expected.insert(file)
            if weights.info(file)?.shape == constant.shape { alike += 1 } else { lacking += 1 }
        }
        let further = weights.names.count {
            !expected.contains($0) && !layout.ignores($0.dropping(prefix))
        }
        return Double(alike) / Double(max(alike + lacking + further, 1))
    }

    /// How many tensors there are of a name in which `#` is replaced by 0, 1, 2, ….
    package func count(_ pattern: String) -> Int {
        var count = 0
        while self[pattern.replacing("#", with: "\(count)")] != nil { count += 1 }
        return count
    }
}

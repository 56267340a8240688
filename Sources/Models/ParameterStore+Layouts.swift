import Torch

extension ParameterStore {
    /// All tensors under the names, and cut as, a layout has them: what `load` reads.
    ///
    /// - Parameter savesConstants: whether those that follow from the architecture are among them.
    package func tensors(
        in layout: WeightLayout, savesConstants: Bool = false
    ) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        var tensors: [(name: String, tensor: Tensor)] = []
        var placed: Set<String> = []
        for entry in entries where !placed.contains(entry.name) {
            let match = layout.match(for: entry.name)
            placed.formUnion(match.here)
            var parts: [Tensor] = []
            for name in match.here {
                guard let tensor = self[name] else {
                    preconditionFailure("a layout joins \(match.here), not all there")
                }
                parts.append(try tensor.detached())
            }
            let whole = parts.count == 1 ? parts[0] : try .concatenated(parts, dimension: 0)
            guard match.file.count > 1 else {
                tensors.append((match.file[0], whole))
                continue
            }
            let rows = whole.shape[0] / match.file.count
            for (index, name) in match.file.enumerated() {
                tensors.append(
                    (name, try whole.narrowed(dimension: 0, start: index * rows, count: rows)))
            }
        }
        guard savesConstants else { return tensors }
        for (name, tensor) in constants.sorted(by: { $0.key < $1.key }) {
            tensors.append((layout.match(for: name).file[0], tensor))
        }
        return tensors
    }
}

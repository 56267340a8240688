import Torch

/// How a file lays out a network's tensors, where it is not under the network's own names.
///
/// A network names its tensors as its reference implementation does. Another implementation gives
/// the same numbers other names, keeps in several tensors what is one here, or in one what are
/// several. A layout says so as data, name by name, in patterns: `#` stands for a number, and `*` at
/// the end for what is left. In a file's name they stand for what they stood for here, in their
/// order, and `#-1` for one less. Files are read by it and written by it.
///
/// Constants that a network computes and a file may hold are named like its parameters.
package struct WeightLayout: Sendable {
    /// Whose files are laid out so, as messages list them.
    package let origins: [WeightOrigin]
    /// Whether files of this layout hold the constants that the network computes. Those of others may.
    package let holdsConstants: Bool

    private let pieces: [(here: [NamePattern], file: [NamePattern])]
    private let perPixel: [NamePattern]
    private let ignored: [NamePattern]

    /// Lays out a network's tensors; those that no pattern names have their own names in the file.
    ///
    /// - Parameters:
    ///   - origins: whose files are laid out so.
    ///   - renamed: a tensor, and its name in the file.
    ///   - joined: a tensor, and those of the file that each hold an equal share of its rows, in
    ///     order.
    ///   - sliced: a tensor of the file, and those whose rows it holds, in order.
    ///   - perPixel: vectors `[C]` that are `[C, 1, 1]` in the file, for the pixels of `[N, C, H, W]`.
    ///   - ignored: tensors of the file that the network has no use for.
    ///   - holdsConstants: whether files hold the constants that the network computes.
    package init(
        of origins: [WeightOrigin], renamed: KeyValuePairs<String, String> = [:],
        joined: KeyValuePairs<String, [String]> = [:],
        sliced: KeyValuePairs<String, [String]> = [:], perPixel: [String] = [],
        ignored: [String] = [], holdsConstants: Bool = false
    ) {
        self.origins = origins
        self.holdsConstants = holdsConstants
        self.perPixel = perPixel.map(NamePattern.init)
        let all =
            renamed.map { ([$0.key], [$0.value]) } + joined.map { ([$0.key], $0.value) }
            + sliced.map { ($0.value, [$0.key]) }
        pieces = all.map { ($0.0.map(NamePattern.init), $0.1.map(NamePattern.init)) }
        self.ignored = ignored.map(NamePattern.init)
    }

    /// The same for names that follow from a network's dimensions: a tensor, and its name in the file.
    package init(
        of origins: [WeightOrigin], renaming names: [(String, String)], perPixel: [String] = []
    ) {
        self.origins = origins
        holdsConstants = false
        self.perPixel = perPixel.map(NamePattern.init)
        pieces = names.map { ([NamePattern($0.0)], [NamePattern($0.1)]) }
        ignored = []
    }

    /// The layout of files that this program writes: every tensor under its own name.
    package static let own = WeightLayout(of: [])

    /// Whether every tensor has its own name and shape.
    package var isOwn: Bool { pieces.isEmpty && perPixel.isEmpty }

    /// Tensors of a file and tensors of a network that hold the same rows, one after the other.
    struct Match {
        var file: [String]
        var here: [String]
        /// The dimensions that each tensor of the file has behind those of the network's.
        var further: [Int] = []
    }

    /// Where a tensor of the network is found, and what else is found there.
    func match(for name: String) -> Match {
        var match = place(of: name)
        if perPixel.contains(where: { $0.parts(of: name) != nil }) { match.further = [1, 1] }
        return match
    }

    private func place(of name: String) -> Match {
        for piece in pieces {
            for pattern in piece.here {
                guard let parts = pattern.parts(of: name) else { continue }
                return Match(
                    file: piece.file.map { $0.name(of: parts) },
                    here: piece.here.map { $0.name(of: parts) })
            }
        }
        return Match(file: [name], here: [name])
    }

    /// Whether a tensor of a file is none of the network's, and may be there all the same.
    func ignores(_ name: String) -> Bool {
        ignored.contains { $0.parts(of: name) != nil }
    }
}

// MARK: - Writing

extension WeightLayout {
    /// A network's tensors as a file of this layout holds them, in the order in which the network made
    /// them.
    ///
    /// - Returns: every parameter and buffer, and, where files of the layout hold them, the constants.
    /// - Throws: `TorchError` if there is no memory for what has to be joined or cut.
    package func tensors(
        of store: ParameterStore
    ) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        let constants =
            holdsConstants
            ? store.constants.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
            : []
        return try laidOut(store.entries.map { (name: $0.name, tensor: $0.tensor) } + constants)
    }

    /// Tensors under a network's own names as a file of this layout holds them.
    ///
    /// - Parameter tensors: all of those that the layout cuts out of one tensor of a file, if any.
    package func laidOut(
        _ tensors: [(name: String, tensor: Tensor)]
    ) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        try withoutGrad { () throws(TorchError) in
            let own = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) })
            var placed: Set<String> = []
            var laidOut: [(name: String, tensor: Tensor)] = []
            for (name, tensor) in tensors where !placed.contains(name) {
                let match = match(for: name)
                placed.formUnion(match.here)
                var whole = tensor
                if match.here.count > 1 {
                    let parts = match.here.compactMap { own[$0] }
                    precondition(
                        parts.count == match.here.count,
                        "a layout joins \(match.here), not all there")
                    whole = try .concatenated(parts, dimension: 0)
                }
                if !match.further.isEmpty {
                    whole = try whole.reshaped(whole.shape + match.further)
                }
                guard match.file.count > 1 else {
                    laidOut.append((match.file[0], whole))
                    continue
                }
                let rows = whole.shape[0] / match.file.count
                for (index, name) in match.file.enumerated() {
                    let share = try whole.narrowed(dimension: 0, start: index * rows, count: rows)
                    laidOut.append((name, try share.contiguous()))
                }
            }
            return laidOut
        }
    }
}

extension Collection<WeightLayout> {
    /// Whose files are laid out so, as messages say it: `torchvision's, timm's or Hugging Face's`.
    package var owners: String {
        var owners: [String] = []
        for owner in flatMap(\.origins).map(\.owner) where !owners.contains(owner) {
            owners.append(owner)
        }
        guard let last = owners.last, owners.count > 1 else { return owners.first ?? "" }
        return "\(owners.dropLast().joined(separator: ", ")) or \(last)"
    }
}

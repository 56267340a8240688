import Base
import Torch

extension ParameterStore {
    /// Overwrites all tensors from a file that holds them, in one of several layouts.
    ///
    /// The layout is that which knows the most of the file's names. Names and shapes must be the
    /// layout's, with these liberties:
    /// - all names may begin with one prefix, as wrappers of a network write: `module.`;
    /// - fractions may have another width; float64 is rounded;
    /// - a buffer that may be absent takes its own value;
    /// - a constant of the architecture may be there, if it has the constant's values.
    ///
    /// - Parameters:
    ///   - kept: tensors that stay as they are, whatever the file has in their place.
    ///   - resampling: makes a tensor of another shape fit.
    ///   - likeness: what the file looks like, for the error of one that does not fit.
    /// - Returns: a line for each liberty that somebody should know of, those of the file's opening
    ///   first.
    /// - Throws: `TorchError` that lists what is missing, unexpected and wrong, or names a tensor
    ///   that holds NaN, infinity, or less than zero where that cannot be; then no tensor was
    ///   changed.
    @discardableResult
    package func load(
        _ file: any WeightsArchive, layouts: [WeightLayout] = [.own],
        keeping kept: Set<String> = [], resampling: Resampling? = nil,
        likeness: () -> String? = { nil }
    ) throws(TorchError) -> [String] {
        let source = Source(
            name: file.path, names: file.names, info: { file.info($0) },
            obstacle: { file.obstacle($0) },
            tensor: { (name) throws(TorchError) in try file.tensor(name) })
        let notes = file.notes.map { "\(file.path): \($0)".printable }
        return try notes
            + load(
                source, layouts: layouts, keeping: kept, resampling: resampling,
                likeness: likeness)
    }

    /// Overwrites all tensors from a dictionary under the network's own names, as from a file.
    ///
    /// - Throws: `TorchError` as for a file; then no tensor was changed.
    package func load(tensors: [String: Tensor]) throws(TorchError) {
        let source = Source(
            name: "tensors", names: tensors.keys.sorted(),
            info: { tensors[$0].map { ($0.dtype, $0.shape) } }, obstacle: { _ in nil },
            tensor: { (name) throws(TorchError) in
                guard let tensor = tensors[name] else {
                    throw TorchError(operation: "load", message: "no tensor \(name.quoted)")
                }
                return tensor
            })
        _ = try load(
            source, layouts: [.own], keeping: [], resampling: nil, likeness: { nil })
    }

    /// Makes a tensor of a file fit: from the network's name of it, what reads it, and the shape that
    /// is wanted; nil where it cannot. See `NetworkFamily.resampled`.
    package typealias Resampling = (
        String, () throws(TorchError) -> Tensor, [Int]
    ) throws(TorchError) -> Tensor?

    private func load(
        _ source: Source, layouts: [WeightLayout], keeping kept: Set<String>,
        resampling: Resampling?, likeness: () -> String?
    ) throws(TorchError) -> [String] {
        let readings = layouts.map { Reading(of: source, as: $0, into: self, keeping: kept) }
        // Of layouts that know equally many names the first.
        guard var reading = readings.max(by: { $0.known < $1.known }) else {
            preconditionFailure("weights are in some layout")
        }
        if let resampling { try reading.resample(by: resampling) }
        try reading.check(likeness: likeness)
        // Everything is read and looked at before the first tensor changes.
        let pairs = try reading.tensors()
        try reading.checkConstants()
        try withoutGrad { () throws(TorchError) in
            try Foreach.copy(pairs.map(\.here), from: pairs.map(\.found))
        }
        return reading.notes
    }
}

/// Where named tensors come from.
private struct Source {
    let name: String
    let names: [String]
    let info: (String) -> (dtype: DType, shape: [Int])?
    let obstacle: (String) -> String?
    let tensor: (String) throws(TorchError) -> Tensor

    func error(_ message: String) -> TorchError {
        TorchError(operation: "load", message: "\(name): \(message)")
    }
}

/// A file's tensors held against a store's, as one layout has them.
private struct Reading {
    /// Tensors of the file and of the store that hold the same rows, one after the other.
    private struct Piece {
        let names: [String]
        let entries: [ParameterStore.Entry]
        /// The dimensions that the file's have behind those of the store's.
        let further: [Int]

        var dtype: DType { entries[0].tensor.dtype }

        /// The shape of each tensor of the file, which has an equal share of the rows.
        var shape: [Int] {
            let shape = entries[0].tensor.shape + further
            guard names.count > 1 || entries.count > 1 else { return shape }
            return [entries.reduce(0) { $0 + $1.tensor.shape[0] } / names.count]
                + shape.dropFirst()
        }

        /// What stands for the tensor in files that lack it; nil where they must have it.
        var absentValue: Double? { entries.count == 1 ? entries[0].absentValue : nil }
    }

    private let source: Source
    private let layout: WeightLayout
    private let pieces: [Piece]
    private let constants: [(name: String, tensor: Tensor)]
    /// Every name that the file may have, without the prefix.
    private let expected: Set<String>
    /// What stands before every name of the file.
    private let prefix: String
    /// How many of the file's names the layout knows.
    let known: Int
    /// What became of tensors of other shapes, by their names in the file, without the prefix.
    private var resampled: [String: Tensor] = [:]

    init(
        of source: Source, as layout: WeightLayout, into store: ParameterStore,
        keeping kept: Set<String>
    ) {
        let entries = Dictionary(uniqueKeysWithValues: store.entries.map { ($0.name, $0) })
        var pieces: [Piece] = []
        var placed: Set<String> = []
        for entry in store.entries where !placed.contains(entry.name) {
            let match = layout.match(for: entry.name)
            placed.formUnion(match.here)
            let here = match.here.compactMap { entries[$0] }
            precondition(
                here.count == match.here.count, "a layout slices \(match.here), not all there")
            pieces.append(Piece(names: match.file, entries: here, further: match.further))
        }
        constants = store.constants.sorted { $0.key < $1.key }
            .map { (layout.match(for: $0.key).file[0], $0.value) }
        let expected = Set(pieces.flatMap(\.names) + constants.map(\.name))
        let prefix = WrapperPrefix.common(to: source.names) { expected.contains($0) }
        let counted = layout.holdsConstants ? expected : Set(pieces.flatMap(\.names))
        known = source.names.count { counted.contains($0.dropping(prefix)) }
        (self.source, self.layout) = (source, layout)
        self.pieces = pieces.filter { !$0.entries.contains { kept.contains($0.name) } }
        (self.expected, self.prefix) = (expected, prefix)
    }

    /// Makes those tensors fit that have another shape and that `resampling` knows.
    mutating func resample(
        by resampling: ParameterStore.Resampling
    ) throws(TorchError) {
        for piece in pieces
        where piece.names.count == 1 && piece.entries.count == 1 && piece.further.isEmpty {
            let (name, shape) = (piece.names[0], piece.shape)
            guard let found = source.info(prefix + name), found.shape != shape,
                found.dtype.isFloatingPoint, piece.dtype.isFloatingPoint
            else { continue }
            let fitting = try resampling(
                piece.entries[0].name,
                { () throws(TorchError) in try tensor(prefix + name, of: piece) }, shape)
            guard let fitting, fitting.shape == shape else { continue }
            resampled[name] = fitting
        }
    }

    /// Compares names, kinds of number and shapes.
    ///
    /// - Parameter likeness: what the file looks like, where it does not fit.
    func check(likeness: () -> String?) throws(TorchError) {
        var missing: [String] = []
        var wrong: [String] = []
        for piece in pieces {
            let (dtype, shape) = (piece.dtype, piece.shape)
            for name in piece.names {
                guard let found = source.info(prefix + name) else {
                    if let obstacle = source.obstacle(prefix + name) {
                        missing.append("\(name.quoted) (\(obstacle))")
                    } else if piece.absentValue == nil {
                        missing.append(name.quoted)
                    }
                    continue
                }
                guard resampled[name] == nil else { continue }
                let isAlike =
                    dtype == found.dtype || dtype.isFloatingPoint && found.dtype.isFloatingPoint
                if !isAlike || shape != found.shape {
                    wrong.append(
                        "\(name.quoted) expected \(dtype.rawValue) \(shape), "
                            + "found \(found.dtype.rawValue) \(found.shape)")
                }
            }
        }
        let unexpected = source.names.filter {
            !expected.contains($0.dropping(prefix)) && !layout.ignores($0.dropping(prefix))
        }
        if !missing.isEmpty, let sets = prefixes {
            throw source.error(
                "holds the network's tensors under \(sets.map(\.quoted).listed), as a training's "
                    + "checkpoint does; take one set of them out of it")
        }
        let lists = [
            ("missing", missing), ("unexpected", unexpected.map(\.quoted)), ("wrong", wrong),
        ]
        let problems = lists.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.listed)" }
        guard problems.isEmpty else {
            let looks = likeness().map { ["it looks like \($0)"] } ?? []
            throw source.error((problems + looks).joined(separator: "; "))
        }
    }

    /// The prefixes under each of which the file holds everything; nil if there are none.
    private var prefixes: [String]? {
        guard let first = pieces.first?.names.first else { return nil }
        let prefixes = source.names.filter { $0.hasSuffix(".\(first)") }
            .map { String($0.dropLast(first.count)) }
            .filter { prefix in
                pieces.allSatisfy { piece in
                    piece.absentValue != nil
                        || piece.names.allSatisfy { source.info(prefix + $0) != nil }
                }
            }
        return prefixes.isEmpty ? nil : prefixes.sorted()
    }

    /// The store's tensors and what they become.
    func tensors() throws(TorchError) -> [(here: Tensor, found: Tensor)] {
        var pairs: [(here: Tensor, found: Tensor)] = []
        for piece in pieces {
            let rows = try rows(of: piece)
            guard piece.entries.count > 1 else {
                let here = piece.entries[0].tensor
                pairs.append((here, piece.further.isEmpty ? rows : try rows.reshaped(here.shape)))
                continue
            }
            var start = 0
            for entry in piece.entries {
                let count = entry.tensor.shape[0]
                pairs.append(
                    (entry.tensor, try rows.narrowed(dimension: 0, start: start, count: count)))
                start += count
            }
        }
        return pairs
    }

    private func rows(of piece: Piece) throws(TorchError) -> Tensor {
        if let value = piece.absentValue, source.info(prefix + piece.names[0]) == nil {
            return try Tensor.full(piece.shape, value, dtype: piece.dtype)
        }
        var tensors: [Tensor] = []
        for name in piece.names {
            let rows =
                if let fitting = resampled[name] { fitting } else {
                    try tensor(prefix + name, of: piece)
                }
            tensors.append(rows)
        }
        return tensors.count == 1 ? tensors[0] : try .concatenated(tensors, dimension: 0)
    }

    private func tensor(_ name: String, of piece: Piece) throws(TorchError) -> Tensor {
        let tensor = try source.tensor(name).to(piece.dtype)
        let odd = try tensor.nonFiniteCount()
        guard odd == 0 else {
            throw source.error(
                "\(name.quoted): \(odd) of \(tensor.count) values are NaN or infinite; the "
                    + "training diverged, or the file is damaged")
        }
        if piece.entries.contains(where: \.isNonNegative), let least = try tensor.leastValue(),
            least < 0
        {
            throw source.error(
                "\(name.quoted): \(least) is below zero, which it cannot be; the file is damaged, "
                    + "or another tensor has this name")
        }
        return tensor
    }

    /// Compares what the file holds of the constants with what they are.
    func checkConstants() throws(TorchError) {
        for (name, constant) in constants where source.info(prefix + name) != nil {
            // The index of another number of positions goes with the tensors that were resampled.
            guard resampled.isEmpty || source.info(prefix + name)?.shape == constant.shape else {
                continue
            }
            let found = try source.tensor(prefix + name)
            guard found.shape == constant.shape, try found.holdsValues(of: constant) else {
                throw source.error(
                    "\((prefix + name).quoted) is not what follows from this architecture: the "
                        + "weights belong to another")
            }
        }
    }

    /// What somebody should know of how the file is read.
    var notes: [String] {
        var notes: [String] = []
        if !prefix.isEmpty {
            notes.append("all names begin with \(prefix.quoted), which is left out")
        }
        if !layout.isOwn { notes.append("the tensors have \([layout].owners) names") }
        let isRounded = pieces.flatMap(\.names).contains {
            source.info(prefix + $0)?.dtype == .float64
        }
        if let first = resampled.min(by: { $0.key < $1.key }) {
            let found = source.info(prefix + first.key)?.shape ?? []
            let what = "\(first.key.quoted) from \(found) to \(first.value.shape)"
            notes.append(
                resampled.count == 1
                    ? "resampled: \(what)" : "resampled: \(resampled.count) tensors, \(what)")
        }
        if isRounded { notes.append("float64 weights are rounded to float32") }
        return notes.map { "\(source.name): \($0)".printable }
    }
}

extension Tensor {
    /// The smallest element, as text shows it; nil of an empty tensor.
    fileprivate func leastValue() throws(TorchError) -> Double? {
        dtype == .int64
            ? try int64s().min().map(Double.init) : try floats().min().map(Double.init)
    }

    /// Whether every element equals that of a tensor of the same shape.
    fileprivate func holdsValues(of other: Tensor) throws(TorchError) -> Bool {
        try Int(to(other.device).equal(to: other).sum().item()) == other.count
    }
}

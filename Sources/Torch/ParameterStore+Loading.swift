import Base

extension ParameterStore {
    /// Overwrites all tensors from a file that holds them.
    ///
    /// Names and shapes must be the store's, with these liberties:
    /// - all names may begin with one prefix, as wrappers of a network write: `module.`;
    /// - fractions may have another width; float64 is rounded;
    /// - a buffer that may be absent takes its own value;
    /// - a constant of the architecture may be there, if it has the constant's values.
    ///
    /// - Returns: a line for each liberty that somebody should know of.
    /// - Throws: `TorchError` that lists what is missing, unexpected and wrong, or names a tensor
    ///   that holds NaN, infinity, or less than zero where that cannot be; then no tensor was
    ///   changed.
    @discardableResult
    package func load(_ file: SafetensorsFile) throws(TorchError) -> [String] {
        try load(
            Source(
                name: file.path, names: file.names, info: { file.info($0) },
                tensor: { (name) throws(TorchError) in try file.tensor(name) }))
    }

    /// Overwrites all tensors from a dictionary, as from a file.
    ///
    /// - Throws: `TorchError` as for a file; then no tensor was changed.
    package func load(tensors: [String: Tensor]) throws(TorchError) {
        let source = Source(
            name: "tensors", names: tensors.keys.sorted(),
            info: { tensors[$0].map { ($0.dtype, $0.shape) } },
            tensor: { (name) throws(TorchError) in
                guard let tensor = tensors[name] else {
                    throw TorchError(operation: "load", message: "no tensor \(name.quoted)")
                }
                return tensor
            })
        _ = try load(source)
    }
}

/// Where named tensors come from.
private struct Source {
    let name: String
    let names: [String]
    let info: (String) -> (dtype: DType, shape: [Int])?
    let tensor: (String) throws(TorchError) -> Tensor

    func error(_ message: String) -> TorchError {
        TorchError(operation: "load", message: "\(name): \(message)")
    }
}

extension ParameterStore {
    private func load(_ source: Source) throws(TorchError) -> [String] {
        let expected = Set(entries.map(\.name)).union(constants.keys)
        let prefix = WrapperPrefix.common(to: source.names) { expected.contains($0) }
        try check(source, prefix, expected)
        // Everything is read and looked at before the first tensor changes.
        var tensors: [Tensor] = []
        var isRounded = false
        for entry in entries {
            let name = prefix + entry.name
            guard let info = source.info(name) else {
                tensors.append(
                    try Tensor.full(
                        entry.tensor.shape, entry.absentValue ?? 0, dtype: entry.tensor.dtype))
                continue
            }
            isRounded = isRounded || info.dtype == .float64
            let tensor = try source.tensor(name).to(entry.tensor.dtype)
            let odd = try tensor.nonFiniteCount()
            guard odd == 0 else {
                throw source.error(
                    "\(name.quoted): \(odd) of \(tensor.count) values are NaN or infinite; the "
                        + "training diverged, or the file is damaged")
            }
            if entry.isNonNegative, let least = try tensor.leastValue(), least < 0 {
                throw source.error(
                    "\(name.quoted): \(least) is below zero, which it cannot be; the file is damaged, "
                        + "or another tensor has this name")
            }
            tensors.append(tensor)
        }
        for (name, constant) in constants.sorted(by: { $0.key < $1.key })
        where source.info(prefix + name) != nil {
            let found = try source.tensor(prefix + name)
            guard found.shape == constant.shape, try found.holdsValues(of: constant) else {
                throw source.error(
                    "\((prefix + name).quoted) is not what follows from this architecture: the "
                        + "weights belong to another")
            }
        }
        try withoutGrad { () throws(TorchError) in
            try Foreach.copy(entries.map(\.tensor), from: tensors)
        }
        var notes: [String] = []
        if !prefix.isEmpty {
            notes.append("all names begin with \(prefix.quoted), which is left out")
        }
        if isRounded { notes.append("float64 weights are rounded to float32") }
        return notes.map { "\(source.name): \($0)".printable }
    }

    /// Compares names, kinds of number and shapes.
    private func check(
        _ source: Source, _ prefix: String, _ expected: Set<String>
    ) throws(TorchError) {
        var missing: [String] = []
        var wrong: [String] = []
        for entry in entries {
            guard let found = source.info(prefix + entry.name) else {
                if entry.absentValue == nil { missing.append(entry.name.quoted) }
                continue
            }
            let (dtype, shape) = (entry.tensor.dtype, entry.tensor.shape)
            let isAlike =
                dtype == found.dtype || dtype.isFloatingPoint && found.dtype.isFloatingPoint
            if !isAlike || shape != found.shape {
                wrong.append(
                    "\(entry.name.quoted) expected \(dtype.rawValue) \(shape), "
                        + "found \(found.dtype.rawValue) \(found.shape)")
            }
        }
        let unexpected = source.names.filter { !expected.contains($0.dropping(prefix)) }
        if !missing.isEmpty, let sets = prefixes(in: source) {
            throw source.error(
                "holds the network's tensors under \(sets.map(\.quoted).listed), as a training's "
                    + "checkpoint does; take one set of them out of it")
        }
        let lists = [
            ("missing", missing), ("unexpected", unexpected.map(\.quoted)), ("wrong", wrong),
        ]
        let problems = lists.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.listed)" }
        guard problems.isEmpty else { throw source.error(problems.joined(separator: "; ")) }
    }

    /// The prefixes under each of which a file holds every entry; nil if there are none.
    private func prefixes(in source: Source) -> [String]? {
        guard let first = entries.first?.name else { return nil }
        let prefixes = source.names.filter { $0.hasSuffix(".\(first)") }
            .map { String($0.dropLast(first.count)) }
            .filter { prefix in
                entries.allSatisfy {
                    $0.absentValue != nil || source.info(prefix + $0.name) != nil
                }
            }
        return prefixes.isEmpty ? nil : prefixes.sorted()
    }
}

/// What a wrapper of a network puts before every name: DistributedDataParallel's `module.`,
/// torch.compile's `_orig_mod.`, Lightning's `model.`, or several of them.
enum WrapperPrefix {
    /// The prefix, of whole parts of a name, that all names have and without which the most of them
    /// are expected; empty if a name is expected as it stands.
    static func common(to names: [String], isExpected: (String) -> Bool) -> String {
        guard let first = names.first, !names.contains(where: isExpected) else { return "" }
        var best = (prefix: "", fitting: 0)
        // No network is wrapped more often, and a hostile name may be a million dots.
        for end in first.indices.lazy.filter({ first[$0] == "." }).prefix(8) {
            let prefix = String(first[...end])
            guard names.allSatisfy({ $0.hasPrefix(prefix) }) else { break }
            let fitting = names.filter { isExpected($0.dropping(prefix)) }.count
            if fitting > best.fitting { best = (prefix, fitting) }
        }
        return best.prefix
    }
}

extension String {
    /// The text without a prefix, if it has it.
    fileprivate func dropping(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
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

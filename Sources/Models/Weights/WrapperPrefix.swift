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
    func dropping(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}

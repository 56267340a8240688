extension Collection<String> {
    /// The word nearest to one that is none of them, if it is near enough for a slip of the keys: a
    /// third of its letters may differ, or one of them may be the beginning of the other.
    ///
    /// Of several as near, the first.
    package func nearest(to word: String) -> String? {
        // No name is longer, and the time grows with the product of the lengths.
        guard !word.isEmpty, word.utf8.count <= 64 else { return nil }
        let distances = map { (name: $0, distance: $0.editDistance(to: word)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        let longest = Swift.max(best.name.count, word.count)
        if best.distance <= (longest + 2) / 3, best.distance < longest { return best.name }
        return word.count < 3 ? nil : first { $0.hasPrefix(word) || word.hasPrefix($0) }
    }
}

extension String {
    /// The fewest letters to insert, delete, replace or swap with their neighbor that make one word
    /// of another, no letter touched twice (optimal string alignment).
    package func editDistance(to other: String) -> Int {
        let (from, to) = (Array(self), Array(other))
        var before: [Int] = []
        var last = Array(0...to.count)
        for i in from.indices {
            var row = [i + 1]
            for j in to.indices {
                var best = Swift.min(
                    last[j + 1] + 1, row[j] + 1, last[j] + (from[i] == to[j] ? 0 : 1))
                if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] {
                    best = Swift.min(best, before[j - 1] + 1)
                }
                row.append(best)
            }
            (before, last) = (last, row)
        }
        return last[to.count]
    }
}

/// Text in the columns of a terminal.
extension String {
    /// The columns that it takes.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// As much of the text as fits in a number of columns, with a mark where more was.
    func fitted(to columns: Int) -> String {
        self.columns <= columns ? self : cut(to: columns - 1) + "…"
    }

    /// As much of the text as fits in a number of columns.
    func cut(to columns: Int) -> String {
        var room = columns
        return String(
            prefix { character in
                room -= character.columns
                return room >= 0
            })
    }

    /// The text with blanks after it up to a number of columns.
    func padded(to columns: Int) -> String { self + blanks(upTo: columns) }

    /// The text with blanks before it up to a number of columns.
    func flushRight(to columns: Int) -> String { blanks(upTo: columns) + self }

    private func blanks(upTo columns: Int) -> String {
        String(repeating: " ", count: max(columns - self.columns, 0))
    }
}

extension Character {
    /// The columns that a terminal gives a character.
    ///
    /// Source: Unicode Standard Annex 11, the blocks that are wide as a whole.
    var columns: Int {
        guard let value = unicodeScalars.first?.value, value >= 0x1100 else { return 1 }
        let wide: [ClosedRange<UInt32>] = [
            0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
            0x20000...0x3FFFD,
        ]
        return wide.contains { $0.contains(value) } ? 2 : 1
    }
}

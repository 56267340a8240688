import Foundation

@testable import ResponseCache

/// A row of encoding `bounded`, read bit by bit from the documentation, in float64.
struct ReferenceRow {
    let tail: Int
    let isByPrior: Bool
    let isRanked: Bool
    let classes: [Int]
    let codes: [Int]
    /// Bits of all fields.
    let bits: Int

    init(_ bytes: some Collection<UInt8>, _ layout: BoundedLayout) {
        let all: [Bool] = bytes.flatMap { byte in (0..<8).map { byte >> $0 & 1 == 1 } }
        var unread = all[...]
        func take(_ count: Int) -> Int {
            let field = unread.prefix(count)
            unread = unread.dropFirst(count)
            return field.enumerated().reduce(0) { $0 + ($1.element ? 1 << $1.offset : 0) }
        }
        let width = layout.indexBits
        tail = take(5 + layout.fineness)
        isByPrior = take(1) == 1
        let isRanked = take(1) == 1
        self.isRanked = isRanked
        let count = take(width) + 1
        var classes = (0..<min(isRanked ? 2 : count, count)).map { _ in take(width) }
        let kinds = (classes.count..<count).map { _ in isRanked ? take(2) : 3 }
        let likes = layout.prior?.lookAlikes ?? []
        for kind in kinds {
            switch kind {
            case 0, 1: classes.append(Int(likes[classes[kind] * 48 + take(4)]))
            case 2:
                let list = take(1)
                classes.append(Int(likes[classes[list] * 48 + 16 + take(5)]))
            default: classes.append(take(width))
            }
        }
        var codes = [0]
        for _ in 1..<max(count, 1) {
            var code = codes[codes.count - 1]
            while take(1) == 0 { code += 1 }
            codes.append(code)
        }
        (self.classes, self.codes) = (classes, codes)
        bits = all.count - unread.count
    }

    /// What the row stands for.
    func probabilities(_ layout: BoundedLayout) -> [Double] {
        let steps = exp2(Double(layout.fineness))
        let weights = codes.map { exp2(-Double($0) / steps) }
        let share = weights.count > 1 ? weights[0] / (weights[0] + weights[1]) : 1
        let unstored = (0..<layout.classes).filter { !classes.contains($0) }
        func prior(_ index: Int) -> Double {
            guard isByPrior, let table = layout.prior?.values else { return 1 }
            let second = classes.count > 1 ? classes[1] : classes[0]
            return share * Double(table[classes[0] * layout.classes + index])
                + (1 - share) * Double(table[second * layout.classes + index])
        }
        let left = unstored.reduce(0) { $0 + prior($1) }
        var row = [Double](repeating: 0, count: layout.classes)
        for index in unstored {
            row[index] = exp2(16 - Double(tail) / steps) * prior(index) / left
        }
        for (index, weight) in zip(classes, weights) { row[index] = weight }
        let sum = row.reduce(0, +)
        return row.map { $0 / sum }
    }
}

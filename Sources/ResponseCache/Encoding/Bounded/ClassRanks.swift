/// The ranks of classes among the look-alikes of a row's two most probable ones, and the names that
/// they give (`BoundedLayout`).
struct ClassRanks: Sendable {
    /// How a class is named; the numbers are the format's.
    private enum Kind: Int {
        case likeOfFirst = 0
        case likeOfSecond = 1
        /// A look-alike of either, of a higher rank.
        case fartherLike = 2
        case anyClass = 3

        static let bits = 2
    }

    private struct Name {
        let kind: Kind
        let number: Int
        let bits: Int
    }

    /// The rank in each of the two lists; -1 for none.
    private struct Ranks {
        var first: Int8 = -1
        var second: Int8 = -1
    }

    /// Ranks that `likeOfFirst` and `likeOfSecond` name.
    private static let near = 0..<16

    private let layout: BoundedLayout
    /// Of each class.
    private var ranks: [Ranks]
    /// The classes whose ranks are set.
    private var set: [Int] = []

    init(_ layout: BoundedLayout) {
        self.layout = layout
        ranks = Array(repeating: Ranks(), count: layout.hasRanks ? layout.classes : 0)
    }

    /// Notes the first two classes of a row, by which others are ranked.
    mutating func store(_ index: Int, entry: Int) {
        guard layout.hasRanks, entry < 2, let prior = layout.prior else { return }
        if entry == 0 {
            for index in set { ranks[index] = Ranks() }
            set.removeAll(keepingCapacity: true)
        }
        let count = ResponsePrior.lookAlikeCount
        for (rank, like) in prior.lookAlikes[index * count..<(index + 1) * count].enumerated() {
            if entry == 0 {
                ranks[Int(like)].first = Int8(rank)
            } else {
                ranks[Int(like)].second = Int8(rank)
            }
            set.append(Int(like))
        }
    }

    private func name(_ index: Int) -> Name {
        let (first, second) = (Int(ranks[index].first), Int(ranks[index].second))
        let far = Self.near.upperBound
        if Self.near ~= first { return Name(kind: .likeOfFirst, number: first, bits: 4) }
        if Self.near ~= second { return Name(kind: .likeOfSecond, number: second, bits: 4) }
        if first >= far { return Name(kind: .fartherLike, number: 2 * (first - far), bits: 6) }
        if second >= far {
            return Name(kind: .fartherLike, number: 2 * (second - far) + 1, bits: 6)
        }
        return Name(kind: .anyClass, number: index, bits: layout.indexBits)
    }

    /// The bits of a class, its kind included.
    func bits(_ index: Int, entry: Int) -> Int {
        guard layout.hasRanks, entry > 1 else { return layout.indexBits }
        return Kind.bits + name(index).bits
    }

    /// Appends the kinds and names of classes.
    func append(_ classes: some Collection<Int>, to packed: inout BitWriter) {
        for index in classes { packed.append(name(index).kind.rawValue, bits: Kind.bits) }
        for index in classes {
            let named = name(index)
            packed.append(named.number, bits: named.bits)
        }
    }
}

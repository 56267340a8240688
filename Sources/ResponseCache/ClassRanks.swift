/// The ranks of classes among the look-alikes of a row's two most probable ones.
struct ClassRanks: Sendable {
    private let layout: BoundedLayout
    /// The rank of each class, from the first class's list and from the second's; -1 for none.
    private var ranks: [(Int8, Int8)]
    /// The classes whose ranks are set.
    private var set: [Int] = []

    init(_ layout: BoundedLayout) {
        self.layout = layout
        ranks = Array(repeating: (-1, -1), count: layout.hasRanks ? layout.classes : 0)
    }

    /// Notes the first two classes of a row, by which others are ranked.
    mutating func store(_ index: Int, entry: Int) {
        guard layout.hasRanks, entry < 2, let prior = layout.prior else { return }
        if entry == 0 {
            for index in set { ranks[index] = (-1, -1) }
            set.removeAll(keepingCapacity: true)
        }
        let count = ResponsePrior.lookAlikeCount
        for (rank, like) in prior.lookAlikes[index * count..<(index + 1) * count].enumerated() {
            if entry == 0 {
                ranks[Int(like)].0 = Int8(rank)
            } else {
                ranks[Int(like)].1 = Int8(rank)
            }
            set.append(Int(like))
        }
    }

    /// How a class is named: the kind, the name, and its bits.
    private func name(_ index: Int) -> (kind: Int, name: Int, bits: Int) {
        let (one, other) = (Int(ranks[index].0), Int(ranks[index].1))
        if 0..<16 ~= one { return (0, one, 4) }
        if 0..<16 ~= other { return (1, other, 4) }
        if one >= 16 { return (2, 2 * (one - 16), 6) }
        if other >= 16 { return (2, 2 * (other - 16) + 1, 6) }
        return (3, index, layout.indexBits)
    }

    /// The bits of a class, its kind included.
    func bits(_ index: Int, entry: Int) -> Int {
        guard layout.hasRanks, entry > 1 else { return layout.indexBits }
        return 2 + name(index).bits
    }

    /// Appends the kinds and names of classes.
    func append(_ classes: some Collection<Int>, to packed: inout BitWriter) {
        for index in classes { packed.append(name(index).kind, bits: 2) }
        for index in classes {
            let named = name(index)
            packed.append(named.name, bits: named.bits)
        }
    }
}

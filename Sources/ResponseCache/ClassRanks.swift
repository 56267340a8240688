/// The ranks of classes among the look-alikes of a row's two most probable ones.
struct ClassRanks: Sendable {
    private let layout: BoundedLayout
    /// The rank of each class, from the first class's list and from the second's; -1 for none.
    private var ranks: [(Int8, Int8)]
    /// The classes whose ranks are set.
    private var set: [Int] = []
    private var first = 0

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
            if entry == 0 { ranks[Int(like)].0 = Int8(rank) } else { ranks[Int(like)].1 = Int8(rank) }
            set.append(Int(like))
        }
    }

    /// The lower rank of a class, and whether it is from the second class's list.
    private func rank(_ index: Int) -> (rank: Int?, isSecond: Bool) {
        let (one, other) = ranks[index]
        let isSecond = other >= 0 && (one < 0 || other < one)
        let rank = isSecond ? other : one
        return (rank < 0 ? nil : Int(rank), isSecond)
    }

    /// The bits of a class's name.
    func bits(_ index: Int, entry: Int) -> Int {
        guard layout.hasRanks, entry > 1 else { return layout.indexBits }
        return layout.rankedBits(rank: rank(index).rank)
    }

    /// Appends a class's name.
    func append(_ index: Int, to packed: inout BitWriter) {
        let (rank, isSecond) = rank(index)
        let zeros = BoundedLayout.zeros(rank: rank)
        packed.append(zeros: zeros)
        if let rank {
            packed.append(isSecond ? 1 : 0, bits: 1)
            packed.append(rank - BoundedLayout.firstRank(zeros: zeros), bits: 3 + zeros)
        } else {
            packed.append(index, bits: layout.indexBits)
        }
    }
}

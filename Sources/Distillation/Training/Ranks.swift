import Torch

/// The processes that train one network together, each of which takes some groups of every step.
protocol Ranks {
    /// How many there are.
    var count: Int { get }

    /// Which one this is, from 0. The first owns the running statistics and writes the run.
    var index: Int { get }

    /// Adds up each tensor over all ranks, in place; every rank has the same sums then.
    func sum(_ tensors: [Tensor]) throws
}

extension Ranks {
    /// The groups of a step that this rank takes: neighbors, so that the first rank has group 0.
    ///
    /// - Parameter groups: of the step, a multiple of the ranks.
    func share(ofGroups groups: Int) -> Range<Int> {
        precondition(groups.isMultiple(of: count), "\(groups) groups for \(count) ranks")
        let each = groups / count
        return index * each..<(index + 1) * each
    }
}

/// One process that takes every group by itself.
struct SingleRank: Ranks {
    let count = 1
    let index = 0

    func sum(_ tensors: [Tensor]) {}
}

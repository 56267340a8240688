import Loading

/// The views of an epoch in order, of which some may be looked at before their turn.
///
/// A teacher looks at all views of a part before the student sees the first of them. What it has
/// looked at is held at the student's size, as far as the loader's memory goes; what does not fit is
/// let go and rendered a second time, which is possible because a view is a pure function of its
/// place. Rendering takes a few milliseconds of one core; a part of the ImageNet recipe has 1.85 GB.
final class UpcomingViews {
    /// A view group between the teacher's look and the student's turn.
    private enum Seen {
        case held(ViewGroup)
        case letGo(epoch: Int, group: Int)

        var group: Int {
            switch self {
            case .held(let views): views.group
            case .letGo(_, let group): group
            }
        }
    }

    /// The sides at which they are rendered, in pixels.
    private let sizes: Set<Int>
    private let loader: ViewLoader
    private let groups: [(epoch: Int, group: Int)]
    private let pipeline: ViewPipeline
    /// How many groups the pipeline has yielded.
    private var position = 0
    /// What it yielded before its turn, in order.
    private var seen: [Seen] = []
    private var heldBytes = 0
    /// Renders what was let go, and how many groups it has still to yield.
    private var again: (pipeline: ViewPipeline, left: Int)?

    /// The most bytes held: two whole groups of the budget are left for what is rendered next and
    /// for what the teacher has in its hands.
    private let room: Int

    private var studentSize: Int { loader.plan.settings.size }

    /// - Parameter groups: of one epoch, in order, without gaps.
    init(_ groups: [(epoch: Int, group: Int)], sizes: [Int], by loader: ViewLoader) {
        self.groups = groups
        self.loader = loader
        self.sizes = Set(sizes)
        room = max(0, loader.pool.budget - 2 * loader.bytes(sizes: self.sizes))
        pipeline = loader.prefetch(groups, sizes: sizes)
    }

    /// The next group's views, or `nil` after the last.
    func next() throws -> ViewGroup? {
        guard let first = seen.first else { return try advance() }
        renderLetGo()
        switch first {
        case .held(let views):
            seen.removeFirst()
            heldBytes -= views.bytes
            again?.pipeline.wake()
            return views
        case .letGo:
            let views = try again?.pipeline.next()
            seen.removeFirst()
            again?.left -= 1
            if again?.left == 0 { again = nil }
            return views
        }
    }

    /// Whether `peek` has views of all these groups at these sizes.
    func offers(_ range: Range<Int>, sizes: [Int]) -> Bool {
        range.allSatisfy { group in
            if position < groups.count, group >= groups[position].group {
                return group <= groups[groups.count - 1].group && self.sizes.isSuperset(of: sizes)
            }
            guard case .held(let views)? = seen.first(where: { $0.group == group }) else {
                return false
            }
            return Set(views.sizes).isSuperset(of: sizes)
        }
    }

    /// The views of a coming group, which stay to come.
    func peek(group: Int) throws -> ViewGroup? {
        if case .held(let views)? = seen.first(where: { $0.group == group }) { return views }
        var found: ViewGroup?
        while position < groups.count, groups[position].group <= group {
            guard let views = try advance() else { return nil }
            keep(views)
            found = views
        }
        return found
    }

    private func advance() throws -> ViewGroup? {
        let views = try pipeline.next()
        if views != nil { position += 1 }
        return views
    }

    /// Holds the student's pixels where there is room for them.
    private func keep(_ views: ViewGroup) {
        let own = views.only(size: studentSize)
        guard heldBytes + own.bytes <= room else {
            return seen.append(.letGo(epoch: views.epoch, group: views.group))
        }
        heldBytes += own.bytes
        seen.append(.held(own))
    }

    /// Begins to render what was let go; once the student comes to a part, for until then nothing
    /// is let go any more.
    private func renderLetGo() {
        guard again == nil else { return }
        let letGo = seen.compactMap { seen -> (epoch: Int, group: Int)? in
            guard case .letGo(let epoch, let group) = seen else { return nil }
            return (epoch, group)
        }
        guard !letGo.isEmpty else { return }
        again = (loader.prefetch(letGo, sizes: [studentSize]), letGo.count)
    }
}

import Synchronization

/// The shuffles of a data set, one per epoch; the last few are kept.
///
/// A shuffle is a pure function of (seed, epoch, count), so keeping it changes nothing but time.
final class EpochOrders: Sendable {
    /// Two epochs overlap where a loader reads ahead; the rest is for whoever compares epochs.
    private static let kept = 4

    private let seed: UInt64
    private let count: Int
    /// Most recent last.
    private let recent = Mutex<[(epoch: Int, order: [UInt32])]>([])

    init(seed: UInt64, count: Int) {
        self.seed = seed
        self.count = count
    }

    /// The images of an epoch in their shuffled order.
    ///
    /// The lock is held while an epoch is shuffled: whoever waits for it most likely wants the same.
    func order(epoch: Int) -> [UInt32] {
        recent.withLock { recent in
            if let found = recent.last(where: { $0.epoch == epoch }) { return found.order }
            let order = Self.shuffle(seed: seed, epoch: epoch, count: count)
            if recent.count == Self.kept { recent.removeFirst() }
            recent.append((epoch, order))
            return order
        }
    }

    /// Fisher and Yates: from the last place down to the second, place `i` is swapped with place
    /// `int(below: i + 1)`, drawn from the epoch's stream.
    static func shuffle(seed: UInt64, epoch: Int, count: Int) -> [UInt32] {
        var draws = DrawStream(seed: seed, epoch: epoch, slot: 0, purpose: .order)
        var order = (0..<UInt32(count)).map { $0 }
        for place in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(place, draws.int(below: place + 1))
        }
        return order
    }
}

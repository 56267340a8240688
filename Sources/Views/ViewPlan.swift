import Imaging
import StrictYAML
import Synchronization

/// Which image every slot of an epoch shows, and every random draw of its view: a pure function of
/// the seed, the settings, the number of images, and (epoch, slot).
///
/// Slots are numbered through the epoch. Step `t` holds slots `t·B ..< (t+1)·B`; inside, group `g`
/// holds the contiguous members `g·n ..< (g+1)·n`, with `B` slots a step and `n` a group.
///
/// The epoch's list of images is a fresh shuffle, each image repeated `batch.repeats` times in a
/// row. Its position `p` within a step goes to group `p mod G`, member `p div G`, with `G` groups a
/// step: so the copies of an image fall in different groups of one step, as they fell on different
/// processes in the published run.
package struct ViewPlan: Sendable {
    /// The most epochs, and the most images, that a draw has an address for.
    package static let addresses = 0..<1 << 32

    /// The key of every draw.
    package let seed: UInt64
    package let settings: ViewSettings
    package let batch: BatchSettings
    /// How many images the data set has.
    package let imageCount: Int
    /// Optimizer steps per epoch.
    package let stepsPerEpoch: Int
    /// Slots per epoch: whole steps only.
    package let slotsPerEpoch: Int
    /// Groups per epoch.
    package let groupsPerEpoch: Int
    /// Slots per group.
    package let groupSize: Int
    /// Groups per step.
    package let groupsPerStep: Int
    /// Slots per step.
    package let stepSize: Int

    private let orders: EpochOrders

    /// Plans views over a data set.
    ///
    /// - Throws: `YAMLError` if the images do not fill a single step, or are too many.
    package init(
        seed: UInt64, settings: ViewSettings, batch: BatchSettings, imageCount: Int
    ) throws(YAMLError) {
        precondition(imageCount >= 0, "a number of images")
        guard Self.addresses.contains(imageCount) else {
            throw YAMLError(
                place: nil,
                message: "\(imageCount) images are more than the \(UInt32.max) that draws can tell "
                    + "apart")
        }
        let steps = batch.stepsPerEpoch(images: imageCount)
        guard steps > 0 else {
            throw YAMLError(
                place: nil,
                message: "\(imageCount) images fill \(batch.positions(images: imageCount)) of the "
                    + "\(batch.size) slots of a step: \(batch.advice(images: imageCount))")
        }
        self.seed = seed
        self.settings = settings
        self.batch = batch
        self.imageCount = imageCount
        stepsPerEpoch = steps
        stepSize = batch.size
        groupSize = batch.group
        groupsPerStep = batch.groups
        slotsPerEpoch = steps * batch.size
        groupsPerEpoch = steps * batch.groups
        orders = EpochOrders(seed: seed, count: imageCount)
    }

    /// The image that a slot shows.
    ///
    /// Constant time, but for the first call of an epoch, which shuffles all images.
    package func imageIndex(epoch: Int, slot: Int) -> Int {
        Int(orders.order(epoch: epoch)[listIndex(slot: slot)])
    }

    /// The images that a run of slots show.
    package func imageIndices(epoch: Int, slots: Range<Int>) -> [Int] {
        let order = orders.order(epoch: epoch)
        return slots.map { Int(order[listIndex(slot: $0)]) }
    }

    /// How many different images an epoch shows.
    package func distinctImages(epoch: Int) -> Int {
        var seen = [Bool](repeating: false, count: imageCount)
        var count = 0
        for image in imageIndices(epoch: epoch, slots: 0..<slotsPerEpoch) where !seen[image] {
            seen[image] = true
            count += 1
        }
        return count
    }

    /// The view at a slot.
    package func view(epoch: Int, slot: Int) -> View {
        view(epoch: epoch, slot: slot, substituting: imageIndex(epoch: epoch, slot: slot))
    }

    /// The mixing of a group.
    ///
    /// - Parameter group: The group's index in the epoch, `slot / groupSize`.
    package func mix(epoch: Int, group: Int) -> MixDraw {
        precondition((0..<groupsPerEpoch).contains(group), "group \(group) is not in the epoch")
        guard let rule = settings.mix else { return .none }
        var draws = DrawStream(seed: seed, epoch: epoch, slot: group, purpose: .mix)
        return MixDraw.draw(rule, from: &draws)
    }

    /// The slots of a group.
    package func slots(ofGroup group: Int) -> Range<Int> {
        group * groupSize..<(group + 1) * groupSize
    }

    /// The image that takes the place of a slot's unreadable one (`data.on_error: substitute`).
    ///
    /// - Parameter attempt: 0 for the first substitute, 1 if that is unreadable too, and so on.
    package func substituteIndex(epoch: Int, slot: Int, attempt: Int) -> Int {
        precondition((0..<slotsPerEpoch).contains(slot), "slot \(slot) is not in the epoch")
        var draws = DrawStream(
            seed: seed, epoch: epoch, slot: slot, purpose: .substitute)
        var index = draws.int(below: imageCount)
        for _ in 0..<attempt { index = draws.int(below: imageCount) }
        return index
    }

    /// The view of a substitute image: the draws of the slot, on another image.
    package func view(epoch: Int, slot: Int, substituting imageIndex: Int) -> View {
        precondition((0..<imageCount).contains(imageIndex), "image \(imageIndex) does not exist")
        return View(
            settings: settings, seed: seed, epoch: epoch, slot: slot, imageIndex: imageIndex)
    }

    /// The version of the views, which stands in a cache's fingerprint. It changes whenever a view
    /// changes for unchanged settings, and only for the settings of which one does, so that the
    /// caches of the others stay valid.
    ///
    /// - 1: what geometric operations take from outside has ImageNet's mean color.
    /// - 2: it has the color of the recipe's own mean, as in timm. For ImageNet's mean, and without
    ///   RandAugment, that is what version 1 made.
    package var version: String {
        let isFirst = settings.randaugment == nil || Color(mean: settings.mean) == .imageNetMean
        return "philox4x32-10/\(isFirst ? 1 : 2)"
    }

    /// Where a slot's image stands in the epoch's shuffle.
    private func listIndex(slot: Int) -> Int {
        precondition((0..<slotsPerEpoch).contains(slot), "slot \(slot) is not in the epoch")
        let (step, offset) = slot.quotientAndRemainder(dividingBy: stepSize)
        let (group, member) = offset.quotientAndRemainder(dividingBy: groupSize)
        let position = step * stepSize + member * groupsPerStep + group
        return position / batch.repeats
    }
}

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

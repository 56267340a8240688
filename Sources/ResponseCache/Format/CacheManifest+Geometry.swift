extension CacheManifest {
    /// Slots in each epoch.
    package var slotsPerEpoch: Int { groupsPerEpoch * groupSize }

    /// Parts in each epoch.
    package var partsPerEpoch: Int { (groupsPerEpoch + groupsPerPart - 1) / groupsPerPart }

    /// The groups of its epoch that a part holds.
    package func groups(of part: PartID) -> Range<Int> {
        let first = part.index * groupsPerPart
        return first..<min(first + groupsPerPart, groupsPerEpoch)
    }

    /// The slots of its epoch that a part holds.
    package func slots(of part: PartID) -> Range<Int> {
        let groups = groups(of: part)
        return groups.lowerBound * groupSize..<groups.upperBound * groupSize
    }

    /// The part that holds a slot of an epoch.
    package func part(epoch: Int, slot: Int) -> PartID {
        PartID(epoch: epoch, index: slot / groupSize / groupsPerPart)
    }

    /// Whether the part is one of this cache's.
    func contains(_ part: PartID) -> Bool {
        (0..<epochs).contains(part.epoch) && (0..<partsPerEpoch).contains(part.index)
    }

    /// Every part of these epochs, in order.
    package func parts(epochs: Range<Int>) -> [PartID] {
        epochs.flatMap { epoch in
            (0..<partsPerEpoch).map { PartID(epoch: epoch, index: $0) }
        }
    }

    /// Every part of the complete cache, in order.
    var parts: [PartID] { parts(epochs: 0..<epochs) }

    /// The parts of an epoch that hold some of these groups, in order.
    package func parts(epoch: Int, groups: Range<Int>) -> [PartID] {
        guard let last = groups.last else { return [] }
        return (groups.lowerBound / groupsPerPart...last / groupsPerPart).map {
            PartID(epoch: epoch, index: $0)
        }
    }
}

extension CacheManifest {
    /// Whether rows are stored with a prior.
    package var usesPrior: Bool {
        if case .bounded = encoding { isLargeEnoughForPrior } else { false }
    }

    /// Whether a prior's table would be worth its bytes, which is where they come to at most 4 for
    /// each response of the cache as it was begun.
    package var isLargeEnoughForPrior: Bool {
        classes <= ResponsePrior.maximumClasses && 2 * classes * classes <= 4 * begunSlots
    }

    /// The groups of epoch 0 whose responses the prior is learnt from: about 24 responses for each
    /// class, and no more than an eighth of the cache as it was begun.
    package var calibrationGroups: Range<Int> {
        let rows = min(24 * classes, begunSlots / 8)
        return 0..<min(max(1, (rows + groupSize - 1) / groupSize), groupsPerEpoch)
    }

    private var begunSlots: Int { (begunEpochs ?? epochs) * slotsPerEpoch }
}

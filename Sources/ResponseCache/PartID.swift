/// The name of one part: an epoch of the cache and an index within it.
package struct PartID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The cache's epoch, from 0.
    package let epoch: Int
    /// The part within the epoch, from 0.
    package let index: Int

    /// A part's name.
    package init(epoch: Int, index: Int) {
        self.epoch = epoch
        self.index = index
    }

    /// The folder of the epoch's parts within the cache: `epoch-0000`.
    package var folder: String { "\(Self.folderPrefix)\(Self.padded(epoch, 4))" }

    static let folderPrefix = "epoch-"

    /// Whether a name is that of an epoch's folder; a copy beside it, `epoch-0000.bak`, is nobody's.
    static func isFolder(_ name: String) -> Bool {
        let digits = name.dropFirst(folderPrefix.count)
        return name.hasPrefix(folderPrefix) && !digits.isEmpty
            && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// The part's own file within the cache: `epoch-0000/part-00000.h5`.
    package var path: String { "\(folder)/\(file)" }

    /// `epoch 0, part 0`.
    package var description: String { "epoch \(epoch), part \(index)" }

    /// In the order of epochs, then of parts.
    package static func < (left: PartID, right: PartID) -> Bool {
        (left.epoch, left.index) < (right.epoch, right.index)
    }

    var file: String { "\(group).h5" }

    /// The part's group in the file of its epoch: `part-00000`.
    var group: String { "part-\(Self.padded(index, 5))" }

    /// The file within the cache that holds a whole epoch: `epoch-0000.h5`.
    var epochFile: String { "\(folder).h5" }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

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

    /// The part that holds a slot of one of the cache's epochs.
    package func part(epoch: Int, slot: Int) -> PartID {
        PartID(epoch: epoch, index: slot / groupSize / groupsPerPart)
    }

    /// Whether the part is one of this cache's.
    func contains(_ part: PartID) -> Bool {
        (0..<epochs).contains(part.epoch) && (0..<partsPerEpoch).contains(part.index)
    }

    /// Every part of these epochs of the cache, in order.
    func parts(epochs: Range<Int>) -> [PartID] {
        epochs.flatMap { epoch in
            (0..<partsPerEpoch).map { PartID(epoch: epoch, index: $0) }
        }
    }
}

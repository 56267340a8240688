/// The name of one part: an epoch of the cache and an index within it.
package struct PartID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The cache's epoch, from 0.
    package let epoch: Int
    /// The part within the epoch, from 0.
    package let index: Int

    /// A part's name.
    package init(epoch: Int, index: Int) {
        precondition(epoch >= 0 && index >= 0, "epoch \(epoch), part \(index)")
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

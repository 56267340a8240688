/// The rows of one part as they lie in its file.
struct PartRows: Sendable, Equatable {
    /// What the datasets hold.
    enum Storage: Sendable, Equatable {
        /// Halves of every class, `[rows, classes]`.
        case dense(values: [UInt16])
        /// Halves and class indices, `[rows, K]`.
        case topK(Int, values: [UInt16], indices: [UInt16])
        /// Packed rows, `BoundedDecoder.padding` zero bytes after them, and the length of each as it
        /// is written; where each row starts, and the end of the last.
        case bounded(BoundedLayout, lengths: [UInt8], packed: [UInt8], starts: [Int])
    }

    let encoding: RowEncoding
    let classes: Int
    let rows: Int
    var storage: Storage

    /// Rows as they were stored.
    init(encoding: RowEncoding, classes: Int, rows: Int, storage: Storage) {
        self.encoding = encoding
        self.classes = classes
        self.rows = rows
        self.storage = storage
    }

    /// The bytes of the datasets, without the file's overhead.
    var bytes: Int {
        switch storage {
        case .dense(let values): 2 * values.count
        case .topK(_, let values, let indices): 2 * (values.count + indices.count)
        case .bounded(_, let lengths, _, let starts): lengths.count + starts[lengths.count]
        }
    }

    /// Decodes rows to probabilities that sum to 1 (to float32 rounding).
    ///
    /// - Parameters:
    ///   - range: rows of this part.
    ///   - out: receives `[range.count, classes]`.
    /// - Returns: nil, or the first row that cannot be what a writer stored, and why.
    func decode(
        _ range: Range<Int>, into out: UnsafeMutablePointer<Float>
    ) -> (row: Int, reason: String)? {
        var out = out
        func each(_ decode: (Int, UnsafeMutablePointer<Float>) -> String?) -> (Int, String)? {
            for row in range {
                if let reason = decode(row, out) { return (row, reason) }
                out += classes
            }
            return nil
        }
        switch storage {
        case .dense(let values):
            return values.withUnsafeBufferPointer { values in
                guard let values = values.baseAddress else { return nil }
                return each { HalfRow.decode(values + $0 * classes, classes: classes, into: $1) }
            }
        case .topK(let count, let values, let indices):
            return values.withUnsafeBufferPointer { values in
                indices.withUnsafeBufferPointer { indices in
                    guard let values = values.baseAddress, let indices = indices.baseAddress
                    else { return nil }
                    return each {
                        HalfRow.decode(
                            values + $0 * count, indices + $0 * count, count: count,
                            classes: classes, into: $1)
                    }
                }
            }
        case .bounded(let layout, let lengths, let packed, let starts):
            return packed.withUnsafeBufferPointer { packed in
                layout.withDecoder { decoder in
                    each { decoder.decode(packed, at: starts[$0], length: lengths[$0], into: $1) }
                }
            }
        }
    }

    /// The prior that the rows are stored with, if any.
    var prior: ResponsePrior? {
        get { if case .bounded(let layout, _, _, _) = storage { layout.prior } else { nil } }
        set {
            guard case .bounded(var layout, let lengths, let packed, let starts) = storage else {
                preconditionFailure("only bounded rows have a prior")
            }
            layout.prior = newValue
            storage = .bounded(layout, lengths: lengths, packed: packed, starts: starts)
        }
    }
}

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

import CHDF5

/// Decodes rows of encoding `bounded`; made by `BoundedLayout.withDecoder`.
struct BoundedDecoder {
    /// Zero bytes that follow the last row in memory.
    static let padding = CHDF5_ROW_PADDING

    fileprivate let layout: BoundedLayout
    let fields: chdf5_bounded
    /// Room for the classes and weights of a row.
    let scratch: UnsafeMutablePointer<UInt32>

    /// Decodes a row.
    ///
    /// - Parameters:
    ///   - packed: rows, of which this one has `bytes(of: length)` bytes from `start` on, and
    ///     `padding` bytes at the end.
    ///   - out: receives `[classes]` probabilities that sum to 1.
    /// - Returns: nil, or why this cannot be what a writer stored.
    func decode(
        _ packed: UnsafeBufferPointer<UInt8>, at start: Int, length: UInt8,
        into out: UnsafeMutablePointer<Float>
    ) -> String? {
        let bytes = layout.bytes(of: length)
        precondition(start + bytes + Self.padding <= packed.count, "a row without its padding")
        guard let row = packed.baseAddress.map({ $0 + start }) else { return nil }
        switch length {
        case BoundedLayout.everyFloat: return decodeFloats(row, into: out)
        case BoundedLayout.everyCode:
            withUnsafePointer(to: fields) { chdf5_decode_codes($0, row, out) }
            return nil
        default:
            let fault = withUnsafePointer(to: fields) {
                chdf5_decode_bounded($0, row, bytes, scratch, out)
            }
            return Int(fault) == CHDF5_ROW_SOUND ? nil : Self.reason(Int(fault))
        }
    }

    private static func reason(_ fault: Int) -> String {
        switch fault {
        case CHDF5_ROW_COUNT: "it stores more classes than there are"
        case CHDF5_ROW_PRIOR: "it needs a prior, and the part has none"
        case CHDF5_ROW_CLASS: "it names a class that there is not"
        case CHDF5_ROW_CODE: "it has a probability below the smallest"
        case CHDF5_ROW_TWICE: "it names a class twice"
        default: "its fields do not fit its length"
        }
    }

    private func decodeFloats(
        _ row: UnsafePointer<UInt8>, into out: UnsafeMutablePointer<Float>
    ) -> String? {
        var sum: Float = 0
        for index in 0..<layout.classes {
            let bits = UnsafeRawPointer(row + 4 * index).loadUnaligned(as: UInt32.self)
            out[index] = Float(bitPattern: UInt32(littleEndian: bits))
            guard !(out[index] < 0) else { return "a value of it is negative" }
            sum += out[index]
        }
        // NaN fails, too.
        return abs(sum - 1) < 0.01 ? nil : "its values sum to \(sum)"
    }
}

extension BoundedLayout {
    /// Lends a decoder, which holds pointers into this layout.
    func withDecoder<Result>(_ body: (BoundedDecoder) -> Result) -> Result {
        let (table, sums, likes) = (
            prior?.values ?? [], prior?.sums ?? [], prior?.lookAlikes ?? []
        )
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * classes) { scratch in
            weights.withUnsafeBufferPointer { weights in
                tailWeights.withUnsafeBufferPointer { tailWeights in
                    table.withUnsafeBufferPointer { table in
                        sums.withUnsafeBufferPointer { sums in
                            likes.withUnsafeBufferPointer { likes in
                                guard let scratch = scratch.baseAddress else {
                                    preconditionFailure("a layout has classes")
                                }
                                let fields = chdf5_bounded(
                                    classes: UInt32(classes), index_bits: UInt32(indexBits),
                                    code_bits: UInt32(codeBits), codes: UInt32(weights.count),
                                    weights: weights.baseAddress,
                                    tail_weights: tailWeights.baseAddress,
                                    table: table.isEmpty ? nil : table.baseAddress,
                                    sums: sums.isEmpty ? nil : sums.baseAddress,
                                    look_alikes: likes.isEmpty ? nil : likes.baseAddress)
                                return body(
                                    BoundedDecoder(
                                        layout: self, fields: fields, scratch: scratch))
                            }
                        }
                    }
                }
            }
        }
    }
}

import Base

/// What a zip archive holds, by the directory at its end, checked against the file.
///
/// Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16.
struct ZipDirectory {
    /// A file in the archive.
    struct Record: Equatable {
        let name: String
        /// Where its bytes lie.
        let bytes: Range<Int>
        /// CRC-32 of them as they are unpacked.
        let checksum: UInt32
        /// Whether they are there as they are, and not compressed or encrypted.
        let isStored: Bool
    }

    /// The records by name.
    let records: [String: Record]

    private enum Signature {
        static let local: UInt64 = 0x0403_4B50
        static let central: UInt64 = 0x0201_4B50
        static let end: UInt64 = 0x0605_4B50
        static let end64: UInt64 = 0x0606_4B50
        static let locator64: UInt64 = 0x0706_4B50
    }

    private static let endSize = 22
    private static let locatorSize = 20
    private static let end64Size = 56
    private static let centralSize = 46
    private static let localSize = 30

    /// Whether a file begins as archives do that hold a file.
    static func isArchive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        (try? ZipReader(bytes: bytes).number(4, at: 0)) == Signature.local
    }

    /// Reads the directory.
    ///
    /// - Throws: `WeightsProblem` for a file without one, as a truncated one is, and for records that
    ///   leave the file, overlap, or have one name.
    init(_ bytes: UnsafeRawBufferPointer) throws(WeightsProblem) {
        let reader = ZipReader(bytes: bytes)
        let place = try Self.place(reader)
        // An entry takes some times its bytes.
        guard SystemMemory.canAllocate(8 * place.directory.count) else {
            throw WeightsProblem(message: "no memory for its directory")
        }
        var records: [String: Record] = [:]
        var spans: [(span: Range<Int>, name: String)] = []
        var position = place.directory.lowerBound
        for _ in 0..<place.count {
            let (record, span, next) = try Self.entry(
                reader, at: position, directory: place.directory)
            guard records.updateValue(record, forKey: record.name) == nil else {
                throw WeightsProblem(message: "holds \(record.name.quoted) twice")
            }
            spans.append((span, record.name))
            position = next
        }
        spans.sort { $0.span.lowerBound < $1.span.lowerBound }
        for (one, other) in zip(spans, spans.dropFirst())
        where one.span.upperBound > other.span.lowerBound {
            throw WeightsProblem(message: "\(other.name.quoted) overlaps \(one.name.quoted)")
        }
        self.records = records
    }

    /// Where the directory lies, and how many entries it has.
    private static func place(
        _ reader: ZipReader
    ) throws(WeightsProblem) -> (directory: Range<Int>, count: Int) {
        let truncated = WeightsProblem(
            message: "a zip archive whose directory is missing: truncated, a download or copy that "
                + "was not finished")
        guard var end = reader.lastEnd(size: endSize, signature: Signature.end) else {
            throw truncated
        }
        var count = try reader.integer(2, at: end + 10)
        var size = try reader.integer(4, at: end + 12)
        var offset = try reader.integer(4, at: end + 16)
        let locator = end - locatorSize
        if locator >= 0, try reader.number(4, at: locator) == Signature.locator64 {
            let place = try reader.integer(8, at: locator + 8)
            guard place <= locator - end64Size, try reader.number(4, at: place) == Signature.end64
            else { throw truncated }
            count = try reader.integer(8, at: place + 32)
            size = try reader.integer(8, at: place + 40)
            offset = try reader.integer(8, at: place + 48)
            end = place
        }
        guard offset <= end, size <= end - offset, count <= size / centralSize else {
            throw WeightsProblem(
                message: "a zip archive whose directory is not where it says: truncated or hostile")
        }
        return (offset..<offset + size, count)
    }

    private static func entry(
        _ reader: ZipReader, at position: Int, directory: Range<Int>
    ) throws(WeightsProblem) -> (Record, span: Range<Int>, next: Int) {
        let damaged = WeightsProblem(message: "a zip archive whose directory is damaged or hostile")
        guard position <= directory.upperBound - centralSize,
            try reader.number(4, at: position) == Signature.central
        else { throw damaged }
        let nameLength = try reader.integer(2, at: position + 28)
        let extraLength = try reader.integer(2, at: position + 30)
        let commentLength = try reader.integer(2, at: position + 32)
        let extra = position + centralSize + nameLength
        let next = extra + extraLength + commentLength
        guard next <= directory.upperBound else { throw damaged }
        let name = try reader.text(nameLength, at: position + centralSize)
        var packed = try reader.integer(4, at: position + 20)
        var size = try reader.integer(4, at: position + 24)
        var start = try reader.integer(4, at: position + 42)
        try reader.readLarge(extra..<extra + extraLength, &size, &packed, &start)
        let flags = try reader.number(2, at: position + 8)
        let method = try reader.number(2, at: position + 10)
        let isStored = method == 0 && flags & 1 == 0
        let outside = WeightsProblem(
            message: "\(name.quoted) lies outside the file: truncated or hostile")
        guard start <= directory.lowerBound - localSize,
            try reader.number(4, at: start) == Signature.local
        else { throw outside }
        let localName = try reader.integer(2, at: start + 26)
        let first = start + localSize + localName + (try reader.integer(2, at: start + 28))
        guard first <= directory.lowerBound, packed <= directory.lowerBound - first else {
            throw outside
        }
        guard try reader.text(localName, at: start + localSize) == name, !isStored || packed == size
        else { throw damaged }
        let checksum = UInt32(truncatingIfNeeded: try reader.number(4, at: position + 16))
        let record = Record(
            name: name, bytes: first..<first + packed, checksum: checksum, isStored: isStored)
        return (record, start..<first + packed, next)
    }
}

/// Numbers and texts of a zip archive, read only within it.
private struct ZipReader {
    let bytes: UnsafeRawBufferPointer

    private func slice(_ count: Int, at position: Int) throws(WeightsProblem) -> Slice<
        UnsafeRawBufferPointer
    > {
        guard position >= 0, position <= bytes.count, count <= bytes.count - position else {
            throw WeightsProblem(message: "a zip archive that ends too early: truncated")
        }
        return bytes[position..<position + count]
    }

    /// A number of some bytes, the least first.
    func number(_ count: Int, at position: Int) throws(WeightsProblem) -> UInt64 {
        try slice(count, at: position).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The same as a place or a length.
    func integer(_ count: Int, at position: Int) throws(WeightsProblem) -> Int {
        guard let value = Int(exactly: try number(count, at: position)) else {
            throw WeightsProblem(message: "a zip archive with a place beyond 64 bits: hostile")
        }
        return value
    }

    func text(_ count: Int, at position: Int) throws(WeightsProblem) -> String {
        String(decoding: try slice(count, at: position), as: UTF8.self)
    }

    /// Where the last record of a kind begins that ends, with the comment that it may have, where the
    /// file ends.
    func lastEnd(size: Int, signature: UInt64) -> Int? {
        guard bytes.count >= size else { return nil }
        let last = bytes.count - size
        let first = max(0, last - Int(UInt16.max))
        return stride(from: last, through: first, by: -1).first { place in
            (try? number(4, at: place)) == signature
                && (try? integer(2, at: place + 20)) == bytes.count - size - place
        }
    }

    /// Takes from a record's extra fields what its own fields have no room for, and mark by all bits.
    func readLarge(
        _ extra: Range<Int>, _ size: inout Int, _ packed: inout Int, _ start: inout Int
    ) throws(WeightsProblem) {
        let marked = Int(UInt32.max)
        guard size == marked || packed == marked || start == marked else { return }
        var position = extra.lowerBound
        while position <= extra.upperBound - 4 {
            let kind = try number(2, at: position)
            let length = try integer(2, at: position + 2)
            position += 4
            guard length <= extra.upperBound - position else { break }
            if kind == 1 {
                var field = position
                func next(_ value: inout Int) throws(WeightsProblem) {
                    guard value == marked, field <= position + length - 8 else { return }
                    value = try integer(8, at: field)
                    field += 8
                }
                try next(&size)
                try next(&packed)
                try next(&start)
                return
            }
            position += length
        }
    }
}

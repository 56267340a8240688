import Foundation

/// A pickle put together by hand, operation by operation.
struct Pickle {
    private(set) var bytes: [UInt8] = [0x80, 2]

    /// Operations without an argument, by their letters: `(` a mark, `t` a tuple, `R` a call.
    mutating func add(_ letters: String) { bytes += letters.utf8 }

    mutating func add(_ operations: [UInt8]) { bytes += operations }

    mutating func text(_ text: String) {
        bytes += [UInt8(ascii: "X")] + UInt32(text.utf8.count).littleEndianBytes + text.utf8
    }

    mutating func integer(_ value: Int) {
        bytes += [0x8A, 8] + UInt64(bitPattern: Int64(value)).littleEndianBytes
    }

    mutating func global(_ module: String, _ name: String) {
        add("c\(module)\n\(name)\n")
    }

    /// A tuple of integers.
    mutating func tuple(_ values: [Int]) {
        add("(")
        for value in values { integer(value) }
        add("t")
    }

    /// A tensor of a storage of floats.
    mutating func tensor(
        count: Int, offset: Int = 0, shape: [Int], strides: [Int], key: String = "0",
        type: String = "FloatStorage"
    ) {
        global("torch._utils", "_rebuild_tensor_v2")
        add("((")
        text("storage")
        global("torch", type)
        text(key)
        text("cpu")
        integer(count)
        add("tQ")
        integer(offset)
        tuple(shape)
        tuple(strides)
        add([0x89])  // requires no gradient
        global("collections", "OrderedDict")
        add(")RtR")
    }

    /// A state dict of one name, whose value the body makes.
    static func state(_ name: String = "w", _ body: (inout Pickle) -> Void) -> [UInt8] {
        var pickle = Pickle()
        pickle.add("}")
        pickle.text(name)
        body(&pickle)
        pickle.add("s.")
        return pickle.bytes
    }
}

extension FixedWidthInteger {
    /// The least byte first.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

/// A zip archive of stored files, put together by hand.
struct Archive {
    struct Entry {
        var name: String
        var content: [UInt8]
        var method: UInt16 = 0
        var checksum: UInt32 = 0
        /// Where the directory says that it lies; nil for where it does.
        var place: Int?
        /// How long the directory says that it is; nil for as long as it is.
        var size: Int?
    }

    var entries: [Entry]
    /// Whether the directory has its numbers where zip64 has them: those of a record in an extra field
    /// behind another, its own place and length in a record before the last.
    var isLarge = false
    /// Bytes by which the extra field of numbers is shorter than it says.
    var missing = 0

    init(_ entries: [(String, [UInt8])]) {
        self.entries = entries.map { Entry(name: $0, content: $1) }
    }

    /// What torch.save writes around a pickle and storages.
    init(pickle: [UInt8], storages: [String: [UInt8]] = [:]) {
        self.init(
            [("archive/data.pkl", pickle), ("archive/byteorder", Array("little".utf8))]
                + storages.sorted { $0.key < $1.key }.map { ("archive/data/\($0.key)", $0.value) })
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let sizes =
                entry.checksum.littleEndianBytes
                + UInt32(truncatingIfNeeded: entry.size ?? entry.content.count).littleEndianBytes
                + UInt32(truncatingIfNeeded: entry.size ?? entry.content.count).littleEndianBytes
            let lengths = UInt16(entry.name.utf8.count).littleEndianBytes + [0, 0]
            let place = entry.place ?? bytes.count
            var extra: [UInt8] = []
            if isLarge {
                let size = UInt64(entry.size ?? entry.content.count).littleEndianBytes
                extra = [0x55, 0x54, 1, 0, 7, 1, 0, 24, 0] + size + size
                extra += UInt64(place).littleEndianBytes
                extra.removeLast(missing)
            }
            let marks = [UInt8](repeating: 0xFF, count: 8)
            directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + entry.method.littleEndianBytes
            directory += [0, 0, 0, 0]
            directory += isLarge ? sizes.prefix(4) + marks : sizes[...]
            directory += lengths.prefix(2) + UInt16(extra.count).littleEndianBytes
            directory += [UInt8](repeating: 0, count: 10)
            let narrow = UInt32(truncatingIfNeeded: place).littleEndianBytes
            directory += isLarge ? marks.prefix(4) : narrow[...]
            directory += Array(entry.name.utf8) + extra
            bytes +=
                [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + entry.method.littleEndianBytes + [0, 0, 0, 0]
                + sizes + lengths + entry.name.utf8 + entry.content
        }
        let start = bytes.count
        let place = UInt32(start).littleEndianBytes
        let count = UInt16(entries.count).littleEndianBytes
        let end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
        guard isLarge else {
            return bytes + directory + end + count + count
                + UInt32(directory.count).littleEndianBytes + place + [0, 0]
        }
        let counts = UInt64(entries.count).littleEndianBytes
        let large = UInt64(bytes.count + directory.count).littleEndianBytes
        bytes += directory + [0x50, 0x4B, 6, 6] + UInt64(44).littleEndianBytes
        bytes += [45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0] + counts + counts
        bytes += UInt64(directory.count).littleEndianBytes
        bytes += UInt64(start).littleEndianBytes
        bytes += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + large + [1, 0, 0, 0]
        return bytes + end + [UInt8](repeating: 0xFF, count: 12) + [0, 0]
    }
}

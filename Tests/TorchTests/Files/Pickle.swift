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
            directory +=
                [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + entry.method.littleEndianBytes
                + [0, 0, 0, 0] + sizes + lengths + [UInt8](repeating: 0, count: 10)
                + UInt32(truncatingIfNeeded: entry.place ?? bytes.count).littleEndianBytes
                + entry.name.utf8
            bytes +=
                [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + entry.method.littleEndianBytes + [0, 0, 0, 0]
                + sizes + lengths + entry.name.utf8 + entry.content
        }
        let place = UInt32(bytes.count).littleEndianBytes
        let count = UInt16(entries.count).littleEndianBytes
        return bytes + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
            + UInt32(directory.count).littleEndianBytes + place + [0, 0]
    }
}

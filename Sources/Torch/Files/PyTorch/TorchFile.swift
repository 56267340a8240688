import Base

/// What `torch.save` wrote: an object, and where the storages of its tensors lie.
struct TorchFile {
    let format: WeightsFormat
    let object: PickledObject
    /// The bytes of the whole storages, by their keys, all within the file.
    let storages: [String: Range<Int>]
    /// What their bytes are checked by, where the file says it.
    let checksums: [String: UInt32]
}

// MARK: - Since PyTorch 1.6

extension TorchFile {
    /// Reads a zip archive: `NAME/data.pkl`, and `NAME/data/KEY` for every storage.
    ///
    /// Source: PyTorch, torch/serialization.py `_save`, caffe2/serialize/inline_container.h.
    init(zip bytes: UnsafeRawBufferPointer) throws(WeightsProblem) {
        let directory = try ZipDirectory(bytes)
        guard
            let pickle = directory.records.values.filter({ Self.isPickle($0.name) })
                .min(by: { $0.name < $1.name })
        else { throw WeightsProblem(message: ForeignWeights.zip(directory.records.keys)) }
        let folder = pickle.name.dropLast("data.pkl".count)
        guard directory.records["\(folder)constants.pkl"] == nil else {
            throw WeightsProblem(message: ForeignWeights.zip(directory.records.keys))
        }
        if let order = directory.records["\(folder)byteorder"], order.isStored {
            let name = String(decoding: bytes[order.bytes].prefix(16), as: UTF8.self)
            guard name == "little" else {
                throw WeightsProblem(
                    message: "was written with the byte order \(name.quoted), which is not read")
            }
        }
        try Self.check(pickle, in: bytes)
        format = .pytorch
        object = try Unpickler.read(UnsafeRawBufferPointer(rebasing: bytes[pickle.bytes]))
        var storages: [String: Range<Int>] = [:]
        var checksums: [String: UInt32] = [:]
        for (key, index) in object.whole {
            let storage = object.storages[index]
            // The second name is that of archives of torch.package.
            let names = ["data/\(key)", ".data/\(key).storage", ".data/\(key)"]
            guard let record = names.lazy.compactMap({ directory.records["\(folder)\($0)"] }).first
            else { throw WeightsProblem(message: "has no storage \(key.quoted): hostile") }
            try Self.requireStored(record)
            guard record.bytes.count == storage.count * storage.type.size else {
                throw WeightsProblem(
                    message: "its storage \(key.quoted) has \(record.bytes.count) bytes; expected "
                        + "\(storage.count * storage.type.size) for \(storage.count) elements")
            }
            storages[key] = record.bytes
            // PyTorch leaves out checksums where it is told to.
            if record.checksum != 0 { checksums[key] = record.checksum }
        }
        (self.storages, self.checksums) = (storages, checksums)
    }

    /// Whether a record is the pickle of what was saved: of the folder that all records are in.
    private static func isPickle(_ name: String) -> Bool {
        name == "data.pkl" || name.hasSuffix("/data.pkl") && name.count { $0 == "/" } == 1
    }

    private static func requireStored(_ record: ZipDirectory.Record) throws(WeightsProblem) {
        guard record.isStored else {
            throw WeightsProblem(
                message:
                    "\(record.name.quoted) is compressed or encrypted, which torch.save does not "
                    + "do; unpack the archive, and pack it with zip -0")
        }
    }

    private static func check(
        _ record: ZipDirectory.Record, in bytes: UnsafeRawBufferPointer
    ) throws(WeightsProblem) {
        try requireStored(record)
        let content = UnsafeRawBufferPointer(rebasing: bytes[record.bytes])
        guard record.checksum == 0 || zipChecksum(content) == record.checksum else {
            throw WeightsProblem(message: "\(record.name.quoted) \(Self.damage)")
        }
    }

    /// Of bytes that are not those of their checksum.
    static let damage = "is damaged: it is not what the archive's checksum was taken of"
}

// MARK: - Before PyTorch 1.6

extension TorchFile {
    /// 0x1950a86a20f9469cfc6c, the least byte first.
    private static let magic: [UInt8] = [
        0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]
    private static let version = 1001

    /// Reads pickles that follow each other: a magic number, a version, what the system was like, the
    /// object, the keys of the storages; then the storages, each behind its count of elements.
    ///
    /// Source: PyTorch, torch/serialization.py `_legacy_save`.
    init(legacy bytes: UnsafeRawBufferPointer) throws(WeightsProblem) {
        let magic = try Unpickler.read(bytes)
        guard magic.root == .largeInteger(Self.magic) else {
            throw WeightsProblem(
                message: "is a pickle, but none of torch.save's; load it and save its weights as "
                    + "safetensors")
        }
        let version = try Unpickler.read(bytes, from: magic.end)
        guard version.root == .integer(Self.version) else {
            throw WeightsProblem(
                message: "is a pickle of torch.save of a version that is not known")
        }
        let system = try Unpickler.read(bytes, from: version.end)
        guard system.texts(system.root)?["little_endian"] == .flag(true) else {
            throw WeightsProblem(
                message: "was written with another byte order than little-endian, which is not read"
            )
        }
        let object = try Unpickler.read(bytes, from: system.end)
        let list = try Unpickler.read(bytes, from: object.end)
        guard let keys = list.container(list.root, .list)?.items else {
            throw WeightsProblem(message: "its storages are not listed: damaged or hostile")
        }
        var storages: [String: Range<Int>] = [:]
        var position = list.end
        for case .text(let key) in keys {
            guard let index = object.whole[key] else {
                throw WeightsProblem(
                    message: "lists a storage \(key.quoted) of no type: damaged or hostile")
            }
            let storage = object.storages[index]
            let size = storage.count * storage.type.size
            guard position <= bytes.count - 8, size <= bytes.count - 8 - position else {
                throw WeightsProblem(
                    message: "ends within storage \(key.quoted) of \(size) bytes: truncated, a "
                        + "download or copy that was not finished")
            }
            let count = Int64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int64.self))
            guard count == storage.count else {
                throw WeightsProblem(
                    message: "its storage \(key.quoted) has \(count) elements; expected "
                        + "\(storage.count)")
            }
            let span = position + 8..<position + 8 + size
            guard storages.updateValue(span, forKey: key) == nil else {
                throw WeightsProblem(message: "lists storage \(key.quoted) twice")
            }
            position = span.upperBound
        }
        let missing = object.whole.keys.filter { storages[$0] == nil }.sorted().map(\.quoted)
        guard missing.isEmpty else {
            throw WeightsProblem(
                message: "lacks the storages \(missing.listed): truncated or hostile")
        }
        format = .legacyPytorch
        self.object = object
        self.storages = storages
        checksums = [:]
    }
}

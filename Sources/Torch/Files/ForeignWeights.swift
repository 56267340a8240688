/// What a file is that was given for safetensors weights and is something else, told by its bytes.
enum ForeignWeights {
    /// What the file is and what to do with it, for a message; nil if the bytes say nothing.
    static func description(of bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.isEmpty { return "is empty: a download or copy that was not finished" }
        if isSafetensors(bytes) { return nil }
        let kinds: [(UnsafeRawBufferPointer) -> String?] = [
            pickle, zip, text, archive, protobuf, zeros,
        ]
        for kind in kinds {
            if let found = kind(bytes) { return found }
        }
        return nil
    }

    /// Whether a file begins as safetensors do. The bytes of the header's length may read like
    /// anything.
    static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 8 && (JSONScanner.isSpace(bytes[8]) || bytes[8] == UInt8(ascii: "{"))
            && UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
                <= UInt64(SafetensorsHeader.limit)
    }

    private static func pickle(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard Unpickler.isPickle(bytes) else { return nil }
        return "is a pickle, as torch.save wrote until 2020, and no safetensors file"
    }

    private static func zip(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard ZipDirectory.isArchive(bytes) else { return nil }
        guard let names = try? ZipDirectory(bytes).records.keys else {
            return "is a zip archive whose directory is missing or damaged"
        }
        let isPickle = names.contains { $0.hasSuffix("data.pkl") }
        let isScript = names.contains { $0.hasSuffix("constants.pkl") }
        guard !isPickle || isScript else {
            return "is a pickle in a zip archive, as torch.save writes, and no safetensors file"
        }
        return zip(names)
    }

    /// What a zip archive is that holds no weights of `torch.save`'s.
    ///
    /// - Parameter names: of its records.
    static func zip(_ names: some Collection<String>) -> String {
        if names.contains(where: { $0.hasSuffix("constants.pkl") }) {
            return "is TorchScript, code and weights in a zip archive; write its weights alone: "
                + "torch.jit.load(IN).state_dict(), and safetensors.torch.save_file"
        }
        if names.contains(where: { $0.hasSuffix(".npy") }) {
            return "is an archive of NumPy arrays; write it with safetensors.numpy.save_file"
        }
        return "is a zip archive; unpack it"
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.begins("version https://git-lfs") || bytes.begins("version https://hawser") {
            return "is a Git LFS pointer, not the weights: run git lfs pull where it comes from"
        }
        guard let first = bytes.prefix(1 << 16).first(where: { !JSONScanner.isSpace($0) }) else {
            return nil
        }
        switch first {
        case UInt8(ascii: "<"):
            return "is a web page or XML, not the weights: what was downloaded is a login or an "
                + "error"
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return ShardIndex.begins(bytes)
                ? "is the index of weights in several files, and no safetensors file"
                : "is JSON text, not the weights"
        default: return nil
        }
    }

    private static func archive(_ bytes: UnsafeRawBufferPointer) -> String? {
        let kinds: [(start: [UInt8], text: String)] = [
            ([0x1F, 0x8B], "is a gzip file; unpack it: gunzip"),
            ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with zstd; unpack it: unzstd"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "is compressed with xz; unpack it: unxz"),
            ([0x42, 0x5A, 0x68], "is compressed with bzip2; unpack it: bunzip2"),
            (
                [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A],
                "is HDF5, as Keras writes; write the weights as safetensors"
            ),
            (Array("GGUF".utf8), "is GGUF, as llama.cpp reads; take the original weights"),
            ([0x93] + Array("NUMPY".utf8), "is one NumPy array, not a network's weights"),
            ([0xFF, 0xD8, 0xFF], "is a JPEG image"),
            ([0x89] + Array("PNG".utf8), "is a PNG image"),
        ]
        if let kind = kinds.first(where: { bytes.starts(with: $0.start) }) { return kind.text }
        guard bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) else { return nil }
        return "is a tar archive; unpack it"
    }

    private static func protobuf(_ bytes: UnsafeRawBufferPointer) -> String? {
        // Field 1, the version of the format, and field 2, the producer's name, or the graph.
        guard bytes.count > 3, bytes[0] == 0x08, (1...20).contains(bytes[1]),
            bytes[2] == 0x12 || bytes[2] == 0x3A || bytes[2] == 0x1A
        else { return nil }
        return "is protobuf, as ONNX and TensorFlow write; export the weights as safetensors"
    }

    private static func zeros(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count >= 16, bytes.prefix(4096).allSatisfy({ $0 == 0 }) else { return nil }
        return "begins with zeros: a download or copy that was not finished"
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func begins(_ text: String) -> Bool { starts(with: text.utf8) }
}

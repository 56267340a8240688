import Base
import Glibc

extension SafetensorsFile {
    /// Writes tensors in the order given, so that the path holds either the old file or all of the
    /// new one: a temporary beside it, flushed to disk, then renamed.
    ///
    /// The bytes depend on the arguments alone: metadata is sorted by key. Tensors may be on any
    /// device and in any memory format.
    ///
    /// - Throws: `TorchError` if a name appears twice or is reserved, or if the file cannot be
    ///   written; then no file is left behind.
    package static func write(
        _ tensors: [(String, Tensor)], metadata: [String: String] = [:], to path: String
    ) throws(TorchError) {
        let header = try header(for: tensors, metadata: metadata, path: path)
        var file = try begin(path)
        try append(header, to: &file)
        for (_, tensor) in tensors { _ = try append(tensor, to: &file) }
        try publish(&file)
    }

    /// Writes tensors as `write` does, with checksums in the metadata that reading compares.
    ///
    /// - Returns: the file's `seal`.
    @discardableResult
    package static func writeSealed(
        _ tensors: [(String, Tensor)], metadata: [String: String] = [:], to path: String
    ) throws(TorchError) -> UInt32 {
        var metadata = metadata
        metadata[SafetensorsSeal.key] = SafetensorsSeal.placeholder(tensors: tensors.count)
        var header = try header(for: tensors, metadata: metadata, path: path)
        // No other text of a header holds these bytes: within strings quotes are escaped.
        let opening = Array("\"\(SafetensorsSeal.key)\":\"".utf8)
        guard let key = header.firstRange(of: opening) else {
            preconditionFailure("the header holds its own metadata")
        }
        let digits = key.upperBound..<key.upperBound + 8 * (tensors.count + 1)
        var file = try begin(path)
        try append(header, to: &file)
        var checksums: [UInt32] = []
        for (_, tensor) in tensors { checksums.append(try append(tensor, to: &file)) }
        let seal = SafetensorsSeal(sealing: &header, digits: digits, tensors: checksums).header
        do { try file.overwriteBeginning(header) } catch { throw unwritten(path, error) }
        try publish(&file)
        return seal
    }

    /// The length, the JSON and its padding with spaces to a multiple of 8 bytes.
    private static func header(
        for tensors: [(String, Tensor)], metadata: [String: String], path: String
    ) throws(TorchError) -> [UInt8] {
        var seen: Set<String> = ["__metadata__"]
        var items: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
                .map { "\(quoted($0.key)):\(quoted($0.value))" }
            items.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for (name, tensor) in tensors {
            guard seen.insert(name).inserted else {
                throw error(path, "the name '\(name)' is taken")
            }
            let dtype = tensor.dtype
            let shape = tensor.shape
            let end = offset + shape.reduce(dtype.size, *)
            let code = SafetensorsHeader.names.first { $0.1 == dtype }?.0 ?? ""
            let lengths = shape.map(String.init).joined(separator: ",")
            items.append(
                "\(quoted(name)):{\"dtype\":\"\(code)\",\"shape\":[\(lengths)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var json = Array("{\(items.joined(separator: ","))}".utf8)
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
        guard json.count <= SafetensorsHeader.limit else {
            throw error(path, "the header would be longer than \(SafetensorsHeader.limit) bytes")
        }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    private static func begin(_ path: String) throws(TorchError) -> AtomicFile {
        do { return try AtomicFile(path, orStream: true) } catch { throw unwritten(path, error) }
    }

    private static func append(_ bytes: [UInt8], to file: inout AtomicFile) throws(TorchError) {
        do { try file.append(bytes) } catch { throw unwritten(file.path, error) }
    }

    private static func publish(_ file: inout AtomicFile) throws(TorchError) {
        do { try file.publish() } catch { throw unwritten(file.path, error) }
    }

    private static func unwritten(_ path: String, _ failure: SystemFailure) -> TorchError {
        TorchError(operation: "file", message: "\(path): \(AtomicFile.reason(failure))")
    }

    /// - Returns: the CRC-32C of the bytes written.
    private static func append(
        _ tensor: Tensor, to file: inout AtomicFile
    ) throws(TorchError) -> UInt32 {
        let size = tensor.shape.reduce(tensor.dtype.size, *)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        try tensor.copyBytes(into: buffer)
        do { try file.append(UnsafeRawBufferPointer(buffer)) } catch {
            throw unwritten(file.path, error)
        }
        return crc32c(UnsafeRawBufferPointer(buffer))
    }

    /// A JSON string; everything beyond ASCII stays as it is, in UTF-8.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

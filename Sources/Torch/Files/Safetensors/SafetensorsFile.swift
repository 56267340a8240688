import Base
import CTorch
import Glibc

/// A weights file in the safetensors format, mapped into memory.
///
/// Opening checks the whole header against the file's size before anything is allocated from it, so
/// that no file, however hostile, makes the process read outside it or ask for more memory than the
/// file is long. Reading a tensor copies its bytes. The file must not be shortened while it is open:
/// reading a mapping past the end of its file ends the process.
///
/// A file written by `writeSealed` carries checksums: of the header, compared when it is opened, and of
/// each tensor, compared when it is read.
///
/// Source: https://github.com/huggingface/safetensors (format as of 0.6).
package final class SafetensorsFile: WeightsArchive {
    /// The path as it was given.
    package let path: String
    package var format: WeightsFormat { .safetensors }
    /// Free text that the writer added; without the checksums.
    package let metadata: [String: String]
    /// A checksum that stands for the whole file, where it carries checksums.
    package var seal: UInt32? { checksums?.header }

    private let header: SafetensorsHeader
    private let positions: [String: Int]
    private let mapping: MappedFile
    private let dataStart: Int
    private let checksums: SafetensorsSeal?

    /// Maps a file and checks its header.
    ///
    /// - Throws: `TorchError` if the file cannot be read, or with the first thing that is wrong in
    ///   it: length, JSON, dtype, shape, bounds, overlaps, gaps, a name that appears twice, a header
    ///   that is not the one its checksum was taken of.
    package convenience init(path: String) throws(TorchError) {
        do throws(WeightsProblem) {
            try self.init(path: path, mapping: MappedFile(path: path))
        } catch {
            throw SafetensorsFile.error(path, error.message, code: error.code)
        }
    }

    /// Checks the header of a file that is open already.
    init(path: String, mapping: MappedFile) throws(WeightsProblem) {
        self.path = path
        self.mapping = mapping
        (header, dataStart) = try SafetensorsFile.readHeader(mapping.bytes)
        checksums = try SafetensorsSeal(
            of: header, in: UnsafeRawBufferPointer(rebasing: mapping.bytes[..<dataStart]))
        metadata = header.metadata
        positions = Dictionary(
            uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
    }

    /// The tensors' names in the order of the header.
    package var names: [String] { header.entries.map(\.name) }

    /// The dtype and shape of a tensor, or nil if there is none of that name.
    package func info(_ name: String) -> (dtype: DType, shape: [Int])? {
        positions[name].map { (header.entries[$0].dtype, header.entries[$0].shape) }
    }

    /// A copy of a tensor, on the CPU.
    ///
    /// - Throws: `TorchError` if there is none of that name, if its bytes are not those that the
    ///   file's checksum was taken of, or if a bool is neither 0 nor 1.
    package func tensor(_ name: String) throws(TorchError) -> Tensor {
        guard let position = positions[name] else {
            throw SafetensorsFile.error(path, "no tensor '\(name)'")
        }
        let entry = header.entries[position]
        return try withExtendedLifetime(mapping) { () throws(TorchError) in
            let data = UnsafeRawBufferPointer(rebasing: mapping.bytes[dataStart...])
            let bytes = UnsafeRawBufferPointer(rebasing: data[entry.bytes])
            if let checksums, crc32c(bytes) != checksums.tensors[position] {
                throw SafetensorsFile.error(
                    path, "'\(entry.name)' is damaged: \(SafetensorsSeal.mismatch)")
            }
            do throws(TorchError) {
                return try Tensor(copying: bytes, shape: entry.shape, dtype: entry.dtype)
            } catch {
                throw SafetensorsFile.error(
                    path, "'\(name)': \(error.message)", code: error.code)
            }
        }
    }

    private static func readHeader(
        _ bytes: UnsafeRawBufferPointer
    ) throws(WeightsProblem) -> (SafetensorsHeader, dataStart: Int) {
        // A file of another kind is named; its first wrong byte would tell nobody anything.
        if let other = ForeignWeights.description(of: bytes) { throw .init(message: other) }
        guard bytes.count >= 8 else {
            throw .init(
                message: "\(bytes.count) bytes long, too short for a safetensors file")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(SafetensorsHeader.limit) else {
            throw .init(
                message:
                    "its header claims \(length) bytes, over the limit of \(SafetensorsHeader.limit): "
                    + "not a safetensors file")
        }
        guard length <= UInt64(bytes.count - 8) else {
            throw .init(
                message: "its header claims \(length) bytes, the file has \(bytes.count - 8) "
                    + "after the length: truncated, or not a safetensors file")
        }
        // What it lists takes some times its text.
        guard SystemMemory.canAllocate(10 * Int(length)) else {
            throw .init(message: "no memory for its header of \(length) bytes", code: ENOMEM)
        }
        let dataStart = 8 + Int(length)
        let header = try SafetensorsHeader(
            json: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]),
            dataSize: bytes.count - dataStart)
        return (header, dataStart)
    }

    static func error(_ path: String, _ message: String, code: Int32? = nil) -> TorchError {
        TorchError(operation: "safetensors", message: "\(path): \(message)", code: code)
    }
}

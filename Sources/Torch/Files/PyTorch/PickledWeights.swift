import Base
import Glibc

/// The tensors of a file that `torch.save` wrote, mapped into memory.
///
/// Nothing of it is run: see `Unpickler`. The file must not be shortened while it is open.
final class PickledWeights: WeightsArchive {
    let path: String
    let format: WeightsFormat
    /// None: such a file says nothing of itself.
    let metadata: [String: String] = [:]
    var names: [String] { state.names }
    var notes: [String] { state.notes }

    private let mapping: MappedFile
    private let file: TorchFile
    private let state: StateDict
    /// The storages whose bytes were held against their checksums.
    private var checked: Set<String> = []

    /// Reads a zip archive, as PyTorch has written since 1.6.
    convenience init(
        zip mapping: MappedFile, path: String, entry: String?
    ) throws(WeightsProblem) {
        try self.init(TorchFile(zip: mapping.bytes), mapping, path: path, entry: entry)
    }

    /// Reads what earlier versions wrote.
    convenience init(
        legacy mapping: MappedFile, path: String, entry: String?
    ) throws(WeightsProblem) {
        try self.init(TorchFile(legacy: mapping.bytes), mapping, path: path, entry: entry)
    }

    private init(
        _ file: TorchFile, _ mapping: MappedFile, path: String, entry: String?
    ) throws(WeightsProblem) {
        state = try StateDict(of: file.object, entry: entry)
        (self.path, self.mapping, self.file) = (path, mapping, file)
        format = file.format
    }

    func info(_ name: String) -> (dtype: DType, shape: [Int])? {
        guard let index = state.tensors[name] else { return nil }
        let tensor = file.object.tensors[index]
        return file.object.storages[tensor.storage].type.dtype.map { ($0, tensor.shape) }
    }

    func obstacle(_ name: String) -> String? { state.obstacles[name] }

    func tensor(_ name: String) throws(TorchError) -> Tensor {
        guard let index = state.tensors[name] else { throw error("no tensor \(name.quoted)") }
        let tensor = file.object.tensors[index]
        let storage = file.object.storages[tensor.storage]
        guard let dtype = storage.type.dtype, let span = file.storages[storage.key] else {
            throw error("no tensor \(name.quoted)")
        }
        return try withExtendedLifetime(mapping) { () throws(TorchError) in
            let whole = UnsafeRawBufferPointer(rebasing: mapping.bytes[span])
            try check(storage.key, whole, name)
            let bytes = UnsafeRawBufferPointer(
                rebasing: whole[(storage.start * dtype.size)...])
            do throws(TorchError) {
                return try Self.tensor(tensor, dtype, bytes)
            } catch {
                throw self.error("\(name.quoted): \(error.message)", code: error.code)
            }
        }
    }

    /// Compares a storage's bytes with their checksum, once.
    private func check(
        _ key: String, _ bytes: UnsafeRawBufferPointer, _ name: String
    ) throws(TorchError) {
        guard let checksum = file.checksums[key], !checked.contains(key) else { return }
        guard zipChecksum(bytes) == checksum else {
            throw error("\(name.quoted) \(TorchFile.damage)")
        }
        checked.insert(key)
    }

    private static func tensor(
        _ tensor: PickledTensor, _ dtype: DType, _ storage: UnsafeRawBufferPointer
    ) throws(TorchError) -> Tensor {
        let size = tensor.count * dtype.size
        guard !tensor.isContiguous else {
            let start = tensor.offset * dtype.size
            return try Tensor(
                copying: UnsafeRawBufferPointer(rebasing: storage[start..<start + size]),
                shape: tensor.shape, dtype: dtype)
        }
        guard SystemMemory.canAllocate(size) else {
            throw TorchError(
                operation: "tensor", message: "no memory for its \(size) bytes", code: ENOMEM)
        }
        let rows = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { rows.deallocate() }
        tensor.gather(from: storage, size: dtype.size, into: rows)
        return try Tensor(
            copying: UnsafeRawBufferPointer(rows), shape: tensor.shape, dtype: dtype)
    }

    private func error(_ message: String, code: Int32? = nil) -> TorchError {
        TorchError(operation: "weights", message: "\(path): \(message)", code: code)
    }
}

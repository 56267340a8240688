// A libFuzzer target for the readers of weights: zip archives, pickles of either kind, indices and
// headers of safetensors; tools/fuzz builds and runs it.
//
// Takes a file's bytes, reads them by the reader that they begin like, and as a pickle alone, and demands
// what the readers promise: every range lies in the file, every tensor in its storage, and all that is
// read can be copied. The address sanitizer watches the copies; Swift's own checks end the process where
// an index or a sum goes wrong.
import Base

/// Reads one input of libFuzzer's.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // A copy of exactly the file's size, behind which nothing may be read.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    let bytes = UnsafeRawBufferPointer(copy)
    if let text = ForeignWeights.description(of: bytes) { demand(!text.isEmpty, "an empty text") }
    _ = try? Unpickler.read(bytes)
    if ShardIndex.begins(bytes) { read { () throws(WeightsProblem) in try index(bytes) } }
    if ZipDirectory.isArchive(bytes) {
        read { () throws(WeightsProblem) in try torchFile(TorchFile(zip: bytes), in: bytes) }
    } else {
        read { () throws(WeightsProblem) in try torchFile(TorchFile(legacy: bytes), in: bytes) }
    }
    read { () throws(WeightsProblem) in try header(bytes) }
    return 0
}

private func demand(_ holds: Bool, _ what: String) {
    guard holds else { fatalError("weights_fuzzer: \(what)") }
}

private func read(_ body: () throws(WeightsProblem) -> Void) {
    do { try body() } catch { demand(!error.message.isEmpty, "an error without a message") }
}

private func index(_ bytes: UnsafeRawBufferPointer) throws(WeightsProblem) {
    for file in try ShardIndex(json: bytes).files(of: "/weights/index.json") {
        let name = file.utf8.dropFirst("/weights/".utf8.count)
        demand(
            file.utf8.starts(with: "/weights/".utf8) && !name.isEmpty
                && !name.contains(UInt8(ascii: "/")) && !name.contains(0)
                && !name.elementsEqual("..".utf8),
            "a file outside the folder")
    }
}

private func torchFile(
    _ file: TorchFile, in bytes: UnsafeRawBufferPointer
) throws(WeightsProblem) {
    for (key, span) in file.storages {
        demand(span.lowerBound >= 0 && span.upperBound <= bytes.count, "a storage outside the file")
        demand(file.object.whole[key] != nil, "a storage that nothing is a view of")
    }
    let state = try StateDict(of: file.object, entry: nil)
    demand(state.names.count == state.tensors.count, "a name without a tensor")
    for name in state.names {
        guard let index = state.tensors[name] else { continue }
        let tensor = file.object.tensors[index]
        let storage = file.object.storages[tensor.storage]
        guard let dtype = storage.type.dtype, let span = file.storages[storage.key] else {
            demand(false, "a tensor without numbers")
            continue
        }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[span])
        let target = UnsafeMutableRawBufferPointer.allocate(
            byteCount: tensor.count * dtype.size, alignment: 8)
        defer { target.deallocate() }
        tensor.gather(
            from: UnsafeRawBufferPointer(rebasing: whole[(storage.start * dtype.size)...]),
            size: dtype.size, into: target)
    }
    _ = try? StateDict(of: file.object, entry: "model")
}

private func header(_ bytes: UnsafeRawBufferPointer) throws(WeightsProblem) {
    guard bytes.count >= 8 else { return }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(bytes.count - 8) else { return }
    let end = 8 + Int(length)
    let header = try SafetensorsHeader(
        json: UnsafeRawBufferPointer(rebasing: bytes[8..<end]), dataSize: bytes.count - end)
    for entry in header.entries {
        demand(entry.bytes.upperBound <= bytes.count - end, "a tensor outside the file")
    }
    let seal = try SafetensorsSeal(
        of: header, in: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    demand(seal.map { $0.tensors.count == header.entries.count } ?? true, "too few checksums")
}

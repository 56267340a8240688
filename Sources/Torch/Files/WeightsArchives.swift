import Base
import Glibc

/// Opens weights, whatever they are stored in.
package enum WeightsArchives {
    /// What a folder of Hugging Face's, or of timm's, holds its weights in; the first that is there.
    package static let filesOfFolders = [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ]

    /// Opens a file of weights, an index of several, or the weights of a folder.
    ///
    /// What the file is its bytes say, and not its name.
    ///
    /// - Parameter entry: of a file that holds several sets of tensors, such as those of a network and
    ///   of its moving average: the key of the one that is meant. Nil takes the network's.
    /// - Throws: `TorchError` if nothing is there, or with the first thing that is wrong in it.
    package static func open(
        _ path: String, entry: String? = nil
    ) throws(TorchError) -> any WeightsArchive {
        let file = try file(at: path)
        do throws(WeightsProblem) {
            return try open(file, MappedFile(path: file), entry: entry, mayBeIndex: true)
        } catch {
            throw TorchError(
                operation: "weights", message: "\(file): \(error.message)", code: error.code,
                needsEntry: error.needsEntry)
        }
    }

    /// The file at a path: the path itself or, for a folder, what it holds its weights in.
    ///
    /// - Throws: `TorchError` for a folder that has none.
    package static func file(at path: String) throws(TorchError) -> String {
        guard (try? FileKind.at(path)) == .folder else { return path }
        let files = filesOfFolders.map { Folders.path(of: $0, in: path) }
        if let file = files.first(where: { !FileKind.isMissing($0) }) { return file }
        throw TorchError(
            operation: "weights",
            message: "\(path): a folder without weights; expected one of "
                + filesOfFolders.joined(separator: ", "))
    }

    /// Opens one file by its bytes.
    ///
    /// - Parameter mayBeIndex: whether it may name other files, which one behind an index may not.
    static func open(
        _ path: String, _ mapping: MappedFile, entry: String?, mayBeIndex: Bool
    ) throws(WeightsProblem) -> any WeightsArchive {
        let bytes = mapping.bytes
        switch WeightsKind(bytes) {
        case .index where mayBeIndex:
            try refuse(entry)
            return try ShardedWeights(path: path, index: ShardIndex(json: bytes))
        case .zip:
            return try PickledWeights(zip: mapping, path: path, entry: entry)
        case .pickle:
            return try PickledWeights(legacy: mapping, path: path, entry: entry)
        case .index, nil:
            try refuse(entry)
            return try SafetensorsFile(path: path, mapping: mapping)
        }
    }

    private static func refuse(_ entry: String?) throws(WeightsProblem) {
        guard let entry else { return }
        throw WeightsProblem(
            message: "has no entries, of which \(entry.quoted) could be one: it holds one set of "
                + "tensors")
    }

    // MARK: Digests

    /// The SHA-256 that stands for the weights at a path, whose tensors need not be sound.
    ///
    /// - Throws: `SystemFailure` if a file cannot be read; `TorchError` for an index, or a folder,
    ///   that names none.
    package static func digest(at path: String) throws -> String {
        let file = try file(at: path)
        guard let names = try indexed(file) else { return try digest(of: [file]) }
        return try digest(of: names)
    }

    /// The files of an index and itself; nil for what is none, or cannot be opened.
    private static func indexed(_ file: String) throws(TorchError) -> [String]? {
        guard let mapping = try? MappedFile(path: file), WeightsKind(mapping.bytes) == .index else {
            return nil
        }
        do throws(WeightsProblem) {
            return try ShardIndex(json: mapping.bytes).files(of: file)
        } catch {
            throw TorchError(operation: "weights", message: "\(file): \(error.message)")
        }
    }

    /// What stands for weights whose files have a digest: of one set of tensors of several, not the file
    /// alone.
    package static func identity(digest: String, entry: String?) -> String {
        entry.map { SHA256Sum(Array("\(digest) \($0)".utf8)).hexadecimal } ?? digest
    }

    /// The SHA-256 of one file; of several that of the lines which `sha256sum` prints for them in their
    /// folder, in this order.
    ///
    /// - Throws: `SystemFailure` with the path.
    package static func digest(of files: [String]) throws(SystemFailure) -> String {
        guard files.count > 1 else { return try SHA256Sum.ofFile(files.first ?? "") }
        var sum = SHA256Sum()
        for file in files {
            let name = file.split(separator: "/").last ?? ""
            sum.add(Array("\(try SHA256Sum.ofFile(file))  \(name)\n".utf8))
        }
        return sum.hexadecimal
    }
}

/// What is read besides safetensors, told by its first bytes.
private enum WeightsKind {
    case zip, pickle, index

    init?(_ bytes: UnsafeRawBufferPointer) {
        if ForeignWeights.isSafetensors(bytes) { return nil }
        if ZipDirectory.isArchive(bytes) {
            self = .zip
        } else if Unpickler.isPickle(bytes) {
            self = .pickle
        } else if ShardIndex.begins(bytes) {
            self = .index
        } else {
            return nil
        }
    }
}

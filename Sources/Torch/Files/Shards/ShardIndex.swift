import Base
import Glibc

/// The index of weights that lie in several files: which of them has which tensor.
///
/// Source: transformers, `model.safetensors.index.json` and `pytorch_model.bin.index.json`.
struct ShardIndex: Equatable {
    /// The files' names, sorted, and the tensors that each is to have.
    let shards: [Shard]

    struct Shard: Equatable {
        var file: String
        var names: Set<String>
    }

    /// Bytes of an index that lists the tensors of any network there is.
    private static let sizeLimit = 64 << 20
    /// More files than the largest networks have.
    private static let fileLimit = 1000

    /// Whether a file begins as an index does: a JSON object that has a weight map.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= sizeLimit,
            let first = bytes.first(where: { !JSONScanner.isSpace($0) }),
            first == UInt8(ascii: "{")
        else { return false }
        return bytes.firstRange(of: "\"weight_map\"".utf8) != nil
    }

    /// Reads an index.
    ///
    /// - Throws: `WeightsProblem` for what is no index, for a tensor that is listed twice, and for a
    ///   file that does not lie beside the index.
    init(json: UnsafeRawBufferPointer) throws(WeightsProblem) {
        guard json.count <= Self.sizeLimit else {
            throw WeightsProblem(
                message: "\(json.count) bytes long, over the limit of \(Self.sizeLimit) of an index"
            )
        }
        guard SystemMemory.canAllocate(10 * json.count) else {
            throw WeightsProblem(
                message: "no memory for an index of \(json.count) bytes",
                code: ENOMEM)
        }
        var scanner = JSONScanner(bytes: json, of: "index")
        var files: [String: Set<String>]?
        try scanner.object("the index") { (scanner, key) throws(WeightsProblem) in
            guard key == "weight_map" else {
                try scanner.skipValue(key.quoted)
                return
            }
            guard files == nil else { throw WeightsProblem(message: "'weight_map' appears twice") }
            files = try Self.files(&scanner)
        }
        try scanner.end()
        guard let files, !files.isEmpty else {
            throw WeightsProblem(message: "an index that names no tensor")
        }
        guard files.count <= Self.fileLimit else {
            throw WeightsProblem(
                message: "an index of \(files.count) files; at most \(Self.fileLimit) are read")
        }
        shards = files.sorted { $0.key < $1.key }.map { Shard(file: $0.key, names: $0.value) }
    }

    private static func files(
        _ scanner: inout JSONScanner
    ) throws(WeightsProblem) -> [String: Set<String>] {
        var files: [String: Set<String>] = [:]
        var seen: Set<String> = []
        try scanner.object("weight_map") { (scanner, name) throws(WeightsProblem) in
            let file = try scanner.string("the file of \(name.quoted)")
            guard seen.insert(name).inserted else {
                throw WeightsProblem(message: "the index lists \(name.quoted) twice")
            }
            guard isName(file) else {
                throw WeightsProblem(
                    message:
                        "the index has \(name.quoted) in \(file.quoted), which is no file beside "
                        + "it")
            }
            files[file, default: []].insert(name)
        }
        return files
    }

    /// Whether a text is a name, and no path: nothing outside the folder is opened.
    ///
    /// By bytes, as the system reads it: a slash before a combining mark is another character.
    static func isName(_ file: String) -> Bool {
        !file.isEmpty && !file.utf8.contains(UInt8(ascii: "/")) && !file.utf8.contains(0)
            && file != "." && file != ".."
    }

    /// The path of the index and those of the files that it names.
    func files(of index: String) -> [String] {
        [index] + shards.map { Self.path(of: $0.file, beside: index) }
    }

    static func path(of file: String, beside index: String) -> String {
        guard let slash = index.utf8.lastIndex(of: UInt8(ascii: "/")) else { return file }
        return "\(index[...slash])\(file)"
    }
}

import Base
import Models
import Torch

/// What is printed of weights.
struct WeightsReport: Encodable {
    struct Row: Encodable {
        let name: String
        let dtype: String
        let shape: [Int]
    }

    struct Looks: Encodable {
        let network: String
        let layout: [String]
        let classes: Int?
    }

    struct Directory: Encodable {
        let name: String
        let kind: String
        let network: String
        let size: Int
        let resize: Int
        let interpolation: String
        let mean: [Double]
        let std: [Double]
        let classes: Int?
        let notices: [String]
    }

    let path: String
    let format: String
    let files: [String]
    let bytes: Int
    let parameters: Int
    let tensors: [Row]
    let metadata: [String: String]
    let notes: [String]
    let looksLike: Looks?
    let directory: Directory?
    private let title: String
    private let likeness: String?

    enum CodingKeys: String, CodingKey {
        case path, format, files, bytes, parameters, tensors, metadata, notes, directory
        case looksLike = "looks_like"
    }

    /// - Parameter notes: further ones, behind the archive's own.
    init(
        of archive: any WeightsArchive, _ directory: HuggingFaceDirectory?, notes: [String] = []
    ) {
        path = archive.path
        format = archive.format.rawValue
        title = archive.format.title
        files = archive.files
        bytes = archive.files.reduce(0) { $0 + (RegularFile.bytes(at: $1) ?? 0) }
        tensors = archive.names.compactMap { name in
            archive.info(name).map { Row(name: name, dtype: $0.dtype.rawValue, shape: $0.shape) }
        }
        // Each shape was held against its file, but many tensors may be views of one storage.
        parameters = tensors.reduce(0) { sum, row in
            let (next, isOver) = sum.addingReportingOverflow(row.shape.reduce(1, *))
            return isOver ? .max : next
        }
        metadata = archive.metadata
        self.notes = archive.notes + notes
        let found = WeightsLikeness(of: archive)
        likeness = found?.description
        looksLike = found.map {
            Looks(
                network: $0.network, layout: $0.layout?.origins.map(\.rawValue) ?? [],
                classes: $0.classes)
        }
        self.directory = directory.map {
            Directory(
                name: $0.name, kind: $0.architecture.kind,
                network: PublishedNetwork.name(of: $0.architecture)
                    ?? $0.architecture.fingerprintLine,
                size: $0.preprocessing.size, resize: $0.preprocessing.resize,
                interpolation: $0.preprocessing.interpolation.rawValue,
                mean: $0.preprocessing.mean, std: $0.preprocessing.std, classes: $0.classes,
                notices: $0.notices)
        }
    }

    // MARK: Text

    /// Lines of tensors that are printed.
    private static let longest = 60
    /// Columns of a value of the metadata.
    private static let columns = 60

    var text: String {
        var lines = ["\(path): \(title), \(bytes.byteText)"]
        if files.count > 1 { lines.append("  files       \(files.count - 1) and their index") }
        lines.append(
            "  tensors     \(tensors.count.grouped) of \(parameters.grouped) numbers, \(types)")
        let classes = looksLike?.classes.map { ", \($0.grouped) classes" } ?? ""
        lines.append("  looks like  \(likeness.map { $0 + classes } ?? "nothing that is known")")
        if let directory {
            lines.append(
                "  directory   \(directory.network), images of \(directory.size) out of "
                    + "\(directory.resize) pixels, \(directory.interpolation)"
                    + (directory.classes.map { ", \($0.grouped) classes" } ?? ""))
        }
        lines += (notes + (directory?.notices ?? [])).map { "  note        \($0)" }
        lines += metadata.sorted { $0.key < $1.key }.map {
            "  metadata    \($0.key.clipped): \($0.value.fitted(to: Self.columns))"
        }
        return (lines + groupLines).joined(separator: "\n")
    }

    /// `float32 161, int64 53`, the most frequent first.
    private var types: String {
        Dictionary(grouping: tensors, by: \.dtype).map { ($0.key, $0.value.count) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
            .map { "\($0.0) \($0.1.grouped)" }.joined(separator: ", ")
    }

    /// Tensors whose names differ in numbers only, in the order of the first of each.
    private var groupLines: [String] {
        var order: [String] = []
        var groups: [String: [Row]] = [:]
        for row in tensors {
            let pattern = Self.pattern(row.name)
            if groups[pattern] == nil { order.append(pattern) }
            groups[pattern, default: []].append(row)
        }
        let shown = order.prefix(Self.longest)
        let width = shown.map { $0.clipped.columns }.max() ?? 0
        var lines = shown.map { pattern in
            let rows = groups[pattern] ?? []
            let shapes = Set(rows.map(\.shape))
            let shape = shapes.count == 1 ? "\(rows[0].shape)" : "\(shapes.count) shapes"
            let types = Set(rows.map(\.dtype)).sorted().joined(separator: "/")
            return "  \(pattern.clipped.padded(to: width))  \("\(rows.count)".flushRight(to: 4)) x "
                + "\(types) \(shape)"
        }
        if order.count > shown.count {
            lines.append("  and \(order.count - shown.count) more kinds of names")
        }
        return lines
    }

    /// A name with `#` for each of its numbers.
    private static func pattern(_ name: String) -> String {
        name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            part.allSatisfy { $0.isASCII && $0.isNumber } && !part.isEmpty ? "#" : String(part)
        }.joined(separator: ".")
    }
}

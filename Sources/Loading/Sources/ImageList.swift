import Base
import Foundation

/// A text file with a path, a separator and a label on each line, in the order of the lines.
///
/// The separator is the line's last tab, else its last space; in a `.csv` its last comma, and fields
/// may be quoted. Relative paths start at the list's folder. Labels are all whole numbers from 0, or
/// all names. Blank lines, and lines that start with `#`, mean nothing.
struct ImageList: ImageSource {
    private let path: String

    /// - Throws: `DatasetError` for files that are plainly no list, before their bytes are taken for
    ///   one.
    init?(at place: DatasetPlace) throws(DatasetError) {
        guard case .file = place.kind else { return nil }
        path = place.path
        if FileEndings.compressed.contains(place.ending) {
            throw DatasetError(
                "\(path): compressed archives cannot be read at random; unpack it to a plain .tar")
        }
        if FileEndings.images.contains(place.ending)
            || FileEndings.otherImages.contains(place.ending)
        {
            throw DatasetError(
                "\(path): is one image; expected a folder, a list of images or a .tar shard")
        }
    }

    func contents(expectedClasses: Int?) throws(DatasetError) -> ImageDataset.Contents {
        let folder = Folders.parent(of: path)
        guard let bytes = try Descriptor.contents(of: path) else {
            throw DatasetError("\(path): went away")
        }
        let store = try FileStore(root: folder)
        let isCSV = Directory.ending(of: path) == "csv"
        var lines: [(path: String, bytes: Int, line: Int)] = []
        var labels = LabelColumn()
        var reader = try LineReader(bytes, path: path)
        while let line = try reader.next() {
            try DatasetError.refuseInterruption(reading: path)
            guard !line.allSatisfy(\.isWhitespace), line.first != "#" else { continue }
            let row = try ListRow(line, isCSV: isCSV, in: reader)
            let status = try store.status(of: row, isFirst: lines.isEmpty, in: reader)
            do throws(LabelColumn.Fault) {
                try labels.append(row.label, line: reader.line)
            } catch {
                throw reader.error(error.message)
            }
            lines.append((row.path, Int(status.st_size), reader.line))
        }
        guard !lines.isEmpty else {
            throw DatasetError("\(path): lists no image; expected 'path label' on each line")
        }
        let (classes, numbers) = try labels.resolved(
            names: ClassNames(in: folder), expectedClasses: expectedClasses, path: path
        ) { "\(path):\(lines[$0].line)" }
        let samples = zip(lines, numbers).map {
            ImageDataset.Sample(path: $0.path, label: $1, bytes: $0.bytes)
        }
        return ImageDataset.Contents(classes: classes, samples: samples, store: store)
    }
}

/// A line of a list, taken apart.
private struct ListRow {
    let path: String
    let label: Substring
    /// The fields of a CSV's line; one path may be several, where its commas are not quoted.
    private(set) var fields: [Substring] = []

    /// - Throws: `DatasetError` with the line, for one that is no path and label.
    init(_ line: Substring, isCSV: Bool, in reader: LineReader) throws(DatasetError) {
        let expected = "expected 'path\(isCSV ? "," : " ")label', found '\(line.prefix(80))'"
        if isCSV {
            do throws(CSVFault) { fields = try Self.fields(of: line) } catch {
                throw reader.error(error.message)
            }
            guard let last = fields.popLast()?.trimmed, !fields.isEmpty else {
                throw reader.error(expected)
            }
            // A comma in a path that is not quoted parts nothing: the label has none.
            (path, label) = (fields.joined(separator: ","), last)
        } else {
            // Trailing blanks would otherwise end in an empty label.
            let end = line.lastIndex { !$0.isWhitespace } ?? line.startIndex
            let separator =
                line[...end].lastIndex(of: "\t") ?? line[...end].lastIndex(where: \.isWhitespace)
            guard let separator else { throw reader.error(expected) }
            path = String(line[..<separator].trimmed)
            label = line[line.index(after: separator)...].trimmed
        }
        guard !path.isEmpty, !label.isEmpty else { throw reader.error(expected) }
    }

    /// Whether it names columns: its path is a word without folder or ending.
    var looksLikeHeader: Bool {
        !path.contains("/") && !path.contains(".") && LabelColumn.number(label.utf8) == nil
    }

    private struct CSVFault: Error { let message: String }

    /// The fields of a line. A field in quotes may hold commas, blanks at its ends, and quotes that
    /// are doubled; any other is trimmed.
    ///
    /// Source: RFC 4180, section 2; a line break within quotes is refused, for no path needs it.
    private static func fields(of line: Substring) throws(CSVFault) -> [Substring] {
        var fields: [Substring] = []
        var rest = line[...]
        while true {
            let start = rest.drop(while: \.isWhitespace)
            guard start.first == "\"" else {
                let end = rest.firstIndex(of: ",") ?? rest.endIndex
                fields.append(rest[..<end].trimmed)
                guard end < rest.endIndex else { return fields }
                rest = rest[rest.index(after: end)...]
                continue
            }
            var text = ""
            rest = start.dropFirst()
            while true {
                guard let quote = rest.firstIndex(of: "\"") else {
                    throw CSVFault(message: "a quoted field has no end on its line")
                }
                text += rest[..<quote]
                rest = rest[rest.index(after: quote)...]
                guard rest.first == "\"" else { break }
                text.append("\"")
                rest = rest.dropFirst()
            }
            fields.append(text[...])
            rest = rest.drop(while: \.isWhitespace)
            guard let next = rest.first else { return fields }
            guard next == "," else {
                throw CSVFault(
                    message: "text after the end of a quoted field: '\(rest.prefix(40))'")
            }
            rest = rest.dropFirst()
        }
    }
}

extension FileStore {
    /// What the system says of the file that a line names.
    ///
    /// - Parameter isFirst: whether nothing but comments came before the line.
    /// - Throws: `DatasetError` with the line.
    fileprivate func status(
        of row: ListRow, isFirst: Bool, in reader: LineReader
    ) throws(DatasetError) -> stat {
        guard let status = status(row.path) else {
            let code = errno
            if code == ENOENT, isFirst, row.looksLikeHeader {
                throw reader.error("looks like a header: remove it")
            }
            if code == ENOENT, row.fields.count > 1, self.status(String(row.fields[0])) != nil {
                throw reader.error(
                    "\(row.fields.count + 1) fields, expected path and label; put a path with "
                        + "commas in quotes")
            }
            throw reader.error(
                "\(row.path): cannot be read: \(errnoText(code))",
                cause: code == ENOENT ? .contents : .system(code))
        }
        guard FileKind(status) == .file else {
            throw reader.error("\(row.path): is not a regular file")
        }
        return status
    }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmed: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}

/// Goes through the lines of a text file and knows their numbers.
struct LineReader {
    private let bytes: [UInt8]
    private let path: String
    private var position = 0
    /// The number of the line read last, from 1.
    private(set) var line = 0

    /// Starts before the first line.
    ///
    /// - Throws: `DatasetError` for a text of two bytes a character, as Windows shells write it.
    init(_ bytes: [UInt8], path: String) throws(DatasetError) {
        self.bytes = bytes
        self.path = path
        position = TextMark.length(bytes)
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw DatasetError("\(path): is UTF-16 text; save it as UTF-8")
        }
    }

    /// The next line without its end (LF or CR LF); nil after the last.
    ///
    /// - Throws: `DatasetError` for a line that is no text.
    mutating func next() throws(DatasetError) -> Substring? {
        guard position < bytes.count else { return nil }
        line += 1
        var end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let start = position
        position = end + 1
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
            throw error("is not UTF-8 text")
        }
        guard !bytes[start..<end].contains(0) else {
            throw error("holds a NUL byte, as no text does; save it as UTF-8 text")
        }
        return text[...]
    }

    func error(_ message: String, cause: DatasetError.Cause = .contents) -> DatasetError {
        DatasetError("\(path):\(line): \(message)", cause: cause)
    }
}

/// The byte order mark with which Windows editors begin a text.
enum TextMark {
    private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The most bytes that a mark takes.
    static var longest: Int { bytes.count }

    /// The bytes that a text's mark takes; 0 where it has none.
    static func length(_ text: some Sequence<UInt8>) -> Int {
        text.starts(with: bytes) ? bytes.count : 0
    }
}

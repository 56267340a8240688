/// The file `classes.txt`: one class name on each line; a line's number, from 0, is its label.
struct ClassNames {
    static let file = "classes.txt"

    /// The file's path.
    let path: String
    /// The names in the order of their labels.
    let names: [String]

    /// Reads the file in a folder; nil if there is none.
    ///
    /// - Throws: `DatasetError` with file and line for an empty line or a name that comes twice.
    init?(in folder: String) throws(DatasetError) {
        path = "\(folder)/\(Self.file)"
        guard let bytes = try Descriptor.contents(of: path, limit: 1 << 28) else { return nil }
        var names: [String] = []
        var lines: [String: Int] = [:]
        var reader = try LineReader(bytes, path: path)
        while let line = try reader.next() {
            guard !line.allSatisfy(\.isWhitespace) else {
                throw reader.error("an empty line; the line's number is the label, so fill it")
            }
            let name = String(line)
            if let first = lines[name] {
                throw reader.error("'\(name)' is in line \(first) already; remove one")
            }
            lines[name] = reader.line
            names.append(name)
        }
        guard !names.isEmpty else {
            throw DatasetError("\(path): names no class; write one name on each line")
        }
        self.names = names
    }

    /// The text of a file with these names.
    ///
    /// - Throws: `DatasetError` for a name that would not be read back as it is.
    static func text(_ names: [String]) throws(DatasetError) -> [UInt8] {
        var text: [UInt8] = []
        for name in names {
            guard !name.allSatisfy(\.isWhitespace),
                !name.utf8.contains(where: { $0 == 10 || $0 == 13 })
            else {
                throw DatasetError(
                    "class '\(name.split(whereSeparator: \.isNewline).joined(separator: " "))': a "
                        + "blank name or a line break in it cannot be written to \(file); rename "
                        + "the class")
            }
            text += name.utf8
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// Checks the names of class folders against the file.
    ///
    /// - Returns: the folders in the order of the file. A folder whose name is spelt with other
    ///   code points for the same characters keeps its own spelling.
    func ordering(_ folders: [Directory.Entry], of root: String) throws(DatasetError)
        -> [Directory.Entry]
    {
        var left: [String: Directory.Entry] = [:]
        for folder in folders { left[folder.name] = folder }
        var ordered: [Directory.Entry] = []
        for (index, name) in names.enumerated() {
            guard let folder = left.removeValue(forKey: name) else {
                throw DatasetError(
                    "\(path):\(index + 1): no class folder '\(name)' in \(root); mend the name or "
                        + "add the folder")
            }
            ordered.append(folder)
        }
        if let folder = folders.first(where: { left[$0.name] != nil }) {
            throw DatasetError(
                "\(path): class folder '\(folder.name)' is not listed; add a line for it or remove "
                    + "the folder")
        }
        return ordered
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

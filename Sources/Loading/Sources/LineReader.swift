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

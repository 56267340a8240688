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

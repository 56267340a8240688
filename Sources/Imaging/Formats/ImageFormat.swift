/// The file formats that can be read, told apart by their first bytes.
package enum ImageFormat: String, Sendable {
    /// JPEG: baseline, progressive or arithmetic-coded, 8 bits, grey, RGB, YCbCr, CMYK or YCCK.
    case jpeg
    /// PNG of every colour type and depth.
    case png

    /// Recognises a file by its content, never by its name; nil if it is neither.
    package init?(sniffing bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else {
            return nil
        }
    }

    var name: String { rawValue.uppercased() }

    /// Whether the last bytes of a file hold the mark that ends the format.
    ///
    /// Other bytes may follow the mark, and may look like it: what is told is no proof.
    package func ends(in tail: UnsafeRawBufferPointer) -> Bool {
        let mark: [UInt8] = self == .jpeg ? [0xFF, 0xD9] : Array("IEND".utf8)
        guard tail.count >= mark.count else { return false }
        return (0...tail.count - mark.count).contains {
            tail[$0] == mark[0] && tail[$0..<$0 + mark.count].elementsEqual(mark)
        }
    }
}

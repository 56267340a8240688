/// A file in an image's place that is neither JPEG nor PNG, as far as its first bytes tell.
///
/// Source of the signatures: the formats' specifications, gathered in the `file` program's magic.
struct ForeignFormat: Equatable, CustomStringConvertible {
    /// What it is: `WebP`, `a Git LFS pointer`.
    let kind: String
    /// What to do about it.
    let remedy: String

    /// `is WebP: convert it to JPEG or PNG`.
    var description: String { "is \(kind): \(remedy)" }

    private init(_ kind: String, _ remedy: String) {
        self.kind = kind
        self.remedy = remedy
    }

    /// Recognises a file by its content; nil if it is nothing that is known here.
    init?(sniffing bytes: UnsafeRawBufferPointer) {
        func has(_ signature: [UInt8], at offset: Int) -> Bool {
            bytes.count >= offset + signature.count
                && bytes[offset..<offset + signature.count].elementsEqual(signature)
        }
        let text = Self.beginning(of: bytes)
        let isSVG = text.contains("<svg") && !text.contains("<html")
        if let kind = Self.picture(bytes, has) ?? (isSVG ? "SVG" : nil) {
            self.init(kind, "convert it to JPEG or PNG")
        } else if let kind = Self.archive(has) {
            self.init(kind, "unpack it")
        } else if text.hasPrefix("version https://git-lfs.github.com/spec/") {
            self.init("a Git LFS pointer", "fetch the file itself by git lfs pull")
        } else if let kind = Self.page(text) {
            self.init(kind, "a download went wrong; fetch the file again")
        } else if bytes.count >= 16, bytes.prefix(512).allSatisfy({ $0 == 0 }) {
            self.init("nothing but zeros", "it was not written whole; fetch it again")
        } else {
            return nil
        }
    }

    private static func picture(
        _ bytes: UnsafeRawBufferPointer, _ has: ([UInt8], Int) -> Bool
    ) -> String? {
        func text(_ text: String, at offset: Int = 0) -> Bool { has(Array(text.utf8), offset) }
        if text("RIFF"), text("WEBP", at: 8) { return "WebP" }
        if text("GIF87a") || text("GIF89a") { return "GIF" }
        // Two letters alone are no signature: the two reserved words must be 0, too.
        if text("BM"), has([0, 0, 0, 0], 6) { return "BMP" }
        if has([0x49, 0x49, 0x2A, 0], 0) || has([0x4D, 0x4D, 0, 0x2A], 0)
            || has([0x49, 0x49, 0x2B, 0], 0) || has([0x4D, 0x4D, 0, 0x2B], 0)
        {
            return "TIFF"
        }
        if text("ftyp", at: 4), bytes.count >= 12 {
            switch String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self) {
            case "avif", "avis": return "AVIF"
            case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1": return "HEIF"
            case "crx ": return "a Canon raw file"
            default: return "a film (MP4 or QuickTime)"
            }
        }
        let box: [UInt8] = [0, 0, 0, 12]
        if has([0xFF, 0x0A], 0) || has(box + Array("JXL ".utf8), 0) { return "JPEG XL" }
        if has(box + Array("jP  ".utf8), 0) || has([0xFF, 0x4F, 0xFF, 0x51], 0) {
            return "JPEG 2000"
        }
        if text("%PDF-") { return "PDF" }
        if text("8BPS") { return "a Photoshop file" }
        if has([0, 0, 1, 0], 0), bytes.count >= 6, bytes[4] > 0 { return "an icon (ICO)" }
        if has([0x76, 0x2F, 0x31, 0x01], 0) { return "OpenEXR" }
        if text("DDS ") { return "DDS" }
        if text("P"), bytes.count >= 3, (0x31...0x36).contains(bytes[1]),
            [0x0A, 0x0D, 0x20].contains(bytes[2])
        {
            return "PNM"
        }
        return nil
    }

    private static func archive(_ has: ([UInt8], Int) -> Bool) -> String? {
        if has([0x1F, 0x8B], 0) { return "a gzip file" }
        if has([0x50, 0x4B, 3, 4], 0) { return "a zip file" }
        if has([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], 0) { return "an xz file" }
        if has([0x28, 0xB5, 0x2F, 0xFD], 0) { return "a Zstandard file" }
        if has(Array("BZh".utf8), 0) { return "a bzip2 file" }
        if has([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0) { return "a 7z file" }
        if has(Array("Rar!".utf8), 0) { return "a rar file" }
        if has(Array("ustar".utf8), 257) { return "a tar file" }
        return nil
    }

    /// What a server sends in place of a file that it does not give.
    private static func page(_ text: String) -> String? {
        if text.hasPrefix("<!doctype html") || text.contains("<html") || text.contains("<head") {
            return "an HTML page"
        }
        return text.hasPrefix("<?xml") || text.contains("<error") ? "an XML page" : nil
    }

    /// The first words of a file that begins as markup or as a pointer of Git LFS does, in lower
    /// case; empty for any other.
    private static func beginning(of bytes: UnsafeRawBufferPointer) -> String {
        let head = bytes.prefix(1024).drop {
            [0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0)
        }
        guard let first = head.first, first == UInt8(ascii: "<") || first == UInt8(ascii: "v")
        else { return "" }
        return String(decoding: head, as: UTF8.self).lowercased()
    }
}

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

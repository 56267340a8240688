import Foundation
import Testing

@testable import Imaging

@Suite("Files that are no picture") struct ForeignFormatTests {
    /// Beginnings of files and what they are said to be.
    static let kinds: [(name: String, bytes: [UInt8], text: String)] = [
        (
            "WebP", text("RIFF") + [9, 9, 9, 9] + text("WEBPVP8 "),
            "is WebP: convert it to JPEG or PNG"
        ),
        ("GIF", text("GIF89a") + [1], "is GIF: convert it to JPEG or PNG"),
        (
            "BMP", text("BM") + [9, 9, 9, 9, 0, 0, 0, 0, 54, 0],
            "is BMP: convert it to JPEG or PNG"
        ),
        ("TIFF", [0x49, 0x49, 0x2A, 0, 8], "is TIFF: convert it to JPEG or PNG"),
        ("TIFF", [0x4D, 0x4D, 0, 0x2A, 0], "is TIFF: convert it to JPEG or PNG"),
        ("BigTIFF", [0x4D, 0x4D, 0, 0x2B, 0], "is TIFF: convert it to JPEG or PNG"),
        ("HEIF", [0, 0, 0, 24] + text("ftypheic"), "is HEIF: convert it to JPEG or PNG"),
        ("AVIF", [0, 0, 0, 32] + text("ftypavif"), "is AVIF: convert it to JPEG or PNG"),
        (
            "MP4", [0, 0, 0, 32] + text("ftypisom"),
            "is a film (MP4 or QuickTime): convert it to JPEG or PNG"
        ),
        ("JPEG XL", [0xFF, 0x0A, 1], "is JPEG XL: convert it to JPEG or PNG"),
        (
            "JPEG XL box", [0, 0, 0, 12] + text("JXL \r\n"),
            "is JPEG XL: convert it to JPEG or PNG"
        ),
        (
            "JPEG 2000", [0, 0, 0, 12] + text("jP  \r\n"),
            "is JPEG 2000: convert it to JPEG or PNG"
        ),
        ("PDF", text("%PDF-1.7"), "is PDF: convert it to JPEG or PNG"),
        ("PNM", text("P6\n2 2\n255\n"), "is PNM: convert it to JPEG or PNG"),
        (
            "SVG", text("<?xml version='1.0'?>\n<svg xmlns="),
            "is SVG: convert it to JPEG or PNG"
        ),
        (
            "HTML", text("\n <!DOCTYPE html><html><body><svg/>404"),
            "is an HTML page: a download went wrong; fetch the file again"
        ),
        (
            "XML", text("<?xml version='1.0'?><Error><Code>AccessDenied"),
            "is an XML page: a download went wrong; fetch the file again"
        ),
        (
            "LFS", text("version https://git-lfs.github.com/spec/v1\noid sha256:00"),
            "is a Git LFS pointer: fetch the file itself by git lfs pull"
        ),
        ("gzip", [0x1F, 0x8B, 8, 0], "is a gzip file: unpack it"),
        ("zip", text("PK") + [3, 4, 20], "is a zip file: unpack it"),
        ("tar", zeros(257) + text("ustar") + zeros(250), "is a tar file: unpack it"),
        (
            "zeros", zeros(700),
            "is nothing but zeros: it was not written whole; fetch it again"
        ),
    ]

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    @Test("each is named, with what to do", arguments: kinds)
    func named(name: String, bytes: [UInt8], text: String) {
        #expect(throws: ImageError(text, cause: .foreign)) { try decode(bytes) }
    }

    @Test("no beginning of one, and no text, is taken for another") func cut() {
        // Those whose kind is decided by what comes last may be told as something wider before.
        let late: Set = ["zeros", "HTML", "SVG", "XML", "tar"]
        for kind in Self.kinds where !late.contains(kind.name) {
            for count in 0..<kind.bytes.count {
                let found = kind.bytes[..<count].withUnsafeBytes { ForeignFormat(sniffing: $0) }
                #expect(
                    found == nil || found?.description == kind.text,
                    "\(kind.name), \(count) bytes: \(found?.description ?? "")")
            }
        }
        for text in ["hello", "BM is no picture", "Patience", "value", "[1, 2]", "II*"] {
            #expect(Array(text.utf8).withUnsafeBytes { ForeignFormat(sniffing: $0) } == nil)
        }
    }

    @Test("a picture has its end mark, one that is cut has not") func ends() throws {
        for (file, format) in [("h2v2.jpg", ImageFormat.jpeg), ("photo.png", .png)] {
            let bytes = try Fixtures.bytes(file)
            #expect(bytes.withUnsafeBytes { format.ends(in: $0) })
            #expect(try bytes.withUnsafeBytes { try ImageDecoder.check($0) } == format)
            for cut in [12, 100, bytes.count - 1] {
                #expect(!bytes.dropLast(cut).withUnsafeBytes { format.ends(in: $0) })
            }
        }
    }

    @Test("want of memory is no fault of the picture") func memory() throws {
        let buffer = PixelBuffer()
        #expect(throws: ImageError.noMemory(Int.max / 2)) { try buffer.reserve(Int.max / 2) }
        #expect(ImageError.noMemory(9).cause == .memory)
        // And it goes on with what there is.
        try buffer.reserve(5).update(repeating: 7, count: 5)
    }
}

/// A path, or a name in one, as the file system has it: bytes that need not be text.
struct FileName: Sendable {
    /// Without a NUL at the end.
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// For people: what is no UTF-8 becomes U+FFFD.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes + [0]).withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { preconditionFailure("a NUL") }
                return body(start)
            }
        }
    }
}

/// Endings of files' names, in lower case, by what they promise; what a file is its content says.
enum FileEndings {
    /// Images.
    static let images: Set<String> = ["jpg", "jpeg", "png"]

    /// Images that cannot be read, in the order in which they are told.
    static let otherImages = [
        "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif", "jxl", "jp2", "j2k", "jfif",
        "jpe", "svg", "ppm", "pgm", "pbm", "pnm", "tga", "ico", "exr", "hdr", "dds", "psd", "dng",
        "cr2", "cr3", "nef", "arw", "raw",
    ]

    /// Archives that cannot be read at random.
    static let compressed: Set<String> = ["gz", "tgz", "bz2", "xz", "zst", "zip"]
}

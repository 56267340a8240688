import Base
import Crypto
import Foundation

/// Labelled images: class folders, a list of files, or tar shards.
///
/// What a path holds is recognised:
/// - a folder of class folders, `<class>/**/<image>`, as torchvision's `ImageFolder` reads them:
///   labels number the class folders in the order of their names' code points, samples follow the
///   order of labels and then of paths;
/// - a text file with a path and a label on each line, in the order of the lines;
/// - a folder with `*.tar` files, or one such file: shards in WebDataset's convention, in the order
///   of their names and of their members.
///
/// A file `classes.txt` in the folder (beside a list) names the classes, a line to each label, in
/// place of the sorted order. An index means the same image on every machine.
package struct ImageDataset: Sendable {
    /// One image of the data set.
    package struct Sample: Sendable, Equatable {
        /// The path below the data set's root, as listed, or within the shard.
        package let path: String
        /// The index of its class, `0..<classes.count`.
        package let label: Int
        /// The file's size.
        package let bytes: Int
    }

    /// The path given.
    package let path: String
    /// The classes' names; a label is an index here.
    package let classes: [String]
    /// Every image, in order.
    package let samples: [Sample]
    /// SHA-256 over every sample's path, size and label: the identity of the data set, in hex.
    ///
    /// Shards packed from a source without a change of its bytes have the digest of their source.
    package let digest: String
    /// SHA-256 over the images' contents, in hex, where it is known: for what `understudy pack`
    /// made.
    package let contentDigest: String?
    /// What was found beside the images and is not used, a line to each kind; for the user to see.
    package let notices: [String]

    let store: any ImageStore

    /// File name endings that count as images; the format itself is read from the content.
    package static let extensions: Set<String> = ["jpg", "jpeg", "png"]

    /// File name endings of images that cannot be read, in the order in which they are told.
    static let otherExtensions = [
        "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif", "jxl", "jp2", "j2k", "jfif",
        "jpe", "svg", "ppm", "pgm", "pbm", "pnm", "tga", "ico", "exr", "hdr", "dds", "psd", "dng",
        "cr2", "cr3", "nef", "arw", "raw",
    ]

    /// File name endings of archives that cannot be read at random.
    static let compressedExtensions: Set<String> = ["gz", "tgz", "bz2", "xz", "zst", "zip"]

    /// What a source turned out to hold.
    struct Contents {
        var classes: [String]
        var samples: [Sample]
        var store: any ImageStore
        var contentDigest: String?
        var notices: [String] = []
    }

    /// Lists a data set's images without opening them.
    ///
    /// Shards are walked once; an index of them is left beside them, or in the user's cache.
    ///
    /// - Parameters:
    ///   - path: a folder of class folders or of shards, a list, or one shard.
    ///   - expectedClasses: the number of classes demanded, if any.
    /// - Throws: `DatasetError` for what is missing, unreadable, damaged or ambiguous, for classes
    ///   without images, or a different number of classes; `Interrupted` after a signal.
    package init(_ path: String, expectedClasses: Int? = nil) throws {
        let contents = try stoppable { () throws(DatasetError) in
            try Self.read(path, expectedClasses: expectedClasses)
        }
        self.path = path
        classes = contents.classes
        samples = contents.samples
        store = contents.store
        contentDigest = contents.contentDigest
        notices = contents.notices.map(\.printable)
        digest = Self.digest(of: samples)
    }

    private static func read(
        _ path: String, expectedClasses: Int?
    ) throws(DatasetError) -> Contents {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            let isMissing = code == ENOENT || code == ENOTDIR
            throw .system(path, isMissing ? "no such data set" : "cannot be read", code)
        }
        switch FileKind(status) {
        case .file:
            try refuseOtherFiles(path)
            if Directory.ending(of: path) == "tar" {
                return try shards(
                    [Directory.name(of: path)], in: Folders.parent(of: path), single: true,
                    expectedClasses: expectedClasses)
            }
            return try list(path, expectedClasses: expectedClasses)
        case .folder:
            let entries = try Directory.entries(of: path)
            let shards = entries.filter { $0.kind == .file && $0.name.hasSuffix(".tar") }
            guard !shards.isEmpty else {
                return try folder(path, entries: entries, expectedClasses: expectedClasses)
            }
            if let folder = entries.first(where: \.isFolder) {
                throw DatasetError(
                    "\(path): holds both shards (\(shards[0].name)) and folders (\(folder.name)); "
                        + "move one kind away")
            }
            var contents = try Self.shards(
                shards.map(\.name), in: path, single: false, expectedClasses: expectedClasses)
            contents.notices = LeftOutFiles.besideShards(entries, in: path)
            return contents
        case .pipe, .socket, .device:
            throw DatasetError("\(path): neither a folder nor a regular file")
        }
    }

    /// Refuses files that are plainly no list, before their bytes are taken for one.
    private static func refuseOtherFiles(_ path: String) throws(DatasetError) {
        let ending = Directory.ending(of: path)
        if compressedExtensions.contains(ending) {
            throw DatasetError(
                "\(path): compressed archives cannot be read at random; unpack it to a plain .tar")
        }
        if extensions.contains(ending) || otherExtensions.contains(ending) {
            throw DatasetError(
                "\(path): is one image; expected a folder, a list of images or a .tar shard")
        }
    }

    /// SHA-256 over the line `path NUL bytes NUL label` of every sample.
    private static func digest(of samples: [Sample]) -> String {
        var hash = SHA256()
        var text: [UInt8] = []
        for sample in samples {
            text += sample.path.utf8
            text.append(0)
            text.append(decimal: sample.bytes)
            text.append(0)
            text.append(decimal: sample.label)
            text.append(UInt8(ascii: "\n"))
            if text.count >= 1 << 16 {
                hash.update(data: text)
                text.removeAll(keepingCapacity: true)
            }
        }
        hash.update(data: text)
        return hexadecimal(hash.finalize())
    }
}

/// Bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// SHA-256 of bytes, in hexadecimal.
func sha256(_ bytes: some Sequence<UInt8>) -> String {
    hexadecimal(SHA256.hash(data: Array(bytes)))
}

extension [UInt8] {
    /// Appends a number in decimal digits, without the String that an index of millions of lines
    /// would pay for each.
    mutating func append(decimal value: Int) {
        guard value >= 0 else {
            append(UInt8(ascii: "-"))
            return append(decimal: -value)
        }
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}

import Base
import Crypto
import Foundation

/// Parts of a data set as lists, which are a source of images themselves: nothing is copied.
extension ImageDataset {
    /// Whether its images are files, of which there can be a list.
    package var isOfFiles: Bool { store is FileStore }

    /// Parts images into those to train on and those to validate on.
    ///
    /// A hash of its path decides for each image, so that what is added later moves none of the
    /// others. Of a class with several images each side has at least one.
    ///
    /// - Parameters:
    ///   - images: those that count.
    ///   - share: of which this share is to validate on, about.
    package func parted(_ images: [Int], share: Double) -> (train: [Int], val: [Int]) {
        let places = Dictionary(uniqueKeysWithValues: images.map { ($0, place(of: $0)) })
        var isValidated: Set<Int> = []
        for members in Dictionary(grouping: images, by: { samples[$0].label }).values {
            let ordered = members.sorted {
                (places[$0] ?? 0, $0) < (places[$1] ?? 0, $1)
            }
            let wanted = ordered.count { places[$0] ?? 0 < share }
            let count = members.count < 2 ? 0 : min(max(wanted, 1), members.count - 1)
            isValidated.formUnion(ordered.prefix(count))
        }
        return (images.filter { !isValidated.contains($0) }, images.filter(isValidated.contains))
    }

    /// Where in 0..<1 the hash of an image's path lies.
    private func place(of image: Int) -> Double {
        let hash = SHA256.hash(data: Array(samples[image].path.utf8))
        let bits = hash.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Double(bits >> 11) / Double(1 << 53)
    }

    /// A list of some of the images, for a folder that need not be there yet.
    ///
    /// Labels are numbers: names may look like numbers, and `classes.txt` beside the list has them.
    ///
    /// - Throws: `DatasetError` for images that are no files, or a name that no line can hold.
    package func list(of images: [Int], for folder: String) throws(DatasetError) -> [UInt8] {
        guard let files = store as? FileStore else {
            throw DatasetError("\(path): its images lie in shards, of which there is no list")
        }
        let root = try Self.relativePath(to: files.root, from: folder)
        var text: [UInt8] = []
        for image in images {
            let sample = samples[image]
            guard !sample.path.contains(where: \.isNewline) else {
                throw DatasetError(
                    "\(location(of: image)): a line break in a name cannot be written to a list; "
                        + "rename it")
            }
            text += (sample.path.hasPrefix("/") ? sample.path : "\(root)/\(sample.path)").utf8
            text.append(UInt8(ascii: "\t"))
            text.append(decimal: sample.knownLabel)
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// The file `classes.txt` for a folder of lists.
    package func classNames() throws(DatasetError) -> [UInt8] { try ClassNames.text(classes) }

    /// The name of that file.
    package static var classNamesFile: String { ClassNames.file }

    /// The path of one folder as seen from another, links resolved.
    private static func relativePath(
        to folder: String, from other: String
    ) throws(DatasetError) -> String {
        let target = try resolved(folder).split(separator: "/")
        // The folder itself may be there only later.
        let start =
            try resolved(Folders.parent(of: other)).split(separator: "/")
            + [Substring(Directory.name(of: other))]
        let common = zip(target, start).prefix { $0 == $1 }.count
        let up = Array(repeating: "..", count: start.count - common)
        let path = (up + target.dropFirst(common).map(String.init)).joined(separator: "/")
        return path.isEmpty ? "." : path
    }

    private static func resolved(_ path: String) throws(DatasetError) -> String {
        guard let pointer = realpath(path, nil) else { throw .system(path, "cannot be found") }
        defer { free(pointer) }
        return String(cString: pointer)
    }
}

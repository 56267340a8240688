import Base
import Crypto
import Foundation

/// Labelled images: class folders, a list of files, or tar shards; what a path holds is recognised.
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

    /// What a source lists.
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
        let contents = try DatasetError.stoppable { () throws(DatasetError) in
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

    /// The kinds of sources, in the order in which they are asked whether a place is theirs.
    private static var sources: [any ImageSource.Type] {
        [TarShards.self, ImageList.self, ClassFolders.self]
    }

    private static func read(
        _ path: String, expectedClasses: Int?
    ) throws(DatasetError) -> Contents {
        let place = try DatasetPlace(path)
        for kind in sources {
            if let source = try kind.init(at: place) {
                return try source.contents(expectedClasses: expectedClasses)
            }
        }
        throw DatasetError("\(path): neither a folder nor a regular file")
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

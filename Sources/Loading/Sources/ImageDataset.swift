import Base
import Crypto
import Foundation
import Imaging
import Recipes

/// Labelled images: class folders, a list of files, or tar shards; what a path holds is recognized.
///
/// A file `classes.txt` in the folder (beside a list) names the classes, a line to each label, in
/// place of the sorted order. An index means the same image on every machine.
package struct ImageDataset: Sendable {
    /// One image of the data set.
    package struct Sample: Sendable, Equatable {
        /// The path below the data set's root, as listed, or within the shard.
        package let path: String
        /// The index of its class, `0..<classes.count`; nil for an image without a label.
        package let label: Int?
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
        self.init(path, contents)
    }

    private init(_ path: String, _ contents: Contents) {
        self.path = path
        classes = contents.classes
        samples = contents.samples
        store = contents.store
        contentDigest = contents.contentDigest
        notices = contents.notices.map(\.printable)
        digest = Self.digest(of: samples)
    }

    /// Lists a recipe's training images: those with labels, and after them those without.
    ///
    /// Without the latter it is the data set that `init(_:expectedClasses:)` lists. Of images
    /// without labels alone there are no classes.
    ///
    /// - Parameter checksClasses: whether those with labels are to have the recipe's number of classes.
    /// - Throws: as the other.
    package init(_ data: Recipe.Data, checksClasses: Bool = true) throws {
        let labeled = try data.train.map {
            try Self($0, expectedClasses: checksClasses ? data.classes : nil)
        }
        guard let unlabeled = data.unlabeled else {
            guard let labeled else { preconditionFailure("a recipe names images") }
            self = labeled
            return
        }
        let others = try DatasetError.stoppable { () throws(DatasetError) in
            try UnlabeledImages(unlabeled)
        }
        let store = labeled.map {
            JoinedStore($0.store, images: $0.samples.count, others.store) as any ImageStore
        }
        self.init(
            labeled?.path ?? unlabeled,
            Contents(
                classes: labeled?.classes ?? [],
                samples: (labeled?.samples ?? []) + others.samples,
                store: store ?? others.store,
                notices: (labeled?.notices ?? []) + others.notices))
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

    /// SHA-256 over the line `path NUL bytes NUL label` of every sample, without digits for the label
    /// of one that has none.
    private static func digest(of samples: [Sample]) -> String {
        var hash = SHA256()
        var text: [UInt8] = []
        for sample in samples {
            text += sample.path.utf8
            text.append(0)
            text.append(decimal: sample.bytes)
            text.append(0)
            if let label = sample.label { text.append(decimal: label) }
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

extension ImageDataset.Sample {
    /// The label of an image of a data set in which every image has one.
    package var knownLabel: Int {
        guard let label else { preconditionFailure("an image without a label") }
        return label
    }
}

extension ImageDataset {
    /// Reads one image's bytes and lends them to `body`.
    ///
    /// Allocates nothing once the buffer has grown to the size of the files.
    ///
    /// - Parameters:
    ///   - index: the image, `0..<samples.count`.
    ///   - buffer: the memory to read into; of the calling thread alone.
    ///   - body: uses the bytes, which are valid during the call only.
    /// - Throws: `DatasetError` with the image's place if it cannot be read, is not what was listed
    ///   or indexed, or `body` throws.
    package func reading<Result>(
        _ index: Int, into buffer: FileBuffer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        try reading(nil, of: index, into: buffer, body)
    }

    /// Reads a part of one image's bytes and lends them to `body`.
    func reading<Result>(
        _ part: Range<Int>?, of index: Int, into buffer: FileBuffer,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        let bytes = try store.read(index, samples[index], part, into: buffer)
        do {
            return try body(bytes)
        } catch {
            throw DatasetError(
                "\(location(of: index)): \(error)",
                cause: (error as? ImageError).map { .image($0.cause) } ?? .contents)
        }
    }

    /// Where an image lies: its path, or `shard.tar: member`.
    package func location(of index: Int) -> String {
        store.location(of: index, samples[index])
    }

    /// The name of a label's class, for people: `no label` without one.
    package func className(of label: Int?) -> String { label.map { classes[$0] } ?? "no label" }

    /// Decodes one image whole.
    ///
    /// - Throws: `DatasetError` naming its place.
    package func image(_ index: Int) throws(DatasetError) -> Image {
        try decoding(index) { try ImageDecoder.decode($0) }
    }

    /// The rectangle of one image, read from its header.
    ///
    /// - Throws: `DatasetError` naming its place.
    package func bounds(of index: Int) throws(DatasetError) -> PixelRect {
        try decoding(index) { bytes in
            let size = try ImageDecoder.size(of: bytes)
            return PixelRect(x: 0, y: 0, width: size.width, height: size.height)
        }
    }

    /// Reads one image's bytes into a buffer of this call and has `body` decode them.
    func decoding<Result>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws(DatasetError) -> Result {
        try reading(index, into: FileBuffer(), body)
    }
}

extension ImageDataset {
    /// Checks that every image of a validation set can be read, by its beginning and its end.
    ///
    /// A header that can be read and the format's end mark near the end of the file are taken for a
    /// whole image; one without the mark is decoded. So a training finds what would end its first
    /// validation before it begins: 50,000 images take some seconds.
    ///
    /// - Throws: `DatasetError` naming the first that cannot be decoded, and how many more there
    ///   are, or that cannot be read at all; `Interrupted` after a signal.
    package func checkValidationImages(workers: Int) throws {
        let faults = try DatasetError.stoppable { () throws(DatasetError) in
            try concurrentMap(samples.count, workers: workers) { index throws(DatasetError) in
                try DatasetError.refuseInterruption(reading: path)
                return try fault(of: index)
            }
        }.compactMap { $0 }
        guard let first = faults.first else { return }
        let others = faults.count - 1
        throw DatasetError(
            "\(first.description); every validation image counts, data.on_error is for training "
                + "images" + (others > 0 ? " (and \(others) more cannot be decoded)" : ""),
            cause: first.cause)
    }

    /// As much of a file as holds most headers.
    static let headBytes = 1 << 16

    /// The reason for which an image cannot be decoded; nil if there is none.
    func fault(of index: Int) throws(DatasetError) -> DatasetError? {
        let count = samples[index].bytes
        let buffer = FileBuffer()
        do {
            let head = 0..<min(count, Self.headBytes)
            let format = try reading(head, of: index, into: buffer) {
                try ImageDecoder.check($0)
            }
            let tail = max(0, count - 4096)..<count
            if try reading(tail, of: index, into: buffer, { format.ends(in: $0) }) { return nil }
        } catch {
            guard error.isUndecodable else { throw error }
        }
        // Most headers lie within the beginning, but a camera's preview may come before.
        do {
            _ = try image(index)
            return nil
        } catch {
            guard error.isUndecodable else { throw error }
            return error
        }
    }
}

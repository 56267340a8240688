import Base
import Foundation

/// Images without labels: a folder with all that is in it, or a list of paths, one a line.
///
/// Folders mean nothing here, so those of a labelled data set will do. Relative paths of a list start
/// at the list's folder; blank lines, and lines that start with `#`, mean nothing.
struct UnlabeledImages {
    let samples: [ImageDataset.Sample]
    let store: any ImageStore
    private(set) var notices: [String] = []

    /// Lists the images, in an order that is the same on every machine.
    ///
    /// - Throws: `DatasetError`.
    init(_ path: String) throws(DatasetError) {
        let place = try DatasetPlace(path)
        switch place.kind {
        case .folder:
            store = try FileStore(root: path)
            var walk = FolderWalk(root: path)
            try walk.collect(
                below: "", label: nil, within: [FileIdentity(path)].compactMap { $0 })
            samples = walk.samples
            notices = [walk.leftOut.notice(ofAll: path)].compactMap { $0 }
        case .file:
            (samples, store) = try Self.list(place)
        case .other:
            throw DatasetError("\(path): neither a folder nor a regular file")
        }
        guard !samples.isEmpty else {
            let endings = FileEndings.images.sorted().joined(separator: ", ")
            throw DatasetError("\(path): no images (\(endings))")
        }
    }

    private static func list(
        _ place: DatasetPlace
    ) throws(DatasetError) -> ([ImageDataset.Sample], FileStore) {
        let path = place.path
        let others = FileEndings.images.union(FileEndings.otherImages)
            .union(FileEndings.compressed).union(["tar"])
        guard !others.contains(place.ending) else {
            throw DatasetError(
                "\(path): images without labels come from a folder or a list of paths, not from a "
                    + ".\(place.ending) file")
        }
        guard let bytes = try Descriptor.contents(of: path) else {
            throw DatasetError("\(path): went away")
        }
        let store = try FileStore(root: Folders.parent(of: path))
        var samples: [ImageDataset.Sample] = []
        var reader = try LineReader(bytes, path: path)
        while let line = try reader.next() {
            try DatasetError.refuseInterruption(reading: path)
            guard !line.allSatisfy(\.isWhitespace), line.first != "#" else { continue }
            let name = String(line)
            guard let status = store.status(name) else {
                let code = errno
                throw reader.error(
                    "\(name): cannot be read: \(errnoText(code))",
                    cause: code == ENOENT ? .contents : .system(code))
            }
            guard FileKind(status) == .file else {
                throw reader.error("\(name): is not a regular file")
            }
            samples.append(.init(path: name, label: nil, bytes: Int(status.st_size)))
        }
        return (samples, store)
    }
}

/// The images of two stores, one after the other.
struct JoinedStore: ImageStore {
    private let first: any ImageStore
    private let second: any ImageStore
    private let images: Int

    /// - Parameter images: how many the first has.
    init(_ first: any ImageStore, images: Int, _ second: any ImageStore) {
        self.first = first
        self.images = images
        self.second = second
    }

    func read(
        _ index: Int, _ sample: ImageDataset.Sample, _ part: Range<Int>?, into buffer: FileBuffer
    ) throws(DatasetError) -> UnsafeRawBufferPointer {
        guard index >= images else { return try first.read(index, sample, part, into: buffer) }
        return try second.read(index - images, sample, part, into: buffer)
    }

    func location(of index: Int, _ sample: ImageDataset.Sample) -> String {
        index < images
            ? first.location(of: index, sample) : second.location(of: index - images, sample)
    }
}

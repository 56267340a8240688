import Base

/// Tar shards in WebDataset's convention: a folder with `*.tar` files, or one such file.
///
/// Samples come in the order of the shards' names and of their members. They are found through an
/// index, which is made where there is none.
struct TarShards: ImageSource {
    private let folder: String
    private let names: [String]
    /// Whether one shard was asked for by name, whatever lies beside it.
    private let isSingle: Bool
    private let notices: [String]

    init?(at place: DatasetPlace) throws(DatasetError) {
        switch place.kind {
        case .file:
            guard place.ending == "tar" else { return nil }
            folder = Folders.parent(of: place.path)
            names = [Directory.name(of: place.path)]
            isSingle = true
            notices = []
        case .folder(let entries):
            folder = place.path
            names = entries.filter { $0.kind == .file && $0.name.hasSuffix(".tar") }.map(\.name)
            isSingle = false
            notices = LeftOutFiles.besideShards(entries, in: folder)
            guard let first = names.first else { return nil }
            if let other = entries.first(where: \.isFolder) {
                throw DatasetError(
                    "\(folder): holds both shards (\(first)) and folders (\(other.name)); move one "
                        + "kind away")
            }
        case .other: return nil
        }
    }

    func contents(expectedClasses: Int?) throws(DatasetError) -> ImageDataset.Contents {
        let shard = "\(folder)/\(names[0])"
        let places = IndexPlaces(
            beside: isSingle ? "\(shard).\(ShardIndex.file)" : "\(folder)/\(ShardIndex.file)")
        let index: ShardIndex
        if let found = try usableIndex(at: places) {
            index = found
        } else {
            guard isSingle || FileKind.isMissing("\(folder)/\(PackPlan.file)") else {
                throw DatasetError(
                    "\(folder): packing it is not finished", cause: .pack(.unfinished))
            }
            index = try ShardIndex(scanning: names, in: folder)
            places.store(index.text())
        }
        guard !index.samples.isEmpty else { throw DatasetError("\(folder): the shards are empty") }
        let store = ShardStore(
            folder: folder, shards: index.shards, places: index.places, checksums: index.checksums)
        var labels = LabelColumn()
        for sample in index.samples { labels.append(sample.knownLabel) }
        let (classes, _) = try labels.resolved(
            names: ClassNames(in: folder), expectedClasses: expectedClasses,
            path: isSingle ? shard : folder
        ) { store.location(of: $0, index.samples[$0]) }
        return ImageDataset.Contents(
            classes: classes, samples: index.samples, store: store,
            contentDigest: index.contentDigest, notices: notices)
    }

    /// The index of exactly the shards; nil if there is none that still fits.
    private func usableIndex(at places: IndexPlaces) throws(DatasetError) -> ShardIndex? {
        for path in places.all {
            guard let index = try ShardIndex(contentsOf: path) else { continue }
            guard let difference = try index.difference(from: names, in: folder) else {
                return index
            }
            // Only a scan may be repeated: a pack's hashes vouch for bytes that are no more.
            guard index.contentDigest == nil else {
                throw DatasetError(
                    "\(folder)/\(difference): changed since it was indexed; restore it, pack anew, "
                        + "or delete \(ShardIndex.file) and \(PackPlan.file) to take it as it is")
            }
        }
        return nil
    }
}

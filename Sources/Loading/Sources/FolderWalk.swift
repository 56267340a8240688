import Base

/// Lists the images below folders of a data set, in the order of their paths.
struct FolderWalk {
    let root: String
    private(set) var samples: [ImageDataset.Sample] = []
    private(set) var leftOut = LeftOutFiles()

    init(root: String) { self.root = root }

    /// Adds the images below a folder.
    ///
    /// - Parameters:
    ///   - folder: the folder's path below the root; empty for the root itself.
    ///   - label: the images'.
    ///   - ancestors: the folder and those that it lies in.
    /// - Throws: `DatasetError` for what is no image although its name says so, and for a link that
    ///   leads around.
    mutating func collect(
        below folder: String, label: Int?, within ancestors: [FileIdentity]
    ) throws(DatasetError) {
        try DatasetError.refuseInterruption(reading: root)
        for entry in try Directory.entries(of: folder.isEmpty ? root : "\(root)/\(folder)") {
            let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
            if entry.isFolder {
                guard !ancestors.contains(entry.identity) else {
                    throw DatasetError(
                        "\(root)/\(path): a symbolic link to a folder that it lies in; remove it")
                }
                try collect(below: path, label: label, within: ancestors + [entry.identity])
                continue
            }
            let ending = Directory.ending(of: entry.name)
            if FileEndings.images.contains(ending) {
                guard entry.kind == .file else {
                    throw DatasetError("\(root)/\(path): is not a regular file; remove it")
                }
                samples.append(ImageDataset.Sample(path: path, label: label, bytes: entry.bytes))
            } else if entry.kind == .file, FileEndings.otherImages.contains(ending) {
                leftOut.add(ending, in: String(folder.prefix { $0 != "/" }))
            }
        }
    }
}

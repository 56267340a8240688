import Base
import Foundation

/// A folder of class folders, `<class>/**/<image>`, as torchvision's `ImageFolder` reads them.
///
/// Labels number the class folders in the order of their names' code points, samples follow the
/// order of labels and then of paths.
struct ClassFolders: ImageSource {
    private let root: String
    private let entries: [Directory.Entry]

    init?(at place: DatasetPlace) {
        guard case .folder(let entries) = place.kind else { return nil }
        self.root = place.path
        self.entries = entries
    }

    func contents(expectedClasses: Int?) throws(DatasetError) -> ImageDataset.Contents {
        var folders = entries.filter(\.isFolder)
        guard !folders.isEmpty else {
            throw DatasetError(
                "\(root): no class folders; expected \(root)/<class>/<image>.jpg, or .tar shards")
        }
        try refuseTwins(folders)
        if let names = try ClassNames(in: root) {
            folders = try names.ordering(folders, of: root)
        }
        if let expectedClasses, folders.count != expectedClasses {
            throw DatasetError(
                "\(root): \(folders.count) class folders, the recipe says \(expectedClasses); "
                    + "mend data.classes or the folder")
        }
        var walk = FolderWalk(root: root)
        var empty: [String] = []
        for (label, folder) in folders.enumerated() {
            let before = walk.samples.count
            try walk.collect(below: folder.name, label: label, within: [folder.identity])
            if walk.samples.count == before {
                let others = walk.leftOut.text(of: folder.name)
                empty.append(folder.name + (others.map { ", but \($0)" } ?? ""))
            }
        }
        guard empty.isEmpty else {
            throw DatasetError(
                "\(root): no images (\(FileEndings.images.sorted().joined(separator: ", "))) in "
                    + "class \(empty.prefix(5).joined(separator: ", "))"
                    + (empty.count > 5 ? " and \(empty.count - 5) more" : "")
                    + "; add some or remove the folder")
        }
        return ImageDataset.Contents(
            classes: folders.map(\.name), samples: walk.samples, store: try FileStore(root: root),
            notices: [walk.leftOut.notice(in: root), LeftOutFiles.besideFolders(entries, in: root)]
                .compactMap { $0 })
    }

    /// Refuses two class folders that are one directory or look alike.
    ///
    /// The first would train one class under two labels. The second is what copying between file
    /// systems leaves behind: é as one code point and as two.
    private func refuseTwins(_ folders: [Directory.Entry]) throws(DatasetError) {
        var names: [String: Directory.Entry] = [:]
        var identities: [FileIdentity: Directory.Entry] = [:]
        for folder in folders {
            // Strings are equal in Swift where they are canonically equivalent.
            if let other = names.updateValue(folder, forKey: folder.name) {
                let spelling = { (name: String) in
                    name.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
                }
                throw DatasetError(
                    "\(root): class folders '\(spelling(other.name))' and "
                        + "'\(spelling(folder.name))' have the same name in two Unicode "
                        + "spellings; merge or rename them")
            }
            if let other = identities.updateValue(folder, forKey: folder.identity) {
                throw DatasetError(
                    "\(root): class folders '\(other.name)' and '\(folder.name)' are the same "
                        + "folder by a symbolic link; remove one")
            }
        }
    }
}

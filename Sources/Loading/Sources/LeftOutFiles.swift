/// Files of a data set that are not used though they may have been meant to be.
struct LeftOutFiles {
    /// Folders with such files, in the order in which they were found.
    private var folders: [(name: String, count: Int)] = []
    private var endings: Set<String> = []

    /// Counts a file that lies in a class folder.
    mutating func add(_ ending: String, in folder: String) {
        if folders.last?.name != folder { folders.append((folder, 0)) }
        folders[folders.count - 1].count += 1
        endings.insert(ending)
    }

    /// How many were counted in a class folder, with their endings: `4 that cannot be read (.webp)`.
    func text(of folder: String) -> String? {
        folders.last { $0.name == folder }.map { "\($0.count) that cannot be read \(endingText)" }
    }

    /// The line about a data set of class folders; nil if there is nothing to say.
    func notice(in root: String) -> String? {
        guard let first = folders.first else { return nil }
        let count = folders.reduce(0) { $0 + $1.count }
        let images = count == 1 ? "1 image" : "\(count) images"
        let verb = count == 1 ? "is" : "are"
        guard folders.count > 1 else {
            return
                "\(root)/\(first.name): \(images) that cannot be read \(endingText) \(verb) left "
                + "out"
        }
        let names = folders.prefix(5).map(\.name).joined(separator: ", ")
        return "\(root): \(images) that cannot be read \(endingText) \(verb) left out, in "
            + "\(folders.count) classes: \(names)"
            + (folders.count > 5 ? " and \(folders.count - 5) more" : "")
    }

    /// The line about a folder whose folders mean nothing; nil if there is nothing to say.
    func notice(ofAll root: String) -> String? {
        guard !folders.isEmpty else { return nil }
        let count = folders.reduce(0) { $0 + $1.count }
        return "\(root): \(count) \(count == 1 ? "image" : "images") that cannot be read "
            + "\(endingText) \(count == 1 ? "is" : "are") left out"
    }

    private var endingText: String { Self.text(endings) }

    /// Images that lie beside class folders, not in one.
    static func besideFolders(_ entries: [Directory.Entry], in root: String) -> String? {
        loose(
            entries, beside: "the class folders", in: root,
            FileEndings.images.union(FileEndings.otherImages))
    }

    /// Images and compressed archives that lie beside shards.
    static func besideShards(_ entries: [Directory.Entry], in root: String) -> [String] {
        let endings = FileEndings.images.union(FileEndings.otherImages)
            .union(FileEndings.compressed)
        return [loose(entries, beside: "the .tar shards", in: root, endings)].compactMap { $0 }
    }

    private static func loose(
        _ entries: [Directory.Entry], beside others: String, in root: String, _ endings: Set<String>
    ) -> String? {
        let found = entries.filter { $0.kind == .file }.map { Directory.ending(of: $0.name) }
            .filter(endings.contains)
        guard !found.isEmpty else { return nil }
        return "\(root): \(found.count) \(found.count == 1 ? "file" : "files") beside \(others) "
            + "\(text(Set(found))) \(found.count == 1 ? "is" : "are") left out"
    }

    /// Endings in a fixed order, between brackets.
    private static func text(_ endings: Set<String>) -> String {
        let known = FileEndings.otherImages
        let order = known.filter(endings.contains) + endings.subtracting(known).sorted()
        return "(" + order.map { ".\($0)" }.joined(separator: ", ") + ")"
    }
}

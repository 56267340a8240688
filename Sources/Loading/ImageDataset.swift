import Crypto
import Foundation

/// A data set that cannot be used: what is wrong, where, and what to do.
public struct DatasetError: Error, CustomStringConvertible, Equatable {
    /// One line: the path, what is wrong with it, and what to do.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Images in class folders: `root/<class>/**/<image>`, as torchvision's `ImageFolder` reads them.
///
/// Labels number the class folders in the order of their names' code points; samples follow the
/// order of labels and then of paths. So an index means the same image on every machine.
public struct ImageDataset: Sendable {
    /// One image of the data set.
    public struct Sample: Sendable, Equatable {
        /// The path below the data set's root.
        public let path: String
        /// The index of its class, `0..<classes.count`.
        public let label: Int
        /// The file's size.
        public let bytes: Int
    }

    /// The folder given.
    public let root: String
    /// The class folders' names; a label is an index here.
    public let classes: [String]
    /// Every image, in order.
    public let samples: [Sample]
    /// SHA-256 over every sample's path, size and label: the identity of the data set, in hex.
    public let digest: String

    /// File name endings that count as images; the format itself is read from the content.
    public static let extensions: Set<String> = ["jpg", "jpeg", "png"]

    /// Lists a data set's images without opening them.
    ///
    /// - Parameters:
    ///   - root: the folder that holds one folder for each class.
    ///   - expectedClasses: the number of classes demanded, if any.
    /// - Throws: `DatasetError` for a folder that is missing or unreadable, one without class
    ///   folders, class folders without images, or a different number of classes.
    public init(folder root: String, expectedClasses: Int? = nil) throws(DatasetError) {
        let classes = try Directory.entries(of: root).filter(\.isDirectory).map(\.name)
        guard !classes.isEmpty else {
            throw DatasetError("\(root): no class folders; expected \(root)/<class>/<image>.jpg")
        }
        if let expectedClasses, classes.count != expectedClasses {
            throw DatasetError(
                "\(root): \(classes.count) class folders, the recipe says \(expectedClasses); "
                    + "mend data.classes or the folder")
        }
        var samples: [Sample] = []
        var empty: [String] = []
        for (label, name) in classes.enumerated() {
            let before = samples.count
            try Self.collect(root: root, below: name, label: label, into: &samples)
            if samples.count == before { empty.append(name) }
        }
        guard empty.isEmpty else {
            throw DatasetError(
                "\(root): no images (\(Self.extensions.sorted().joined(separator: ", "))) in "
                    + "class \(empty.prefix(5).joined(separator: ", "))"
                    + (empty.count > 5 ? " and \(empty.count - 5) more" : "")
                    + "; add some or remove the folder")
        }
        self.root = root
        self.classes = classes
        self.samples = samples
        digest = Self.digest(of: samples)
    }

    /// Reads one image's file.
    ///
    /// - Throws: `DatasetError` with the path if the file cannot be read.
    public func contents(of index: Int) throws(DatasetError) -> Data {
        let path = "\(root)/\(samples[index].path)"
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw DatasetError("\(path): cannot be read: \(error.localizedDescription)")
        }
    }

    private static func collect(
        root: String, below folder: String, label: Int, into samples: inout [Sample]
    ) throws(DatasetError) {
        for entry in try Directory.entries(of: "\(root)/\(folder)") {
            let path = "\(folder)/\(entry.name)"
            if entry.isDirectory {
                try collect(root: root, below: path, label: label, into: &samples)
            } else if extensions.contains((entry.name as NSString).pathExtension.lowercased()) {
                samples.append(Sample(path: path, label: label, bytes: entry.bytes))
            }
        }
    }

    private static func digest(of samples: [Sample]) -> String {
        var hash = SHA256()
        for sample in samples {
            hash.update(data: Data("\(sample.path)\0\(sample.bytes)\0\(sample.label)\n".utf8))
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }
}

/// Directory listing through readdir and stat: Foundation's costs several times as much per file,
/// which counts with a million of them.
private enum Directory {
    struct Entry {
        let name: String
        let isDirectory: Bool
        let bytes: Int
    }

    /// The entries of a folder in the order of their names' code points; hidden ones left out.
    static func entries(of path: String) throws(DatasetError) -> [Entry] {
        guard let directory = opendir(path) else {
            throw DatasetError(
                "\(path): cannot be read as a folder: \(String(cString: strerror(errno)))")
        }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while let record = readdir(directory) {
            let name = withUnsafePointer(to: &record.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            var status = stat()
            guard stat("\(path)/\(name)", &status) == 0 else {
                throw DatasetError(
                    "\(path)/\(name): cannot be read: \(String(cString: strerror(errno)))")
            }
            entries.append(
                Entry(
                    name: name, isDirectory: status.st_mode & S_IFMT == S_IFDIR,
                    bytes: Int(status.st_size)))
        }
        // UTF-8 bytes sort as code points do, which is Python's order of strings.
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

/// Where a part lies.
enum PartPlace: Sendable, CustomStringConvertible {
    /// In a file of its own, at this path.
    case file(String)
    /// In a group of its epoch's file.
    case group(String, file: String)

    /// The file.
    var path: String {
        switch self {
        case .file(let path), .group(_, let path): path
        }
    }

    /// The file and, if any, the group, as errors begin with them.
    var description: String {
        switch self {
        case .file(let path): path
        case .group(let name, let path): "\(path), \(name)"
        }
    }

    /// What to do about a part that cannot be used.
    var remedy: String {
        switch self {
        case .file: "delete this file and build the part again"
        case .group: "delete this file and build its parts again"
        }
    }

    /// Opens the file, or the file and the group, and lends it.
    func open<Result>(
        _ body: (borrowing HDF5File) throws(CacheError) -> Result
    ) throws(CacheError) -> Result {
        switch self {
        case .file(let path):
            try HDF5File.open(path: path, body)
        case .group(let name, let path):
            try HDF5File.open(path: path) { file throws(CacheError) in
                try file.group(name, body)
            }
        }
    }
}

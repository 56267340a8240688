import Base
import Foundation

/// A kind of place that labelled images come from: how it is recognized, and what it lists.
///
/// Another kind is a file with such a type, and its line in `ImageDataset.sources`.
protocol ImageSource {
    /// Recognizes a place of this kind, without a look into its files.
    ///
    /// - Returns: nil for a place of another kind.
    /// - Throws: `DatasetError` for what is plainly meant to be of this kind and is not.
    init?(at place: DatasetPlace) throws(DatasetError)

    /// Lists the images, in an order that is the same on every machine.
    ///
    /// - Parameter expectedClasses: the number of classes demanded, if any.
    func contents(expectedClasses: Int?) throws(DatasetError) -> ImageDataset.Contents
}

/// What lies at the path of a data set.
struct DatasetPlace {
    enum Kind {
        case file
        case folder([Directory.Entry])
        /// Nothing that images could lie in.
        case other
    }

    let path: String
    let kind: Kind

    init(_ path: String) throws(DatasetError) {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            let isMissing = code == ENOENT || code == ENOTDIR
            throw .system(path, isMissing ? "no such data set" : "cannot be read", code)
        }
        switch FileKind(status) {
        case .file: kind = .file
        case .folder: kind = .folder(try Directory.entries(of: path))
        case .pipe, .socket, .device: kind = .other
        }
    }

    /// The ending of the path's name, in lower case.
    var ending: String { Directory.ending(of: path) }
}

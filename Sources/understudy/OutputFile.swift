import Base
import Foundation
import Imaging
import Torch

/// A file that a command writes where its user says.
///
/// What is at the path is replaced only if it is empty, or of the same kind and made by this
/// program. A link stays one: the file that it leads to is written. Pipes and devices are written
/// to, and stay what they are.
struct OutputFile {
    /// What is to be written, and may be replaced.
    enum Content {
        /// Weights, other than a checkpoint.
        case weights
        /// Views as tensors.
        case views
        /// The parameters of views.
        case parameters
        /// A contact sheet.
        case sheet
    }

    /// Where to write.
    let path: String

    /// Looks at what is there; nothing is changed.
    ///
    /// - Parameter option: what the user named it by, for errors: `--out`.
    /// - Throws: `CommandError` if the path holds something else, or cannot be written.
    init(_ path: String, _ option: String, _ content: Content) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw CommandError(SystemFailure(path).description)
            }
            var link = stat()
            guard lstat(path, &link) != 0 else {
                throw CommandError(
                    "\(path): is a link that leads to nothing; choose another \(option), or remove it"
                )
            }
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            guard access(folder, W_OK) == 0 else {
                throw CommandError(SystemFailure("\(path): cannot be written").description)
            }
            self.path = path
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFIFO, S_IFCHR:
            self.path = path
        case S_IFREG where status.st_size == 0 || content.isWritten(at: path):
            self.path = Self.resolved(path)
        default:
            throw CommandError(
                "\(path): is there, and is not \(content.name) that this program wrote; choose "
                    + "another \(option), or remove it")
        }
    }

    /// Refuses two outputs in one file.
    static func requireDistinct(_ files: [OutputFile]) throws {
        var seen: Set<String> = []
        for file in files {
            let path = URL(fileURLWithPath: file.path).standardizedFileURL.path
            guard seen.insert(path).inserted else {
                throw CommandError("\(file.path): is named for two outputs; choose another for one")
            }
        }
    }

    /// The path without links.
    private static func resolved(_ path: String) -> String {
        guard let pointer = realpath(path, nil) else { return path }
        defer { free(pointer) }
        return String(cString: pointer)
    }
}

extension OutputFile.Content {
    /// What errors call it.
    var name: String {
        switch self {
        case .weights: "weights"
        case .views: "a dump of views"
        case .parameters: "a file of parameters"
        case .sheet: "a contact sheet"
        }
    }

    /// Whether a regular file is of this kind and was made by this program, in any version.
    fileprivate func isWritten(at path: String) -> Bool {
        switch self {
        case .weights:
            guard let file = try? SafetensorsFile(path: path) else { return false }
            // A checkpoint says its step. Every version says what network a file is of; no other
            // program says so in these words.
            return file.metadata["step"] == nil
                && (file.seal != nil
                    || ["model", "recipe"].allSatisfy { file.metadata[$0] != nil })
        case .views:
            guard let file = try? SafetensorsFile(path: path) else { return false }
            return SlotViews.isDump(file)
        case .parameters:
            guard let bytes = try? BoundedFile.read(path, limit: 1 << 30) else { return false }
            return ViewParameters.areWritten(in: bytes)
        case .sheet:
            return ContactSheet.isWritten(at: path)
        }
    }
}

import Base
import Distillation
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
        /// A report's page.
        case report
        /// A confusion matrix.
        case confusion
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
        guard !SavedRun.makes(path) else {
            throw CommandError(
                "\(path): is a file of the run in that folder; choose another \(option)")
        }
        if AtomicFile.isStream(path) {
            self.path = path
        } else if FileKind(status) == .file,
            status.st_size == 0 || content.isWritten(at: path)
        {
            self.path = try Self.resolved(path)
        } else {
            throw CommandError(
                "\(path): is there, and is not \(content.name) that this program wrote; choose "
                    + "another \(option), or remove it")
        }
    }

    /// Refuses two outputs in one file.
    static func requireDistinct(_ files: [OutputFile]) throws {
        var seen: Set<String> = []
        for file in files {
            let url = URL(fileURLWithPath: file.path)
            let folder = url.deletingLastPathComponent().resolvingSymlinksInPath()
            let path = folder.appendingPathComponent(url.lastPathComponent).path
            guard seen.insert(path).inserted else {
                throw CommandError("\(file.path): is named for two outputs; choose another for one")
            }
        }
    }

    /// The path without links.
    private static func resolved(_ path: String) throws -> String {
        // A link may lead to an open file that has no name any more.
        guard let pointer = realpath(path, nil) else {
            throw CommandError(
                SystemFailure("\(path): leads to no file that has a name").description)
        }
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
        case .report: "a report"
        case .confusion: "a confusion matrix"
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
            return RenderedViews.isDump(file)
        case .parameters:
            return ViewParameters.areWritten(in: Self.head(of: path))
        case .sheet:
            return ContactSheet.isWritten(in: Self.head(of: path))
        case .report:
            return Self.head(of: path).firstRange(of: Array(ReportTemplate.mark.utf8)) != nil
        case .confusion:
            return EvaluationReport.isConfusion(in: Self.head(of: path))
        }
    }

    /// The first bytes of a file; none if it cannot be read.
    private static func head(of path: String) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        return (try? file.read(upToCount: 256)).map { Array($0) } ?? []
    }
}

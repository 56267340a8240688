import Base
import Foundation

/// A folder with a network for another program.
///
/// It appears whole, under `export.json`, which lists every other file with its SHA-256. By this list
/// a folder that was written before is known: it is replaced if nothing in it was added or changed.
package struct ExportFolder: ~Copyable {
    static let manifestName = "export.json"
    /// More than the names and sums of a thousand files take.
    private static let longestManifest = 1 << 20

    private let folder: AtomicFolder
    private let replaces: Bool

    /// Looks at the place, and makes a temporary beside it.
    ///
    /// - Throws: `ExportError` if something is there that is no export as it was written;
    ///   `SystemFailure`.
    package init(_ path: String) throws {
        let replaces = try Self.holdsExport(path)
        // A link stays, and leads to the new folder.
        folder = try AtomicFolder(URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        self.replaces = replaces
    }

    /// Where the files go until the folder is published.
    package var path: String { folder.temporary }

    /// Writes a file.
    package borrowing func write(_ data: some ContiguousBytes, to name: String) throws {
        try AtomicFile.write(data, to: "\(path)/\(name)")
    }

    package borrowing func write(_ value: JSONValue, to name: String) throws {
        try write(value.data(), to: name)
    }

    /// Makes a folder within.
    package borrowing func make(_ name: String) throws { try Folders.make("\(path)/\(name)") }

    /// Lists the files, and gives the folder its name.
    ///
    /// - Parameter facts: what the list says besides.
    /// - Throws: `ExportError` if something has come to the place since; `SystemFailure`.
    package borrowing func publish(_ facts: [String: JSONValue]) throws {
        var files: [JSONValue] = []
        for name in try Self.files(in: path) {
            let file = "\(path)/\(name)"
            files.append([
                "name": .text(name), "bytes": .integer(RegularFile.bytes(at: file) ?? 0),
                "sha256": .text(try SHA256Sum.ofFile(file)),
            ])
        }
        let manifest: JSONValue = [
            "program": .text("understudy \(version)"), "files": .list(files),
        ]
        try write(manifest.merging(facts), to: Self.manifestName)
        _ = try Self.holdsExport(folder.path)
        try folder.publish(replacing: replaces)
    }

    /// Whether a folder holds an export as it was written; false for an empty one, or if there is
    /// nothing.
    package static func holdsExport(_ path: String) throws -> Bool {
        guard let kind = try FileKind.at(path) else { return false }
        guard kind == .folder else {
            throw ExportError("\(path): is \(kind.noun), and an export is a folder", .placeTaken)
        }
        guard try !Folders.names(in: path).isEmpty else { return false }
        guard let listed = listed(in: path) else {
            throw ExportError("\(path): is not empty and holds no export", .placeTaken)
        }
        for name in try files(in: path) where name != manifestName {
            guard let digest = listed[name] else {
                throw ExportError(
                    "\(path): holds \(name.quoted), which is not of the export there", .placeTaken)
            }
            guard try SHA256Sum.ofFile("\(path)/\(name)") == digest else {
                throw ExportError(
                    "\(path): \(name.quoted) was changed since it was exported", .placeTaken)
            }
        }
        return true
    }

    /// The SHA-256 of each file that a folder's manifest lists; nil if there is none.
    private static func listed(in path: String) -> [String: String]? {
        struct Manifest: Decodable {
            struct File: Decodable {
                let name: String
                let sha256: String
            }
            let program: String
            let files: [File]
        }
        guard
            let bytes = try? BoundedFile.read("\(path)/\(manifestName)", limit: longestManifest),
            let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes)),
            manifest.program.hasPrefix("understudy ")
        else { return nil }
        return Dictionary(manifest.files.map { ($0.name, $0.sha256) }) { $1 }
    }

    /// The files below a folder, by their paths there, sorted. What is neither file nor folder is
    /// named, too, so that it is never taken for nothing.
    private static func files(in path: String, below: String = "") throws -> [String] {
        try Folders.names(in: path).flatMap { name -> [String] in
            let place = "\(path)/\(name)"
            var status = stat()
            guard lstat(place, &status) == 0, FileKind(status) == .folder else {
                return [below + name]
            }
            return try files(in: place, below: "\(below)\(name)/")
        }
    }
}

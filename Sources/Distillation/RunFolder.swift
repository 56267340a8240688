import Foundation
import Recipes
import Torch

/// A training's folder: recipe, log, checkpoints and results.
///
/// The folder is locked while a process trains in it.
public final class RunFolder {
    /// The folder's path.
    public let path: String
    private let lock: Int32

    /// Opens a folder for training.
    ///
    /// - Parameter resume: whether to go on with the training that the folder holds, if it holds one.
    /// - Throws: `TrainingError` if the folder is in use, holds a training and `resume` is false, or
    ///   holds the training of another recipe.
    public init(_ path: String, recipe: Recipe, resume: Bool) throws {
        self.path = path
        let checkpoints = "\(path)/checkpoints"
        do {
            try FileManager.default.createDirectory(
                atPath: checkpoints, withIntermediateDirectories: true)
        } catch {
            throw TrainingError("\(path): cannot make the folder: \(error.localizedDescription)")
        }
        lock = open("\(path)/.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw TrainingError(
                "\(path): another process is training here; wait for it or choose another --out")
        }
        let recipePath = "\(path)/recipe.yaml"
        if let earlier = try? String(contentsOfFile: recipePath, encoding: .utf8) {
            guard resume else {
                throw TrainingError(
                    "\(path): holds a training already; pass --resume to go on with it, or choose "
                        + "another --out")
            }
            try Self.compare(earlier, recipe.resolvedYAML, path: recipePath)
            removeTemporaries()
        } else {
            try AtomicFile.write(Data(recipe.resolvedYAML.utf8), to: recipePath)
        }
    }

    deinit { close(lock) }

    /// The path of a file of the run.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The path of a file among the checkpoints.
    public func checkpoint(_ name: String) -> String { "\(path)/checkpoints/\(name)" }

    /// Removes checkpoints that are neither current nor kept, such as a kill leaves behind.
    func removeCheckpoints(except kept: Set<String>) {
        let folder = "\(path)/checkpoints"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where !kept.contains(name) {
            // A file that cannot be removed costs space only.
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    /// Removes the temporaries of files that a kill interrupted; the folder's lock is held.
    private func removeTemporaries() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where name.hasSuffix(".tmp") {
            try? FileManager.default.removeItem(atPath: file(name))
        }
    }

    private static func compare(_ earlier: String, _ now: String, path: String) throws {
        guard earlier != now else { return }
        let difference = zip(earlier.split(separator: "\n"), now.split(separator: "\n"))
            .first { $0 != $1 }
        let detail =
            difference.map {
                "it says '\($0.trimmingCharacters(in: .whitespaces))', now it would be "
                    + "'\($1.trimmingCharacters(in: .whitespaces))'"
            } ?? "one is longer than the other"
        throw TrainingError(
            "\(path): the run was begun with another recipe: \(detail); resume with the same one, "
                + "or choose another --out")
    }
}

/// Lines of JSON, one for each epoch or step.
final class JSONLines {
    private let handle: FileHandle
    private let encoder = JSONEncoder()

    /// Opens a log, dropping the lines that a resumed training will write again.
    ///
    /// - Parameter keep: how many of the first lines stay; later ones and a torn last one go.
    init(_ path: String, keep: Int) throws {
        let lines =
            (try? String(contentsOfFile: path, encoding: .utf8))?
            .split(separator: "\n", omittingEmptySubsequences: true).prefix(keep) ?? []
        try AtomicFile.write(Data(lines.map { $0 + "\n" }.joined().utf8), to: path)
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw TrainingError("\(path): cannot be written")
        }
        try handle.seekToEnd()
        self.handle = handle
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    deinit { try? handle.close() }

    /// Appends one value.
    func append(_ value: some Encodable) throws {
        try handle.write(contentsOf: encoder.encode(value) + Data("\n".utf8))
    }
}

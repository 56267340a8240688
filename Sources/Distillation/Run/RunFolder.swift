import Base
import Foundation
import Recipes
import Torch

/// A training's folder: recipe, log, checkpoints and results.
///
/// The folder is locked while a process trains in it. What is in it and is not a training's, by name
/// and content, is never touched; a folder that holds other things and no training is refused.
final class RunFolder {
    /// The folder's path.
    let path: String
    /// Whether there is a run to go on with.
    let holdsRun: Bool
    private let lock: RunLock

    static let recipeName = "recipe.yaml"
    static let resultName = "result.json"
    static let cardName = "card.yaml"
    static let latestName = "latest.json"
    static let previousName = "previous.json"
    static let checkpointsName = "checkpoints"

    /// What a training comes to: its result's figures and card, and weights.
    private static let results = [resultName, cardName] + RunWeights.allCases.map(\.fileName)

    /// Locks a folder for training; nothing stays of one that is made for it until `begin`.
    ///
    /// - Parameter resume: whether to go on with the training that the folder holds, if it holds one.
    /// - Throws: `TrainingError` if the folder is in use, holds something else than a training, or
    ///   holds a training and `resume` is false.
    init(_ path: String, resume: Bool) throws {
        guard !path.isEmpty else {
            throw TrainingError("the run's folder has an empty name", .runUnnamed)
        }
        self.path = path
        // Looked at before anything is made in it, and again once nobody else can change it.
        _ = try Self.holdsRun(path)
        lock = try RunLock(folder: path)
        holdsRun = try Self.holdsRun(path)
        guard holdsRun else { return }
        guard resume else {
            throw TrainingError(
                "\(path): holds a training already", .runExists)
        }
        lock.keep()
        for folder in [path, "\(path)/\(Self.checkpointsName)"] {
            AtomicFile.removeStale(in: folder, of: Self.isOurName)
        }
    }

    /// The path of a file of the run.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The path of a file among the checkpoints.
    func checkpoint(_ name: String) -> String { "\(path)/\(Self.checkpointsName)/\(name)" }

    /// Makes the folder of checkpoints; from now on the run's folder stays.
    func begin() throws(TrainingError) {
        lock.keep()
        let folder = file(Self.checkpointsName)
        do { try Folders.make(folder) } catch { throw TrainingError(error.description) }
    }

    /// Whether a path leads to a file that a training makes in this folder, whether or not it is there.
    func makes(_ path: String) -> Bool {
        let own = FileIdentity(self.path)
        // A second name of the same file is found only where the file is.
        return Self.runs(of: path).contains { FileIdentity($0) == own }
            || FileIdentity(path).map { identity in
                let inside = (try? Self.names(in: self.path)) ?? []
                return inside.contains {
                    RunLog.isFile($0) && FileIdentity(file($0)) == identity
                }
            } ?? false
    }

    /// The folders of which a path would be a file of the run, if they hold one; none for a name that
    /// no training gives.
    static func runs(of path: String) -> [String] {
        let place = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        let name = place.lastPathComponent
        let isTaken =
            isOurName(name) || RunLock.isLock(name) || name == checkpointsName
            || TemporaryName(name).map { isOurName($0.name) } ?? false
        guard isTaken else { return [] }
        let folder = place.deletingLastPathComponent()
        return folder.lastPathComponent == checkpointsName
            ? [folder.path, folder.deletingLastPathComponent().path] : [folder.path]
    }

    /// Removes checkpoints that are neither current nor kept, such as a kill leaves behind.
    func removeCheckpoints(except kept: Set<String>) {
        let names = (try? Self.names(in: file(Self.checkpointsName))) ?? []
        for name in names where !kept.contains(name) && isCheckpoint(name) {
            // A file that cannot be removed costs space only.
            unlink(checkpoint(name))
        }
    }

    /// Whether a file among the checkpoints is a training's, by its name and by its content.
    private func isCheckpoint(_ name: String) -> Bool {
        Self.kind(ofCheckpoint: checkpoint(name), name) != nil
    }
}

// MARK: - What a folder holds

extension RunFolder {
    /// What of a run is there besides its recipe: the first file that took training to make.
    ///
    /// Without a state to go on from, a run of which nothing was made begins again; of any other
    /// something would be lost.
    var madeByTraining: String? {
        if let result = Self.results.first(where: { Self.size($0, in: path) != nil }) {
            return result
        }
        let log = RunLog.fileNames.first { (Self.size($0, in: path) ?? 0) > 0 }
        if let log { return log }
        let names = (try? Self.names(in: file(Self.checkpointsName))) ?? []
        let made = names.first { name in
            switch Self.kind(ofCheckpoint: checkpoint(name), name) {
            case .tensors(let steps): steps > 0
            case .snapshot: true
            case nil: false
            }
        }
        return made.map { "\(Self.checkpointsName)/\($0)" }
    }

    /// Whether a folder holds a run; false if it holds nothing, or is not there.
    ///
    /// - Throws: `TrainingError` if it holds something, but no run.
    private static func holdsRun(_ path: String) throws(TrainingError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw TrainingError(SystemFailure(path).description)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw TrainingError("\(path): is a file, and a run is a folder", .runIsNoFolder)
        }
        // What this process prints to may lie here, such as a batch system's log.
        let printed = [STDOUT_FILENO, STDERR_FILENO].compactMap { FileIdentity($0) }
        let names = try names(in: path).filter { name in
            !RunLock.isLock(name) && !(TemporaryName(name).map { isOurName($0.name) } ?? false)
                && (isOurName(name)
                    || !(FileIdentity("\(path)/\(name)").map(printed.contains) ?? false))
        }
        let checkpoints = "\(path)/\(checkpointsName)"
        var isFolder = stat()
        let inside =
            stat(checkpoints, &isFolder) == 0 && isFolder.st_mode & S_IFMT == S_IFDIR
            ? try Self.names(in: checkpoints) : nil
        let states = [latestName, previousName]
        if let inside {
            let isOurs = inside.contains { name in
                states.contains(name)
                    ? isState("\(checkpoints)/\(name)")
                    : isLearned(kind(ofCheckpoint: "\(checkpoints)/\(name)", name))
            }
            if isOurs { return true }
        }
        let results = RunLog.fileNames + Self.results
        if names.contains(recipeName), inside != nil || names.contains(where: results.contains),
            (try? Recipe(contentsOf: "\(path)/\(recipeName)")) != nil
        {
            return true
        }
        // A training that was killed before its first state leaves this, and nothing to lose.
        let begun = { (name: String) in
            TemporaryName(name).map { isOurName($0.name) } ?? false
                || kind(ofCheckpoint: "\(checkpoints)/\(name)", name) != nil
        }
        if names == [checkpointsName], let inside, inside.allSatisfy(begun) { return false }
        guard let foreign = names.first(where: { $0 != checkpointsName }) ?? names.first else {
            return false
        }
        throw TrainingError(
            "\(path): is not empty and holds no training (it holds \(foreign))", .runIsForeign)
    }

    private enum Kind {
        case tensors(steps: Int)
        case snapshot
    }

    private static func isLearned(_ kind: Kind?) -> Bool {
        if case .tensors(let steps) = kind { steps > 0 } else { kind != nil }
    }

    /// What a file among the checkpoints is by name and content; `nil` for what is not a training's.
    private static func kind(ofCheckpoint path: String, _ name: String) -> Kind? {
        var status = stat()
        guard let numbered = numbered(name), lstat(path, &status) == 0,
            status.st_mode & S_IFMT == S_IFREG, let file = try? SafetensorsFile(path: path)
        else { return nil }
        switch numbered {
        case .tensors(let steps): return file.metadata["step"] == "\(steps)" ? numbered : nil
        case .snapshot:
            let keys = ["model", "recipe", "format"]
            return keys.allSatisfy { file.metadata[$0] != nil } ? numbered : nil
        }
    }

    /// What a checkpoint's name says.
    private static func numbered(_ name: String) -> Kind? {
        func number(_ prefix: String) -> Int? {
            let ending = ".safetensors"
            guard name.hasPrefix(prefix), name.hasSuffix(ending) else { return nil }
            return Int(name.dropFirst(prefix.count).dropLast(ending.count))
        }
        if let steps = number("step-"), name == TrainingState.tensorsFile(steps: steps) {
            return .tensors(steps: steps)
        }
        let isSnapshot = [RunWeights.best, .raw].contains { weights in
            number("\(weights.rawValue)-epoch-").map {
                name == TrainingState.snapshotFile(epoch: $0, of: weights)
            } ?? false
        }
        return isSnapshot ? .snapshot : nil
    }

    /// Whether a file is, or was before it was damaged, a training's state.
    private static func isState(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let bytes = try? BoundedFile.read(path, limit: 16 << 20)
        else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return ["best", "epoch", "steps", "sums", "tensors"].filter { text.contains("\"\($0)\"") }
            .count >= 4
    }

    /// Whether a training makes files of a name, in its folder or among the checkpoints.
    private static func isOurName(_ name: String) -> Bool {
        ([recipeName, latestName, previousName] + results).contains(name)
            || RunLog.isFile(name) || numbered(name) != nil
    }

    private static func size(_ name: String, in folder: String) -> Int? {
        var status = stat()
        return stat("\(folder)/\(name)", &status) == 0 ? Int(status.st_size) : nil
    }

    /// The names in a folder, sorted.
    private static func names(in folder: String) throws(TrainingError) -> [String] {
        do { return try Folders.names(in: folder) } catch {
            throw TrainingError(
                SystemFailure("\(folder): cannot be listed", error.code).description)
        }
    }
}

// MARK: - The recipe

extension RunFolder {
    /// Whether `recipe.yaml` is there.
    var holdsRecipe: Bool { Self.size(Self.recipeName, in: path) != nil }

    /// Refuses to go on under another recipe than the run's.
    ///
    /// - Parameter checkpoint: the checkpoint's record of its recipe; `nil` for one of an earlier
    ///   version, which does not say, or where there is none.
    /// - Throws: `TrainingError` with the first line that differs, where `recipe.yaml` can be read.
    func compare(
        _ recipe: Recipe, checkpoint: String?, notice: (String) -> Void
    ) throws {
        let path = file(Self.recipeName)
        let earlier: Recipe
        do {
            earlier = try Recipe(contentsOf: path)
        } catch {
            guard let checkpoint else {
                throw TrainingError(
                    "\(path): cannot be read, and the checkpoint does not say which recipe it is of "
                        + "(\(error)); restore it", .runUnfit)
            }
            guard recipe.isRecorded(as: checkpoint) else {
                throw TrainingError(
                    "\(self.path): the checkpoint is of another recipe, and recipe.yaml cannot be "
                        + "read (\(error)); resume with the same one", .runUnfit)
            }
            notice("\(error); the checkpoint is of this recipe: writing recipe.yaml anew")
            return
        }
        if let difference = Self.difference(earlier.contentYAML, recipe.contentYAML) {
            throw TrainingError(
                "\(path): the run was begun with another recipe: \(difference); resume with the "
                    + "same one", .runUnfit)
        }
        guard checkpoint.map(recipe.isRecorded) ?? true else {
            throw TrainingError(
                "\(self.path): the checkpoint is of another recipe than recipe.yaml; restore the "
                    + "one that belongs to it", .runUnfit)
        }
    }

    /// Writes the resolved recipe, unless it stands there already.
    func write(_ recipe: Recipe) throws {
        let text = Array(recipe.resolvedYAML.utf8)
        let there = try? BoundedFile.read(file(Self.recipeName), limit: text.count)
        if there != text {
            try AtomicFile.write(Data(text), to: file(Self.recipeName))
        }
    }

    /// The first line in which two recipes differ.
    private static func difference(_ earlier: String, _ now: String) -> String? {
        guard earlier != now else { return nil }
        let lines = zip(earlier.split(separator: "\n"), now.split(separator: "\n"))
        return lines.first { $0 != $1 }.map {
            "it says '\($0.trimmingCharacters(in: .whitespaces))', now it would be "
                + "'\($1.trimmingCharacters(in: .whitespaces))'"
        } ?? "one is longer than the other"
    }
}

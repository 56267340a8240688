import Base
import Foundation
import Models
import Recipes
import Torch

/// Writes and reads checkpoints: a file of tensors, and a state that names it.
///
/// `latest.json` is replaced by a rename after the tensors are on disk, so that it always names a
/// whole file. The checkpoint before it stays, with its state in `previous.json`, for the case that
/// the latest is damaged; only then are older files removed.
final class Checkpoints {
    private let folder: RunFolder
    /// The state that was last written or gone on from.
    private(set) var saved: TrainingState?

    init(folder: RunFolder) { self.folder = folder }

    /// Publishes a state and its tensors.
    ///
    /// Tensors that are on disk already, since no step was taken, are not written again.
    func save(
        _ state: inout TrainingState, tensors: [(name: String, tensor: Tensor)],
        of description: WeightsDescription
    ) throws {
        if let saved, saved.steps == state.steps, saved.seal != nil {
            state.tensors = saved.tensors
            state.seal = saved.seal
        } else {
            state.tensors = TrainingState.tensorsFile(steps: state.steps)
            state.seal = try SafetensorsFile.writeSealed(
                tensors.map { ($0.name, $0.tensor) },
                metadata: description.metadata.merging(["step": "\(state.steps)"]) { $1 },
                to: folder.checkpoint(state.tensors)
            ).hexadecimal
            if let saved, saved.steps != state.steps {
                try AtomicFile.write(
                    SealedJSON.encode(saved), to: folder.checkpoint(RunFolder.previousName))
                previous = saved
            }
        }
        try AtomicFile.write(
            SealedJSON.encode(state), to: folder.checkpoint(RunFolder.latestName))
        saved = state
        let states = [state, previous].compactMap { $0 }
        folder.removeCheckpoints(
            except: Set(states.flatMap(\.files)))
    }

    /// The state in `previous.json`, as far as it is this process that wrote it.
    private var previous: TrainingState?

    /// What the run learns from, as the latest state that can be read says; `nil` if none does.
    func identity() -> (identity: RunIdentity, isMeasured: Bool)? {
        for name in [RunFolder.latestName, RunFolder.previousName] {
            guard let state = try? TrainingState(contentsOf: folder.checkpoint(name)),
                let identity = state.identity
            else { continue }
            return (identity, state.isMeasured)
        }
        return nil
    }

    /// Goes on from the latest checkpoint, or from the one before it where that is damaged.
    ///
    /// A damaged snapshot is told, and nothing more: the training does not need it.
    ///
    /// - Parameters:
    ///   - tensors: overwritten, all of which must be in the file.
    ///   - check: refuses a state that is intact, but of another recipe or other data.
    /// - Returns: the state; `nil` if the run has none and nothing was made in it.
    /// - Throws: `TrainingError` naming what is damaged, if there is nothing to go on from; or what
    ///   cannot be read, since it may be whole: a training that went on without it would remove it.
    func restore(
        into tensors: [(name: String, tensor: Tensor)], recipe: Recipe, stepsPerEpoch: Int,
        notice: (String) -> Void, check: (TrainingState) throws -> Void
    ) throws -> TrainingState? {
        var damages: [String] = []
        for name in [RunFolder.latestName, RunFolder.previousName] {
            let path = folder.checkpoint(name)
            guard let state = try read(path, &damages) else { continue }
            try check(state)
            do {
                if let problem = state.problem(in: recipe, stepsPerEpoch: stepsPerEpoch) {
                    throw TrainingError("\(path): \(problem)")
                }
                try load(state, into: tensors)
            } catch {
                try requireDamage(error)
                damages.append("\(error)")
                continue
            }
            if let damage = damages.first {
                notice("\(damage); going on from the checkpoint before it, of step \(state.steps)")
            }
            if state.isUnsealed {
                notice(
                    "\(path): an earlier version wrote it, without checksums and without what it "
                        + "learned from: neither can be checked")
            }
            for snapshot in state.best.kept {
                _ = try intact(snapshot) { notice("\($0); the average will be without it") }
            }
            for snapshot in state.raw.kept {
                _ = try intact(snapshot) { notice("\($0); the training does not need it") }
            }
            saved = state
            // What the other state names stays until both are replaced.
            previous = try? TrainingState(
                contentsOf: folder.checkpoint(RunFolder.previousName))
            return state
        }
        if let damage = damages.first {
            throw TrainingError(
                "\(damage); there is no other checkpoint to go on from: restore it", .runUnfit)
        }
        if let made = folder.madeByTraining {
            throw TrainingError(
                "\(folder.checkpoint(RunFolder.latestName)): is gone, but the run's \(made) is "
                    + "there; restore it", .runUnfit)
        }
        return nil
    }

    /// A state, or `nil` if it is not there or, which is added to the damages, cannot be used.
    private func read(_ path: String, _ damages: inout [String]) throws -> TrainingState? {
        var status = stat()
        if lstat(path, &status) != 0, errno == ENOENT {
            var other = stat()
            let isLatest = path.hasSuffix(RunFolder.latestName)
            if isLatest, lstat(folder.checkpoint(RunFolder.previousName), &other) == 0 {
                damages.append("\(path): is gone")
            }
            return nil
        }
        do {
            return try TrainingState(contentsOf: path)
        } catch {
            try requireDamage(error)
            damages.append("\(error)")
            return nil
        }
    }

    /// Passes on an error that says nothing of what is in a file, such as a disk's or a network's, or
    /// want of memory.
    private func requireDamage(_ error: any Error) throws {
        if let error = error as? TorchError, error.isOutOfMemory { throw error }
        let code = (error as? SystemFailure)?.code ?? (error as? TorchError)?.code
        guard let code, code != ENOENT else { return }
        throw TrainingError("\(error); resume when it can be read, for it may be whole")
    }

    /// Copies a state's tensors.
    private func load(
        _ state: TrainingState, into tensors: [(name: String, tensor: Tensor)]
    ) throws {
        let path = folder.checkpoint(state.tensors)
        let file = try Self.open(path, seal: state.seal)
        guard Set(file.names) == Set(tensors.map(\.name)) else {
            throw TrainingError("\(path): holds the tensors of another network or optimizer")
        }
        try withoutGrad {
            for (name, tensor) in tensors {
                let stored = try file.tensor(name)
                guard stored.shape == tensor.shape, stored.dtype == tensor.dtype else {
                    throw TrainingError("\(path): '\(name)' is of another network")
                }
                try tensor.copy(from: stored)
            }
        }
    }

    /// Opens a snapshot after a check that it is the one that was taken, and whole.
    ///
    /// - Parameter notice: told what is damaged.
    /// - Returns: `nil` if it is.
    /// - Throws: `TrainingError` if it cannot be read.
    func intact(
        _ snapshot: BestSnapshots.Snapshot, notice: (String) -> Void
    ) throws -> SafetensorsFile? {
        do {
            let file = try Self.open(folder.checkpoint(snapshot.file), seal: snapshot.seal)
            try file.verify()
            return file
        } catch {
            try requireDamage(error)
            notice("\(error)")
            return nil
        }
    }

    /// Sees to it that a snapshot stands in the run's folder, whole and under a name of its own.
    ///
    /// - Parameter notice: told of damage, if it can be had neither there nor among the checkpoints.
    /// - Returns: whether it does.
    func publish(
        _ snapshot: BestSnapshots.Snapshot, as weights: RunWeights, notice: (String) -> Void
    ) throws -> Bool {
        let path = folder.file(weights.fileName)
        do {
            try Self.open(path, seal: snapshot.seal).verify()
            return true
        } catch {
            guard let file = try intact(snapshot, notice: notice) else { return false }
            try SafetensorsFile.writeSealed(
                file.names.map { ($0, try file.tensor($0)) }, metadata: file.metadata, to: path)
            return true
        }
    }

    /// Opens a file of tensors, whose bytes are compared when they are read.
    ///
    /// - Parameter seal: the seal it must have; `nil` for a file of an earlier version.
    static func open(_ path: String, seal: String?) throws -> SafetensorsFile {
        let file = try SafetensorsFile(path: path)
        guard seal == nil || seal == file.seal?.hexadecimal else {
            throw TrainingError("\(path): is not the file that the checkpoint names")
        }
        return file
    }
}

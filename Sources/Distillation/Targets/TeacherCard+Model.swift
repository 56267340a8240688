import Base
import Foundation
import Loading
import Models
import Recipes
import Torch

extension TeacherCard {
    /// Makes what answers, with its weights.
    ///
    /// - Parameter report: is told of each liberty that loading the weights took.
    /// - Throws: `TorchError` if the weights are missing or do not fit the card; `TrainingError` if
    ///   they are not the ones the card names by SHA-256, or the card is of responses.
    package func makeModel(
        on device: Device, report: (String) -> Void = { StandardStreams.report($0 + "\n") }
    ) throws -> any InferenceModel {
        let model = try makeOutputs(on: device, report: report)
        guard let classMap else { return model }
        return try SelectedClasses(classMap, of: model, on: device)
    }

    /// The same with all its outputs.
    private func makeOutputs(
        on device: Device, report: (String) -> Void
    ) throws -> any InferenceModel {
        switch subject {
        case .network(let described):
            let file = try openWeights()
            let network = try described.architecture.makeNetwork(classes: outputs, device: device)
            directory?.notices.forEach { report("\(name): \($0)".printable) }
            try network.load(file, layout: weights?.layout).forEach(report)
            return network
        case .exported(let exported):
            let (file, sha256) = (try requireWeights().file, weights?.sha256)
            // What is not there is told when it is opened.
            if sha256 != nil, !FileKind.isMissing(file) {
                try check(SHA256Sum.ofFile(file), of: file)
            }
            return try ExportedModel(
                path: file, format: exported.format, classes: outputs,
                size: exported.preprocessing.size, batch: exported.interface.batch,
                input: exported.interface.input.dtype, output: exported.interface.output,
                device: device)
        case .ensemble(let ensemble):
            return try EnsembleModel(ensemble, on: device, report: report)
        case .responses:
            throw TrainingError(
                "teacher \(name) is a file of precomputed responses and cannot be run",
                .teacherIsFile)
        }
    }

    /// Opens a network's weights.
    ///
    /// - Throws: `TorchError` for what are no weights; `TrainingError` if the card names other weights
    ///   by SHA-256, or no network.
    package func openWeights() throws -> any WeightsArchive {
        guard network != nil else {
            throw TrainingError(
                "teacher \(name) is of kind \(kind): no weights can be read from it")
        }
        let weights = try requireWeights()
        let file = try WeightsArchives.open(weights.file, entry: weights.entry)
        if weights.sha256 != nil { try check(file.digest(), of: weights.file) }
        return file
    }

    private func requireWeights() throws(TrainingError) -> Weights {
        guard let weights else {
            throw TrainingError("teacher \(name) is an ensemble, whose members have the weights")
        }
        return weights
    }

    /// Refuses another file than the one that the card names by its SHA-256.
    private func check(_ found: String, of file: String) throws(TrainingError) {
        guard let expected = weights?.sha256, found != expected else { return }
        throw TrainingError(
            "\(file): SHA-256 is \(found), card \(name) says \(expected); fetch the right weights "
                + "or mend the card")
    }

    /// What stands for its weights in a cache's identity: their SHA-256, of an ensemble that over those
    /// of its members; `nil` where they are not on this machine and no card says it.
    package func weightsDigest() throws -> String? {
        if case .ensemble(let ensemble) = subject {
            var digests: [String] = []
            for member in ensemble.members {
                guard let digest = try member.card.weightsDigest() else { return nil }
                digests.append(digest)
            }
            return SHA256Sum(Data(digests.joined(separator: "\n").utf8)).hexadecimal
        }
        guard let weights else { return nil }
        if let digest = weights.sha256 { return weightsIdentity(digest: digest) }
        guard !FileKind.isMissing(weights.file) else { return nil }
        return weightsIdentity(digest: try WeightsArchives.digest(at: weights.file))
    }
}

extension Preprocessing {
    /// How the teacher's own evaluation brings images to size.
    package var transform: EvaluationTransform {
        EvaluationTransform(
            size: size, resize: resize, interpolation: interpolation)
    }
}

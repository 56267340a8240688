import Base
import Foundation
import Loading
import Models
import Recipes
import Torch

extension TeacherCard {
    /// Makes what answers, with its weights.
    ///
    /// - Parameters:
    ///   - weights: in place of the card's; only a network takes others.
    ///   - report: is told of each liberty that loading the weights took.
    /// - Throws: `TorchError` if the weights are missing or do not fit the card; `TrainingError` if
    ///   they are not the ones the card names by SHA-256, or the card is of responses.
    package func makeModel(
        on device: Device, weights: SafetensorsFile? = nil,
        report: (String) -> Void = { StandardStreams.report($0 + "\n") }
    ) throws -> any InferenceModel {
        let model = try makeOutputs(on: device, weights: weights, report: report)
        guard let classMap else { return model }
        return try SelectedClasses(classMap, of: model, on: device)
    }

    /// The same with all its outputs.
    private func makeOutputs(
        on device: Device, weights: SafetensorsFile?, report: (String) -> Void
    ) throws -> any InferenceModel {
        switch subject {
        case .network(let described):
            let network = try described.architecture.makeNetwork(classes: outputs, device: device)
            try network.load(weights ?? openWeights()).forEach(report)
            return network
        case .exported(let exported):
            return try ExportedModel(
                path: checkedFile(), format: exported.format, classes: outputs,
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
    /// - Throws: `TorchError` for what is no safetensors file; `TrainingError` if the card names
    ///   other weights by SHA-256, or no network.
    package func openWeights() throws -> SafetensorsFile {
        guard network != nil else {
            throw TrainingError(
                "teacher \(name) is of kind \(kind): no weights can be read from it")
        }
        return try SafetensorsFile(path: checkedFile())
    }

    /// The file of weights, which is the one that the card names by its SHA-256.
    private func checkedFile() throws -> String {
        guard let weightsFile else {
            throw TrainingError("teacher \(name) is an ensemble, whose members have the weights")
        }
        guard let expected = weightsSHA256, !FileKind.isMissing(weightsFile) else {
            return weightsFile
        }
        let found = try SHA256Sum.ofFile(weightsFile)
        guard found == expected else {
            throw TrainingError(
                "\(weightsFile): SHA-256 is \(found), card \(name) says \(expected); fetch the "
                    + "right weights or mend the card")
        }
        return weightsFile
    }

    /// The SHA-256 of its weights, of an ensemble over those of its members; `nil` where they are not on
    /// this machine and no card says it.
    package func weightsDigest() throws -> String? {
        if case .ensemble(let ensemble) = subject {
            var digests: [String] = []
            for member in ensemble.members {
                guard let digest = try member.card.weightsDigest() else { return nil }
                digests.append(digest)
            }
            return SHA256Sum(Data(digests.joined(separator: "\n").utf8)).hexadecimal
        }
        if let weightsSHA256 { return weightsSHA256 }
        guard let weightsFile, !FileKind.isMissing(weightsFile) else { return nil }
        return try SHA256Sum.ofFile(weightsFile)
    }
}

extension Preprocessing {
    /// How the teacher's own evaluation brings images to size.
    package var transform: EvaluationTransform {
        EvaluationTransform(
            size: size, resize: resize, interpolation: interpolation)
    }
}

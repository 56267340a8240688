import Base
import Models
import StrictYAML
import Torch

extension TeacherCard {
    /// Makes a card of a Hugging Face directory: `config.json`, `preprocessor_config.json` and weights.
    ///
    /// - Throws: `YAMLError` with the file in which something is wrong; `TorchError` if the number of
    ///   classes is to be taken from the weights, and these cannot be read.
    init(huggingFace folder: String) throws {
        let read = try HuggingFaceDirectory(folder)
        let file = try WeightsArchives.file(at: folder)
        let classes =
            try read.classes ?? read.architecture.classes(of: WeightsArchives.open(file))
        guard Limits.classes.contains(classes) else {
            throw YAMLError(
                place: read.configuration,
                message: "\(classes) classes; \(Limits.classes.lowerBound) to "
                    + "\(Limits.classes.upperBound) are possible")
        }
        if let fault = read.architecture.fault(classes: classes) {
            throw YAMLError(place: read.configuration, message: fault.message)
        }
        self.init(
            name: read.name, classes: classes, classNames: read.classNames,
            network: Network(architecture: read.architecture, preprocessing: read.preprocessing),
            file: file, sha256: nil, source: folder, top1: nil)
        directory = Directory(notices: read.notices)
    }
}

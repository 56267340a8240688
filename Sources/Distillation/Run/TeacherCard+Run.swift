import Base
import Foundation
import Recipes

extension TrainingSetup {
    /// The card with which a training's result teaches others, for a file in the run's folder.
    func card(of result: TrainingResult) throws -> TeacherCard {
        let file = result.weights.fileName
        return TeacherCard(
            name: result.name, classes: recipe.data.classes,
            classNames: description.classes?.asClassNames,
            network: .init(
                architecture: step.network.architecture, preprocessing: recipe.preprocessing),
            file: file, sha256: try SHA256Sum.ofFile(folder.file(file)),
            source: "trained by understudy with recipe \(result.name)",
            top1: (100 * result.top1).rounded() / 100)
    }
}

extension TeacherCard {
    /// Writes the card in place of one that is there.
    func write(to path: String) throws {
        try AtomicFile.write(Data(yaml.utf8), to: path)
    }
}

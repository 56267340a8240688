import Loading
import Recipes

extension TeacherCard {
    /// Refuses a teacher whose classes stand in another order than the data's, or are others, as far as
    /// both are known by name.
    ///
    /// - Throws: `TrainingError` with the first class that differs.
    func checkClasses(of dataset: ImageDataset) throws(TrainingError) {
        guard let classNames, dataset.namesClasses else { return }
        for (label, (own, other)) in zip(classNames, dataset.classes).enumerated()
        where own != other {
            throw TrainingError(
                "teacher \(name) calls class \(label) '\(own.clipped)', and \(dataset.path) calls it "
                    + "'\(other.clipped)': name the data's classes in the teacher's order in "
                    + "classes.txt, or mend the card's")
        }
    }
}

extension ImageDataset {
    /// Whether its classes have names, and not only numbers, as those of a list without `classes.txt`.
    fileprivate var namesClasses: Bool { classes != classes.indices.map { "\($0)" } }
}

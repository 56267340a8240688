import Loading
import Recipes

extension TeacherCard {
    /// Refuses a teacher whose classes stand in another order than the data's, or are others, as far as
    /// both are known by name.
    ///
    /// - Throws: `TrainingError` with the first class that differs.
    func checkClasses(of dataset: ImageDataset) throws(TrainingError) {
        guard let classNames, let names = dataset.classes.asClassNames else { return }
        // The labels of a Hugging Face directory are words; folders of images may have the ids.
        guard directory == nil || Set(classNames) == Set(names) else { return }
        for (label, (own, other)) in zip(classNames, names).enumerated()
        where own != other {
            throw TrainingError(
                "teacher \(name) calls class \(label) '\(own.clipped)', and \(dataset.path) calls it "
                    + "'\(other.clipped)': name the data's classes in the teacher's order in "
                    + "classes.txt, or mend the card's")
        }
    }
}

extension [String] {
    /// A data set's classes, if they have names: those of a list without `classes.txt` are only numbers.
    var asClassNames: [String]? { self == indices.map { "\($0)" } ? nil : self }
}

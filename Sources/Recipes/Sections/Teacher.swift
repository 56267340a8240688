import StrictYAML

extension Recipe {
    /// A network whose responses are distilled.
    package struct Teacher: Section, Equatable {
        package var card = ""
        /// Above 0; those of a recipe's teachers sum to 1.
        package var weight = 1.0
        /// Part of what determines a response.
        package var precision = Precision.fp32

        /// What is to be set where a teacher is missing. It fits a file without the key, which has to be
        /// written, as well as one that says `teacher: none`, which may not have it twice.
        package static let advice = "teacher to {card: FILE}"

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key("card", \.card, .path, "the teacher card's file"),
            weightKey,
            Key(
                "precision", \.precision, .choice, hasDefault: true,
                "what the teacher's forward pass runs in"),
        ]

        /// The bound keeps the sum of several finite.
        private static let weightKey = Key<Self>(
            "weight", \.weight,
            .number(in: .above(0, to: 1e6)),
            hasDefault: true, "its share of the target; the weights are divided by their sum")

        /// Those of a teacher that is alone: it has no weight.
        private static let keysOfOne = keys.filter { $0.name != weightKey.name }
    }
}

extension Recipe.Teacher {
    /// The recipe's key `teacher`, which reads `teachers` as well: they stand for one list.
    static let single = Key<Recipe>(
        "teacher", expected: "a mapping or none",
        read: { (file, recipe) throws(YAMLError) in recipe.teachers = try all(file) },
        write: { recipe in
            guard let teacher = recipe.teachers.first else { return YAMLValue.none }
            return recipe.teachers.count == 1 ? .block(teacher.entries(keys: keysOfOne)) : nil
        },
        hasDefault: true, section: keysOfOne.flatMap(\.descriptions),
        "the network whose responses are distilled; none for supervised training")

    /// The recipe's key `teachers`.
    static let several = Key<Recipe>(
        "teachers", expected: "a list of at least 2 mappings, or none",
        read: { (_, _) throws(YAMLError) in },
        write: { recipe in
            recipe.teachers.count > 1 ? .list(recipe.teachers.map { $0.entries() }) : nil
        },
        hasDefault: true, section: descriptions,
        "several networks whose responses are mixed, in place of `teacher`")

    /// The teacher of section `teacher`, those of the list `teachers`, or none.
    private static func all(_ file: SectionReader) throws(YAMLError) -> [Self] {
        let one = try file.optionalSection(
            "teacher", known: keysOfOne.map(\.name), mayBeAbsent: true)
        let several = try file.optionalSections("teachers", atLeast: 2, known: known)
        guard let several else {
            guard file.isSound("teacher"), file.isSound("teachers"), let one else { return [] }
            return [try Self(one, keys: keysOfOne)]
        }
        guard one == nil else {
            throw file.error(
                "teachers", "teachers takes the place of teacher: set one of the two to none")
        }
        return try mixture(several)
    }

    /// Several teachers, their weights divided by the sum.
    private static func mixture(_ sections: [SectionReader]) throws(YAMLError) -> [Self] {
        var teachers: [Self] = []
        for section in sections {
            let teacher = try Self(section)
            let index = teachers.firstIndex {
                $0.card == teacher.card && section.isSound("card")
            }
            if let index {
                throw section.error(
                    "card",
                    "\(section.dotted("card")) is the card of \(sections[index].path), too; name "
                        + "each teacher once, with its whole weight")
            }
            teachers.append(teacher)
        }
        let sum = teachers.reduce(0) { $0 + $1.weight }
        // What was divided already, in a resolved recipe, keeps its last bit.
        guard abs(sum - 1) > 1e-9 else { return teachers }
        for index in teachers.indices {
            teachers[index].weight /= sum
            guard teachers[index].weight > 0 else {
                throw sections[index].error(
                    "weight",
                    "\(sections[index].dotted("weight")) vanishes beside the others; leave this "
                        + "teacher out")
            }
        }
        return teachers
    }
}

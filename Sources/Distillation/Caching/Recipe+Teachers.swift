import Base
import Foundation
import Recipes
import ResponseCache
import StrictYAML

extension Recipe {
    /// A teacher of the recipe and its card.
    struct CardedTeacher {
        let section: Teacher
        let card: TeacherCard
    }

    /// The teachers with their cards, in the recipe's order.
    ///
    /// - Throws: `YAMLError` for a card that cannot be read; `TrainingError` if two have one name,
    ///   by which their caches could not be told apart.
    func cardedTeachers() throws -> [CardedTeacher] {
        try namedTeachers().map { teacher in
            CardedTeacher(
                section: teacher.section,
                card: try teacher.card ?? TeacherCard(contentsOf: teacher.section.card))
        }
    }

    /// The teacher whose cache is to be made or looked at.
    ///
    /// - Parameter name: its card's name, or the file's name without its ending where there is no
    ///   card yet; needed where the recipe has several.
    /// - Throws: `TrainingError`, listing the names, if there is no such teacher, or several and no
    ///   name; `YAMLError` for a card that is there and cannot be read.
    package func teacher(named name: String?) throws -> Teacher {
        guard let first = teachers.first else {
            throw TrainingError("recipe \(self.name) has no teacher: set \(Teacher.advice)")
        }
        if name == nil, teachers.count == 1 { return first }
        let known = try namedTeachers()
        let names = known.map(\.name).joined(separator: ", ")
        guard let name else {
            throw TrainingError(
                "recipe \(self.name) has \(teachers.count) teachers",
                .teacherUnnamed(known.map(\.name)))
        }
        guard let found = known.first(where: { $0.name == name }) else {
            throw TrainingError(
                "recipe \(self.name) has no teacher '\(name)'; its teachers: \(names)")
        }
        return found.section
    }

    /// A teacher whose responses are to be cached, with its card.
    ///
    /// - Parameter card: the card where there is no file of it yet.
    /// - Throws: `TrainingError` if the recipe has no cache section, or the teacher's classes are
    ///   not the recipe's; `YAMLError` for a card that cannot be read.
    func carded(_ section: Teacher, card: TeacherCard? = nil) throws -> CardedTeacher {
        _ = try requiredCache()
        let card = try card ?? TeacherCard(contentsOf: section.card)
        guard card.classes == data.classes else {
            throw TrainingError(
                "teacher \(card.name) has \(card.classes) classes, recipe \(name) has "
                    + "\(data.classes); choose a teacher of the same classes")
        }
        return CardedTeacher(section: section, card: card)
    }

    /// The cache section, which says how a cache is laid out; a recipe with a teacher has one unless it
    /// says that it has none.
    func requiredCache() throws(TrainingError) -> Cache {
        guard let cache else {
            throw TrainingError(
                "recipe \(name) says cache: none: remove that, or set cache to {epochs: N}")
        }
        return cache
    }

    /// Checks that the cache is to have these epochs.
    ///
    /// - Throws: `TrainingError` if it has fewer, or the recipe names no cache.
    package func checkCached(epochs: Range<Int>) throws(TrainingError) {
        let all = try requiredCache().epochs
        guard epochs.upperBound <= all else {
            throw TrainingError(
                "epochs \(epochs) end beyond the \(all) of the cache", .epochsBeyondCache)
        }
    }

    /// The teachers with their names, no two alike; no card where there is no such file.
    private func namedTeachers() throws -> [(name: String, section: Teacher, card: TeacherCard?)] {
        var named: [(name: String, section: Teacher, card: TeacherCard?)] = []
        for section in teachers {
            let card =
                FileKind.isMissing(section.card) ? nil : try TeacherCard(contentsOf: section.card)
            let file = URL(fileURLWithPath: section.card).deletingPathExtension()
            let name = card?.name ?? file.lastPathComponent
            if let other = named.first(where: { $0.name == name }) {
                throw TrainingError(
                    "\(section.card) and \(other.section.card) both name their teacher \(name); "
                        + "give one another name")
            }
            named.append((name, section, card))
        }
        return named
    }
}

extension Recipe.Cache {
    /// How rows are stored.
    package var rowEncoding: RowEncoding {
        switch encoding {
        case .dense: .dense
        case .topK(let k): .topK(k)
        case .bounded(let maxKL): .bounded(maxKL: maxKL)
        }
    }
}

import Base
import Foundation
import ResponseCache

/// Finds out which teacher of a recipe each cache belongs to.
struct CacheAssignment {
    /// A teacher that needs a cache.
    struct Candidate {
        let name: String
        let identity: CacheIdentity
    }

    /// The recipe's name, for errors.
    let recipe: String
    /// The recipe's teachers, in its order; no two of one name.
    let teachers: [Candidate]

    /// Whether a cache is there, whole or not.
    static func isBegun(_ directory: String) -> Bool {
        !FileKind.isMissing("\(directory)/manifest.json")
    }

    /// The cache of each teacher, in the order of the teachers.
    ///
    /// - Parameters:
    ///   - given: the caches, in any order.
    ///   - areMade: whether those that are not there yet will be made; they go to the teachers that
    ///     have none, in order.
    /// - Throws: `TrainingError` if teachers and caches do not match one to one; `CacheError`,
    ///   listing the fields, for a cache of other responses of a teacher.
    func directories(_ given: [String], areMade: Bool) throws -> [String] {
        var found: [String?] = teachers.map { _ in nil }
        var new: [String] = []
        for directory in given {
            if areMade, !Self.isBegun(directory) {
                new.append(directory)
                continue
            }
            let index = try teacher(of: directory)
            if let other = found[index] {
                throw TrainingError(
                    "\(other) and \(directory) both hold the responses of teacher "
                        + "\(teachers[index].name); pass one of them")
            }
            found[index] = directory
        }
        for directory in new {
            guard let index = found.firstIndex(of: nil) else {
                throw TrainingError(
                    "\(directory): there is no such cache, and each teacher of recipe \(recipe) "
                        + "(\(names)) has one; leave it out")
            }
            guard !found.contains(directory) else {
                throw TrainingError(
                    "\(directory): is given twice; each teacher needs a cache of its own")
            }
            found[index] = directory
        }
        return try zip(teachers, found).map { teacher, directory in
            guard let directory else {
                throw TrainingError(
                    "teacher \(teacher.name) of recipe \(recipe) has no cache",
                    .cacheUnnamed(teacher: teacher.name))
            }
            return directory
        }
    }

    /// The index of the teacher whose responses a cache holds.
    private func teacher(of directory: String) throws -> Int {
        let manifest = try CacheReader(directory: directory).manifest
        // A single teacher is compared with whatever is there, its name being one of the fields.
        let index =
            teachers.count == 1
            ? 0 : teachers.firstIndex { $0.name == manifest.teacher }
        guard let index else {
            throw TrainingError(
                "\(directory): holds the responses of teacher \(manifest.teacher), and recipe "
                    + "\(recipe) has \(names); leave it out, or name its teacher in the recipe")
        }
        _ = try CacheReader(
            directory: directory,
            expecting: teachers[index].identity.expectation(for: manifest))
        return index
    }

    private var names: String { teachers.map(\.name).joined(separator: ", ") }
}

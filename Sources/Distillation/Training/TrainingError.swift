import Base

/// Training or caching that cannot go on: what is wrong and where.
package struct TrainingError: Error, CustomStringConvertible, Equatable {
    /// One line.
    package let description: String
    /// What kind of fault it is, where a caller knows more of what to do about it.
    package let kind: Kind?

    /// Makes an error of one line.
    package init(_ description: String, _ kind: Kind? = nil) {
        self.description = description.printable
        self.kind = kind
    }

    /// A fault that whoever asked for the work can do something about.
    package enum Kind: Sendable, Equatable {
        /// The run's folder has no name.
        case runUnnamed
        /// The run's folder holds a training already.
        case runExists
        /// Another process trains in the run's folder.
        case runBusy
        /// What is at the run's path is no folder.
        case runIsNoFolder
        /// The run's folder holds something else than a training.
        case runIsForeign
        /// The run is damaged, or was begun with something else; another folder would do.
        case runUnfit
        /// The run was begun from other initial weights.
        case runOfOtherWeights
        /// Weights are to be kept, and none are named.
        case weightsUnnamed
        /// None of the snapshots that are averaged is whole.
        case snapshotsLost
        /// Responses are to be made for a training that needs none.
        case cacheUnneeded
        /// The training needs a cache, of each of so many teachers.
        case cachesUnnamed(teachers: Int)
        /// A teacher has no cache.
        case cacheUnnamed(teacher: String)
        /// Parts of a cache are missing: of a teacher, where there are several.
        case partsMissing(teacher: String?)
        /// A cache holds fewer epochs than the training sees: of a teacher, where there are several.
        case epochsMissing(teacher: String?)
        /// The cache of a recipe has fewer epochs than were asked for.
        case epochsBeyondCache
        /// The recipe has several teachers, of these names.
        case teacherUnnamed([String])
        /// The teacher is a file of responses, and no network to run.
        case teacherIsFile
        /// The teacher is a network, and no file of responses.
        case teacherIsNetwork
        /// The environment does not say which share of a cache is this process's.
        case shareUnknown(Correction)
        /// The environment does not say which GPU is this process's.
        case deviceUnknown

        /// What in the environment can be mended, if not by naming the share.
        package enum Correction: Sendable, Equatable { case none, variables, numbers }
    }
}

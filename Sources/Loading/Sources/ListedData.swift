import Recipes
import Synchronization

/// The numbers of a recipe's training data, from its list.
///
/// A recipe that states what follows from them needs no list. One that was made serves the loader of
/// its views as well (`LoadingOptions.listed`): to list a million files twice may take minutes.
package final class ListedData: DataCounts, Sendable {
    private let images: Int?
    private let listed = Mutex<(path: String, result: Result<ImageDataset, any Error>)?>(nil)

    /// - Parameter images: how many images there are, where that is known otherwise.
    package init(images: Int? = nil) { self.images = images }

    package func images(of data: Recipe.Data) throws -> Int {
        if let images { return images }
        return try dataset(data.train).samples.count
    }

    package func classes(of data: Recipe.Data) throws -> Int {
        try dataset(data.train).classes.count
    }

    /// The data set at a path, listed before or now.
    func dataset(_ path: String, expectedClasses: Int) throws -> ImageDataset {
        let there = listed.withLock { $0.flatMap { $0.path == path ? try? $0.result.get() : nil } }
        if let there, there.classes.count == expectedClasses { return there }
        return try ImageDataset(path, expectedClasses: expectedClasses)
    }

    private func dataset(_ path: String) throws -> ImageDataset {
        try listed.withLock { listed in
            if let listed, listed.path == path { return try listed.result.get() }
            let result = Result { try ImageDataset(path) }
            listed = (path, result)
            return try result.get()
        }
    }
}

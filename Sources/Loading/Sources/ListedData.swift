import Recipes
import Synchronization

/// The numbers of a recipe's training data, from its list.
///
/// A recipe that states what follows from them needs no list. One that was made serves the loader of
/// its views as well (`LoadingOptions.listed`): to list a million files twice may take minutes.
package final class ListedData: DataCounts, Sendable {
    private let images: Int?
    private let listed = Mutex<(paths: Paths, result: Result<ImageDataset, any Error>)?>(nil)

    /// What was listed.
    private struct Paths: Equatable {
        let train: String?
        let unlabeled: String?

        init(_ data: Recipe.Data) { (train, unlabeled) = (data.train, data.unlabeled) }
    }

    /// - Parameter images: how many there are, where that is known otherwise.
    package init(images: Int? = nil) { self.images = images }

    package func images(of data: Recipe.Data) throws -> Int {
        if let images { return images }
        return try list(data).samples.count
    }

    package func classes(of data: Recipe.Data) throws -> Int {
        guard data.train != nil else { return try ImageDataset(data.val).classes.count }
        return try list(data).classes.count
    }

    /// A recipe's training images, listed before or now.
    func dataset(_ data: Recipe.Data) throws -> ImageDataset {
        let there = listed.withLock { listed in
            listed.flatMap { $0.paths == Paths(data) ? try? $0.result.get() : nil }
        }
        if let there, data.train == nil || there.classes.count == data.classes { return there }
        return try ImageDataset(data)
    }

    /// Lists them whatever the number of their classes.
    private func list(_ data: Recipe.Data) throws -> ImageDataset {
        let paths = Paths(data)
        return try listed.withLock { listed in
            if let listed, listed.paths == paths { return try listed.result.get() }
            let result = Result { try ImageDataset(data, checksClasses: false) }
            listed = (paths, result)
            return try result.get()
        }
    }
}

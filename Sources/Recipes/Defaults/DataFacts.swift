/// What keys of a recipe may follow from that its file does not say: the training data's numbers.
///
/// A cache's fingerprint holds both, so that a cache and its student come to the same keys wherever
/// they run.
package enum DataFacts {
    /// They are not to be had: a recipe states the keys that follow from them, or is an error.
    case unknown
    /// Nobody will look at keys that follow from them: they keep stand-ins. For who wants other
    /// sections of a recipe, on a machine without its images.
    case unneeded
    /// Whoever knows the data tells them.
    case counted(any DataCounts)
}

/// The numbers of a recipe's training data, asked for only where a key follows from them.
package protocol DataCounts {
    /// How many training images there are, those without labels among them.
    func images(of data: Recipe.Data) throws -> Int

    /// How many classes there are: of the validation images where no training image has a label.
    func classes(of data: Recipe.Data) throws -> Int
}

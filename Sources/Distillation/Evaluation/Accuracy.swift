/// The share of images whose label is the first, or among the first five, of a network's classes.
package struct Accuracy: Sendable, Equatable {
    /// Images whose most probable class is their label.
    package private(set) var correct1 = 0
    /// Images whose label is among the five most probable classes.
    package private(set) var correct5 = 0
    /// Images in all.
    package private(set) var images = 0

    /// That of no images.
    package init() {}

    package init(correct1: Int, correct5: Int, images: Int) {
        self.correct1 = correct1
        self.correct5 = correct5
        self.images = images
    }

    /// Top-1 accuracy, in percent.
    package var top1: Double { 100 * Double(correct1) / Double(max(images, 1)) }
    /// Top-5 accuracy, in percent; with fewer than five classes, of all of them.
    package var top5: Double { 100 * Double(correct5) / Double(max(images, 1)) }

    /// Counts an image.
    ///
    /// - Parameter classes: the five most probable ones, or all where there are fewer, the most
    ///   probable first.
    package mutating func count(label: Int, among classes: ArraySlice<Int64>) {
        correct1 += classes.first == Int64(label) ? 1 : 0
        correct5 += classes.contains(Int64(label)) ? 1 : 0
        images += 1
    }
}

/// What is wrong with one part.
package struct CacheFault: Codable, Equatable, Sendable {
    /// The cache's epoch, from 0.
    package let epoch: Int
    /// The part within the epoch, from 0.
    package let part: Int
    /// One line: the file, the attribute, dataset or row, and what to do.
    package let message: String

    init(_ part: PartID, _ message: String) {
        (epoch, self.part, self.message) = (part.epoch, part.index, message)
    }
}

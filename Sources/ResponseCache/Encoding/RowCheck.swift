/// What makes a row of probabilities storable.
package enum RowCheck {
    /// How far from 1 a row's sum may be: float32 softmax over 65,536 classes stays well within it,
    /// and a forgotten softmax does not.
    static let tolerance = 1e-3

    /// What errors call the response to a slot.
    static func name(epoch: Int, slot: Int) -> String {
        "the teacher's response for epoch \(epoch), slot \(slot)"
    }

    /// The row's sum, and how many of its values are positive.
    ///
    /// - Throws: `CacheError` if it is no distribution.
    static func sum(
        of row: some Collection<Float>, name: @autoclosure () -> String
    ) throws(CacheError) -> (sum: Double, positive: Int) {
        var sum = 0.0
        var positive = 0
        for (index, value) in row.enumerated() {
            // Written so that NaN fails, too.
            guard value >= 0, value < .infinity else {
                throw CacheError("\(name()): the probability of class \(index) is \(value)")
            }
            sum += Double(value)
            positive += value > 0 ? 1 : 0
        }
        guard abs(sum - 1) <= tolerance else {
            throw CacheError("\(name()): the probabilities sum to \(sum), not to 1")
        }
        return (sum, positive)
    }

    /// Checks that responses to consecutive slots are distributions.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, classes]`.
    ///   - slot: the first row's.
    /// - Throws: `CacheError` naming the epoch, the slot and what is wrong.
    package static func check(
        _ probabilities: [Float], classes: Int, epoch: Int, from slot: Int
    ) throws(CacheError) {
        for row in 0..<probabilities.count / classes {
            _ = try sum(
                of: probabilities[row * classes..<(row + 1) * classes],
                name: name(epoch: epoch, slot: slot + row))
        }
    }
}

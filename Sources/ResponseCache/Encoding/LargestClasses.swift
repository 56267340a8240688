/// Finds the most probable classes of rows, with memory that it keeps from row to row.
struct LargestClasses {
    private var keys: [UInt64] = []

    /// The class at a rank of the last selection, most probable first, equals by lower index.
    subscript(rank: Int) -> Int { Int(~UInt32(truncatingIfNeeded: keys[rank])) }

    /// Selects the `count` largest of a row's values, none of them negative.
    ///
    /// A key orders by value and then by lower index: the bits of a non-negative float ascend with
    /// its value, and the index is inverted. `keys` is a heap with its smallest key on top, so most
    /// classes cost one comparison.
    mutating func select(_ count: Int, of row: UnsafeBufferPointer<Float>) {
        let classes = row.count
        precondition((1...classes).contains(count), "\(count) of \(classes) classes")
        keys.removeAll(keepingCapacity: true)
        // + 0 turns -0, whose bits would sort above everything, into 0.
        func key(_ index: Int) -> UInt64 {
            UInt64((row[index] + 0).bitPattern) << 32 | UInt64(~UInt32(index))
        }
        for index in 0..<count { keys.append(key(index)) }
        keys.withUnsafeMutableBufferPointer { keys in
            func sink(_ start: Int, _ key: UInt64) {
                var hole = start
                while true {
                    var child = 2 * hole + 1
                    guard child < count else { break }
                    if child + 1 < count, keys[child + 1] < keys[child] { child += 1 }
                    guard keys[child] < key else { break }
                    keys[hole] = keys[child]
                    hole = child
                }
                keys[hole] = key
            }
            for start in stride(from: count / 2 - 1, through: 0, by: -1) {
                sink(start, keys[start])
            }
            for index in count..<classes {
                let candidate = key(index)
                if candidate > keys[0] { sink(0, candidate) }
            }
            keys.sort(by: >)
        }
    }
}

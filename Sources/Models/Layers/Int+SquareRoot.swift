extension Int {
    /// The whole number of which this is the square; nil if there is none from 1 to 2²⁶.
    var squareRoot: Int? {
        guard (1...1 << 52).contains(self) else { return nil }
        let root = Int(Double(self).squareRoot().rounded())
        return root * root == self ? root : nil
    }
}

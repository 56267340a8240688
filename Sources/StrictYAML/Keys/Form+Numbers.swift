extension Form where Value == Int {
    /// A whole number in `range`.
    package static func integer(in range: ClosedRange<Int>) -> Form {
        Form(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { node in
                Scalar.integer(node, as: Int.self).flatMap { range.contains($0) ? $0 : nil }
            }, write: { "\($0)" })
    }
}

extension Form where Value == UInt64 {
    /// A whole number of 64 bits without sign.
    package static var unsigned: Form {
        Form(
            expected: "a whole number from 0 to \(UInt64.max)",
            parse: { Scalar.integer($0, as: UInt64.self) }, write: { "\($0)" })
    }
}

extension Form where Value == [Int] {
    /// A list of `count` whole numbers in `range`.
    package static func integers(_ count: Int, in range: ClosedRange<Int>) -> Form {
        Form(
            expected: "a list of \(count) whole numbers from \(range.lowerBound) to "
                + "\(range.upperBound)",
            read: { (given) throws(YAMLError) in
                guard case .list(let items) = given.node.content, items.count == count else {
                    throw given.mismatch()
                }
                var numbers: [Int] = []
                for item in items {
                    guard let number = Scalar.integer(item, as: Int.self), range.contains(number)
                    else { throw given.mismatch(of: item) }
                    numbers.append(number)
                }
                return numbers
            }, write: { "[\($0.map(String.init).joined(separator: ", "))]" })
    }
}

extension Form where Value == Double {
    package static func number(in bounds: NumberBounds) -> Form {
        Form(
            expected: bounds.phrase, title: bounds.title,
            parse: { node in Scalar.number(node).flatMap { bounds.contains($0) ? $0 : nil } },
            write: { YAMLText.scalar($0) })
    }
}

extension Form where Value == [Double] {
    /// A list of `count` numbers, each within `bounds`.
    package static func numbers(_ count: Int, in bounds: NumberBounds) -> Form {
        Form(
            expected: "a list of \(count), each \(bounds.phrase)",
            read: { (given) throws(YAMLError) in
                guard case .list(let items) = given.node.content, items.count == count else {
                    throw given.mismatch()
                }
                var numbers: [Double] = []
                for item in items {
                    guard let number = Scalar.number(item), bounds.contains(number) else {
                        throw given.mismatch(of: item)
                    }
                    numbers.append(number)
                }
                return numbers
            }, write: { YAMLText.list($0) })
    }
}

extension Form where Value == ClosedRange<Double> {
    /// A list of two numbers within `bounds`, the lower one first.
    package static func interval(in bounds: NumberBounds) -> Form {
        let ends = Form<[Double]>.numbers(2, in: bounds)
        return Form(
            expected: ends.expected, title: "\(ends.expected), the lower first",
            read: { (given) throws(YAMLError) in
                let ends = try ends.read(given)
                return try given.interval(ends[0], ends[1])
            }, write: { ends.write([$0.lowerBound, $0.upperBound]) })
    }
}

extension Form where Value == ClosedRange<Int> {
    /// A whole number within `range`, or a list of two, the lower one first.
    package static func integers(in range: ClosedRange<Int>) -> Form {
        let each = "from \(range.lowerBound) to \(range.upperBound)"
        return Form(
            expected: "a whole number \(each), or a list of two",
            read: { (given) throws(YAMLError) in
                var items = [given.node, given.node]
                if case .list(let listed) = given.node.content { items = listed }
                guard items.count == 2 else { throw given.mismatch() }
                var ends: [Int] = []
                for item in items {
                    guard let number = Scalar.integer(item, as: Int.self), range.contains(number)
                    else { throw given.mismatch(of: item) }
                    ends.append(number)
                }
                return try given.interval(ends[0], ends[1])
            }, write: { "[\($0.lowerBound), \($0.upperBound)]" })
    }
}

extension Given {
    fileprivate func interval<Bound>(
        _ lower: Bound, _ upper: Bound
    ) throws(YAMLError) -> ClosedRange<Bound> {
        guard lower <= upper else { throw error("the first number must not exceed the second") }
        return lower...upper
    }
}

import Base
import StrictYAML

/// Which of a teacher's outputs stand for a data set's classes, in the order of the data's: a teacher of
/// ImageNet's thousand classes so serves a data set of some of them.
enum ClassMap {
    static let expected = "a list of the outputs' indices or names, a file of them, or none"

    /// A list of outputs, each by its index or its name, the path of a file with one on each line, or
    /// none.
    ///
    /// - Parameter classes: what the outputs are of; names need theirs.
    static func form(of classes: TeacherClasses) -> Form<[Int]?> {
        Form(
            expected: expected,
            read: { (given) throws(YAMLError) in
                guard !given.node.isNone else { return nil }
                switch given.node.content {
                case .list(let items):
                    var outputs: [String] = []
                    for item in items {
                        guard case .scalar(let output, _) = item.content else {
                            throw given.mismatch(of: item)
                        }
                        outputs.append(output)
                    }
                    return try indices(outputs, of: classes, given, in: "")
                case .scalar:
                    let path = try Form<String>.path.read(given)
                    let lines = try TeacherClasses.lines(of: path, given)
                    return try indices(lines, of: classes, given, in: "\(path): ")
                case .mapping: throw given.mismatch()
                }
            },
            write: { outputs in
                outputs.map { "[\($0.map(String.init).joined(separator: ", "))]" } ?? "none"
            })
    }

    /// - Parameter place: where the outputs stand, before a message.
    private static func indices(
        _ outputs: [String], of classes: TeacherClasses, _ given: Given, in place: String
    ) throws(YAMLError) -> [Int] {
        guard Limits.classes.contains(outputs.count) else {
            throw given.error(
                "\(place)\(outputs.count) classes; \(Limits.classes.lowerBound) to "
                    + "\(Limits.classes.upperBound) are possible")
        }
        let known = Dictionary(
            (classes.names ?? []).enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first })
        var indices: [Int] = []
        var labels: [Int: Int] = [:]
        for (label, output) in outputs.enumerated() {
            // A name that reads like a number is meant where there is one.
            guard let index = known[output] ?? Int(output) else {
                let reason =
                    classes.names == nil
                    ? "the card's classes have no names, so that only indices can be told"
                    : "no class of the card has this name"
                throw given.error("\(place)class \(label), '\(output.clipped)': \(reason)")
            }
            guard (0..<classes.count).contains(index) else {
                throw given.error(
                    "\(place)class \(label) is output \(index) of \(classes.count), which are "
                        + "counted from 0")
            }
            if let first = labels.updateValue(label, forKey: index) {
                throw given.error("\(place)classes \(first) and \(label) are both output \(index)")
            }
            indices.append(index)
        }
        return indices
    }
}

import Base
import StrictYAML

/// The classes that a teacher tells apart, as its card says: how many and, where they are known, their
/// names in the order of its outputs.
struct TeacherClasses: Sendable, Equatable {
    let count: Int
    let names: [String]?

    /// A number of classes, a list of their names, or the path of a file with a name on each line.
    static let form = Form<TeacherClasses>(
        expected: "\(number.expected), a list of names, or a file of names",
        read: { (given) throws(YAMLError) in
            switch given.node.content {
            case .list(let items):
                var names: [String] = []
                for item in items {
                    guard case .scalar(let name, _) = item.content else {
                        throw given.mismatch(of: item)
                    }
                    names.append(name)
                }
                return try TeacherClasses(names, given, in: "")
            case .scalar(let text, plain: true)
            where text.first?.isLetter ?? false || text.contains("/"):
                let path = try Form<String>.path.read(given)
                return try TeacherClasses(lines(of: path, given), given, in: "\(path): ")
            default:
                return TeacherClasses(count: try number.read(given), names: nil)
            }
        }, write: { $0.text })

    private static let number = Form<Int>.integer(in: Limits.classes)

    init(count: Int, names: [String]?) {
        self.count = count
        self.names = names
    }

    /// - Parameter place: where the names stand, before a message.
    private init(_ names: [String], _ given: Given, in place: String) throws(YAMLError) {
        guard Limits.classes.contains(names.count) else {
            throw given.error(
                "\(place)\(names.count) names; \(Limits.classes.lowerBound) to "
                    + "\(Limits.classes.upperBound) are possible")
        }
        var places: [String: Int] = [:]
        for (index, name) in names.enumerated() {
            guard !name.allSatisfy(\.isWhitespace) else {
                throw given.error("\(place)the name of class \(index) is empty")
            }
            if let first = places.updateValue(index, forKey: name) {
                throw given.error(
                    "\(place)classes \(first) and \(index) have the same name '\(name.clipped)'")
            }
        }
        self.init(count: names.count, names: names)
    }

    /// The names in a file, a line each, as in a data set's `classes.txt`.
    static func lines(of path: String, _ given: Given) throws(YAMLError) -> [String] {
        let bytes: [UInt8]?
        do throws(SystemFailure) {
            bytes = try BoundedFile.read(path, limit: sizeLimit)
        } catch {
            throw given.error(error.description)
        }
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
            throw given.error("\(path): is no list of names: too large, or not in UTF-8")
        }
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines.map(String.init)
    }

    /// In bytes: names of 64 letters for the most classes there can be.
    private static let sizeLimit = 64 << 20

    private var text: String {
        names.map { "[\($0.map { YAMLText.scalar($0) }.joined(separator: ", "))]" } ?? "\(count)"
    }
}

import Foundation

extension ImageDataset {
    /// Reads a list: on each line a path, a separator and a label.
    ///
    /// The separator is the line's last tab, else its last space; in a `.csv` its last comma.
    /// Relative paths start at the list's folder. Labels are all numbers from 0, or all names.
    /// Blank lines, and lines that start with `#`, mean nothing.
    static func list(_ path: String, expectedClasses: Int?) throws(DatasetError) -> Contents {
        let folder = Directory.parent(of: path)
        guard let bytes = try Descriptor.contents(of: path) else {
            throw DatasetError("\(path): went away")
        }
        let store = try FileStore(root: folder)
        let isCSV = Directory.ending(of: path) == "csv"
        var lines: [(path: String, bytes: Int, line: Int)] = []
        var labels = LabelColumn()
        var reader = LineReader(bytes, path: path)
        while let line = try reader.next() {
            guard !line.allSatisfy(\.isWhitespace), line.first != "#" else { continue }
            guard let (file, label) = split(line, isCSV: isCSV) else {
                throw reader.error(
                    "expected 'path\(isCSV ? "," : " ")label', found '\(line.prefix(80))'")
            }
            do throws(LabelColumn.Fault) {
                try labels.append(label, line: reader.line)
            } catch {
                throw reader.error(error.message)
            }
            guard let status = store.status(file) else {
                throw reader.error("\(file): cannot be read: \(String(cString: strerror(errno)))")
            }
            guard Directory.Kind(status) == .file else {
                throw reader.error("\(file): is not a regular file")
            }
            lines.append((file, Int(status.st_size), reader.line))
        }
        guard !lines.isEmpty else {
            throw DatasetError("\(path): lists no image; expected 'path label' on each line")
        }
        let (classes, numbers) = try labels.resolved(
            names: ClassNames(in: folder), expectedClasses: expectedClasses, path: path
        ) { "\(path):\(lines[$0].line)" }
        let samples = zip(lines, numbers).map {
            Sample(path: $0.path, label: $1, bytes: $0.bytes)
        }
        return Contents(classes: classes, samples: samples, store: store)
    }

    private static func split(_ line: Substring, isCSV: Bool) -> (String, Substring)? {
        let separator: Substring.Index?
        if isCSV {
            separator = line.lastIndex(of: ",")
        } else {
            // Trailing blanks would otherwise end in an empty label.
            let end = line.lastIndex { !$0.isWhitespace } ?? line.startIndex
            separator =
                line[...end].lastIndex(of: "\t") ?? line[...end].lastIndex(where: \.isWhitespace)
        }
        guard let separator else { return nil }
        let path = line[..<separator].trimmed
        let label = line[line.index(after: separator)...].trimmed
        return path.isEmpty || label.isEmpty ? nil : (String(path), label)
    }
}

/// The labels of samples as they are written, all numbers or all names.
struct LabelColumn {
    struct Fault: Error { let message: String }

    private var numbers: [Int] = []
    private var names: [String] = []
    private var firstLine = 0

    /// Appends a label.
    ///
    /// - Parameter line: its line in the list.
    mutating func append(_ text: Substring, line: Int) throws(Fault) {
        let number = Self.number(text.utf8)
        if numbers.isEmpty && names.isEmpty { firstLine = line }
        if let number, names.isEmpty {
            numbers.append(number)
        } else if number == nil, numbers.isEmpty {
            names.append(String(text))
        } else {
            throw Fault(
                message: "label '\(text)' is a \(number == nil ? "name" : "number"), line "
                    + "\(firstLine) has a \(number == nil ? "number" : "name"); write all labels "
                    + "alike")
        }
    }

    /// Appends a number.
    mutating func append(_ number: Int) { numbers.append(number) }

    /// A label of decimal digits.
    static func number(_ text: some Collection<UInt8>) -> Int? {
        guard !text.isEmpty, text.count <= 9 else { return nil }
        var value = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// The classes' names and each sample's label.
    ///
    /// Without `classes.txt` the classes are the names in the order of their code points, or the
    /// numbers up to the largest; then every class must have a sample, for a gap means labels that
    /// start at 1 or a part of a data set.
    ///
    /// - Parameters:
    ///   - path: the data set, for messages.
    ///   - place: the place of a sample, for messages.
    func resolved(
        names file: ClassNames?, expectedClasses: Int?, path: String, place: (Int) -> String
    ) throws(DatasetError) -> (classes: [String], labels: [Int]) {
        let classes: [String]
        if let file {
            classes = file.names
        } else if names.isEmpty {
            classes = try Self.numbered(numbers, path)
        } else {
            classes = Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        if let expectedClasses, classes.count != expectedClasses {
            throw DatasetError(
                "\(file?.path ?? path): \(classes.count) classes, the recipe says "
                    + "\(expectedClasses); mend data.classes"
                    + (file == nil ? ", the labels, or name all classes in classes.txt" : ""))
        }
        guard names.isEmpty else {
            var labels: [String: Int] = [:]
            for (label, name) in classes.enumerated() { labels[name] = label }
            var resolved: [Int] = []
            for (index, name) in names.enumerated() {
                guard let label = labels[name] else {
                    throw DatasetError(
                        "\(place(index)): class '\(name)' is not in \(file?.path ?? path)")
                }
                resolved.append(label)
            }
            return (classes, resolved)
        }
        if let index = numbers.firstIndex(where: { $0 >= classes.count }) {
            throw DatasetError(
                "\(place(index)): label \(numbers[index]) is beyond the \(classes.count) classes of "
                    + "\(file?.path ?? path); labels start at 0")
        }
        return (classes, numbers)
    }

    private static func numbered(_ labels: [Int], _ path: String) throws(DatasetError) -> [String] {
        let count = (labels.max() ?? 0) + 1
        // A class for each sample at most: one stray label must not ask for gigabytes.
        var isUsed = [Bool](repeating: false, count: min(count, labels.count + 1))
        for label in labels where label < isUsed.count { isUsed[label] = true }
        if let missing = isUsed.firstIndex(of: false) {
            throw DatasetError(
                "\(path): no image has label \(missing), though labels go up to \(count - 1); "
                    + "number them from 0 without gaps, or name all classes in classes.txt")
        }
        return (0..<count).map(String.init)
    }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmed: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}

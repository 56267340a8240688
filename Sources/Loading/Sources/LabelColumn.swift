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
        guard number != nil || !Self.isPlainlyNumber(text) else {
            throw Fault(
                message: "label '\(text)': write whole numbers from 0 to 999999999, or names")
        }
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

    /// Whether a text would be read as a number by a person or a spreadsheet: `10.0`, `-1`, `+3`,
    /// `1e1`, `0x1F`, `1,5`, `٣`. As a name it would be a mistake that nobody sees.
    static func isPlainlyNumber(_ text: Substring) -> Bool {
        // Nothing that begins with a letter is one, and most names do.
        guard let first = text.utf8.first, !(65...90).contains(first & 0xDF),
            text.contains(where: { $0.wholeNumberValue != nil })
        else { return false }
        var plain = ""
        for character in text {
            switch character {
            case "\u{2212}", "\u{2012}", "\u{2013}": plain.append("-")
            case ",", "\u{66B}": plain.append(".")
            case "_", "'", "\u{A0}", "\u{202F}": break
            default: plain += character.wholeNumberValue.map(String.init) ?? String(character)
            }
        }
        return Double(plain) != nil
    }

    /// A label of at most nine decimal digits.
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

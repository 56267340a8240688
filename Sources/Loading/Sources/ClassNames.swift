import Base
import Foundation

/// The file `classes.txt`: one class name on each line; a line's number, from 0, is its label.
package struct ClassNames {
    static let file = "classes.txt"

    /// The file's path.
    let path: String
    /// The names in the order of their labels.
    package let names: [String]

    /// Reads the file in a folder; nil if there is none.
    ///
    /// - Throws: `DatasetError` with file and line for an empty line or a name that comes twice.
    init?(in folder: String) throws(DatasetError) {
        try self.init(ofFile: "\(folder)/\(Self.file)")
    }

    /// Reads a file of whatever name.
    ///
    /// - Throws: as the other, and if there is no such file.
    package init(contentsOf path: String) throws(DatasetError) {
        guard let names = try Self(ofFile: path) else {
            throw .system(path, "cannot be read", ENOENT)
        }
        self = names
    }

    private init?(ofFile path: String) throws(DatasetError) {
        self.path = path
        guard let bytes = try Descriptor.contents(of: path, limit: 1 << 28) else { return nil }
        var names: [String] = []
        var lines: [String: Int] = [:]
        var reader = try LineReader(bytes, path: path)
        while let line = try reader.next() {
            guard !line.allSatisfy(\.isWhitespace) else {
                throw reader.error("an empty line; the line's number is the label, so fill it")
            }
            let name = String(line)
            if let first = lines[name] {
                throw reader.error("'\(name)' is in line \(first) already; remove one")
            }
            lines[name] = reader.line
            names.append(name)
        }
        guard !names.isEmpty else {
            throw DatasetError("\(path): names no class; write one name on each line")
        }
        self.names = names
    }

    /// The text of a file with these names.
    ///
    /// - Throws: `DatasetError` for a name that would not be read back as it is.
    static func text(_ names: [String]) throws(DatasetError) -> [UInt8] {
        var text: [UInt8] = []
        for name in names {
            guard !name.allSatisfy(\.isWhitespace),
                !name.utf8.contains(where: { $0 == 10 || $0 == 13 })
            else {
                throw DatasetError(
                    "class '\(name.split(whereSeparator: \.isNewline).joined(separator: " "))': a "
                        + "blank name or a line break in it cannot be written to \(file); rename "
                        + "the class")
            }
            text += name.utf8
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// Checks the names of class folders against the file.
    ///
    /// - Returns: the folders in the order of the file. A folder whose name is spelt with other
    ///   code points for the same characters keeps its own spelling.
    func ordering(_ folders: [Directory.Entry], of root: String) throws(DatasetError)
        -> [Directory.Entry]
    {
        var left: [String: Directory.Entry] = [:]
        for folder in folders { left[folder.name] = folder }
        var ordered: [Directory.Entry] = []
        for (index, name) in names.enumerated() {
            guard let folder = left.removeValue(forKey: name) else {
                throw DatasetError(
                    "\(path):\(index + 1): no class folder '\(name)' in \(root); mend the name or "
                        + "add the folder")
            }
            ordered.append(folder)
        }
        if let folder = folders.first(where: { left[$0.name] != nil }) {
            throw DatasetError(
                "\(path): class folder '\(folder.name)' is not listed; add a line for it or remove "
                    + "the folder")
        }
        return ordered
    }
}

import Yams

/// Where a value was written: a position in a file, or an override on the command line.
package struct Place: Sendable, CustomStringConvertible {
    /// The file as the user wrote it, or the override.
    var origin: String
    /// 1-based; `nil` for an override.
    var line: Int?
    /// 1-based, in Unicode scalars; `nil` for an override.
    var column: Int?
    /// What a relative path written here starts from, absolute.
    package var directory: String

    package var description: String {
        guard let line, let column else { return origin }
        return "\(origin):\(line):\(column)"
    }

    package func error(_ message: String) -> YAMLError {
        YAMLError(place: description, message: message)
    }

    /// The same origin at a YAML position; an override keeps none.
    func at(_ mark: Mark?) -> Place {
        guard line != nil, let mark else { return self }
        var place = self
        place.line = mark.line
        place.column = mark.column
        return place
    }
}

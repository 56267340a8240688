import Foundation
import Yams

/// A YAML value that remembers where it was written, so that an error after the merge of several
/// files still points at the text.
package struct SourcedNode: Sendable {
    package enum Content: Sendable {
        case scalar(text: String, plain: Bool)
        case list([SourcedNode])
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package var key: String
        var keyPlace: Place
        package var value: SourcedNode
    }

    package var content: Content
    package var place: Place

    /// `none`, `null` or `~`: what switches an optional section off.
    package var isNone: Bool {
        guard case .scalar(let text, plain: true) = content else { return false }
        return text == "none" || text == "null" || text == "~"
    }

    /// The value as an error message shows it: one short line.
    package var shown: String {
        switch content {
        case .scalar("", plain: true): "nothing"
        case .scalar(let text, plain: true): "'\(Self.oneLine(text))'"
        case .scalar(let text, plain: false): "the text \"\(Self.oneLine(text))\""
        case .list(let items): "a list of \(items.count)"
        case .mapping: "a mapping"
        }
    }

    /// `text` without control characters, cut to 80 characters.
    package static func oneLine(_ text: String) -> String {
        let cleaned = text.unicodeScalars.map {
            $0.properties.generalCategory == .control ? "·" : String($0)
        }
        return cleaned.count <= 80
            ? cleaned.joined() : cleaned.prefix(79).joined() + "…"
    }
}

extension SourcedNode {
    /// Recipes have dozens of values; what has more than this is an alias bomb or the wrong file.
    private static let largestTree = 10_000

    /// As many aliases can repeat a text some hundred times, before its values can be counted.
    private static let mostAliases = 16

    /// Reads one YAML document.
    ///
    /// - Parameter place: Where the text starts; lines and columns are counted from there if it has
    ///   any, and left out otherwise (an override's value).
    /// - Throws: `YAMLError` for what is not YAML, is empty, or repeats a key.
    init(parsing text: String, at place: Place) throws(YAMLError) {
        // The mark that some editors put at the start of a file says nothing in UTF-8.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.dropFirst()) : text
        guard Self.aliases(in: text) <= Self.mostAliases else {
            throw place.error("more than \(Self.mostAliases) aliases: this is not a recipe")
        }
        let root: Node?
        do {
            // Without an encoding Yams would ask the environment, and print what it says.
            root = try Yams.compose(yaml: text, .default, .default, .utf8)
        } catch let error as YamlError {
            throw Self.error(error, at: place)
        } catch {
            throw place.error("not valid YAML: \(Self.oneLine("\(error)"))")
        }
        guard let root else { throw place.error("is empty") }
        var budget = Self.largestTree
        try self.init(root, at: place, budget: &budget)
    }

    /// How many aliases a text may have: a star before a name, at the beginning of a value.
    private static func aliases(in text: String) -> Int {
        let bytes = Array(text.utf8)
        return bytes.indices.count { index in
            guard bytes[index] == UInt8(ascii: "*"), index + 1 < bytes.count else { return false }
            let isStart = index == 0 || " \t\r\n[{,:".utf8.contains(bytes[index - 1])
            return isStart && !"* \t\r\n".utf8.contains(bytes[index + 1])
        }
    }

    private init(_ node: Node, at start: Place, budget: inout Int) throws(YAMLError) {
        let place = start.at(node.mark)
        budget -= 1
        guard budget >= 0 else {
            throw place.error("more than \(Self.largestTree) values: this is not a recipe")
        }
        switch node {
        case .scalar(let scalar):
            self.init(
                content: .scalar(text: scalar.string, plain: scalar.style == .plain), place: place)
        case .sequence(let sequence):
            var items: [SourcedNode] = []
            for item in sequence {
                items.append(try SourcedNode(item, at: start, budget: &budget))
            }
            self.init(content: .list(items), place: place)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw start.at(key.mark).error("a key must be a word")
                }
                let keyPlace = start.at(key.mark)
                guard !entries.contains(where: { $0.key == name.string }) else {
                    throw keyPlace.error("duplicate key '\(Self.oneLine(name.string))'")
                }
                let value = try SourcedNode(value, at: start, budget: &budget)
                entries.append(Entry(key: name.string, keyPlace: keyPlace, value: value))
            }
            self.init(content: .mapping(entries), place: place)
        case .alias:
            throw place.error("an alias without its anchor")
        }
    }

    private static func error(_ error: YamlError, at place: Place) -> YAMLError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            place.at(mark).error("not valid YAML: \(problem)")
        case .reader(let problem, _, _, _):
            place.error("not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            place.at(context.mark).error(
                "duplicate key "
                    + duplicates.map { "'\(oneLine($0))'" }.joined(separator: ", "))
        default:
            place.error("not valid YAML: \(oneLine(error.description))")
        }
    }

    /// This value with `child`'s laid over it: mappings merge key by key, all else is replaced.
    func overlaid(with child: SourcedNode) -> SourcedNode {
        guard case .mapping(var merged) = content, case .mapping(let additions) = child.content
        else { return child }
        for entry in additions {
            if let index = merged.firstIndex(where: { $0.key == entry.key }) {
                merged[index].keyPlace = entry.keyPlace
                merged[index].value = merged[index].value.overlaid(with: entry.value)
            } else {
                merged.append(entry)
            }
        }
        // A key that is still missing is missing from the file, whatever an override added.
        return SourcedNode(
            content: .mapping(merged), place: child.place.line == nil ? place : child.place)
    }
}

/// Where a value was written: a position in a file, or an override on the command line.
package struct Place: Sendable, CustomStringConvertible {
    /// The file as the user wrote it, or the override.
    package var origin: String
    /// 1-based; `nil` for an override.
    package var line: Int?
    /// 1-based, in Unicode scalars; `nil` for an override.
    package var column: Int?
    /// What a relative path written here starts from, absolute.
    package var directory: String

    package var description: String {
        guard let line, let column else { return origin }
        return "\(origin):\(line):\(column)"
    }

    package func error(_ message: String) -> YAMLError {
        YAMLError(at: self, message: message)
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

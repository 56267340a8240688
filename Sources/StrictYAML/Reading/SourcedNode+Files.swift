import Base
import Foundation

extension SourcedNode {
    /// A recipe is a page of text; a larger file is a mistake.
    private static let largestFile = 1 << 20

    /// More files than this in a row are links that lead around.
    private static let longestChain = 16

    /// Reads a file and the file it extends, and lays the overrides over both.
    ///
    /// - Parameters:
    ///   - path: The file; relative to the working directory.
    ///   - overrides: `a.b=c`, the value in YAML.
    ///   - noun: What the file holds, for messages: "recipe".
    package static func reading(
        _ path: String, overrides: [String], noun: String
    ) throws(YAMLError) -> SourcedNode {
        let text = try contents(of: path)
        return try composing(text, path: path, overrides: overrides, noun: noun)
    }

    /// As `reading`, with the text at hand.
    package static func composing(
        _ text: String, path: String, overrides: [String], noun: String
    ) throws(YAMLError) -> SourcedNode {
        var root = try document(text, path: path, descendants: [], noun: noun)
        for override in overrides {
            root = root.overlaid(with: try parse(override: override))
        }
        return root
    }

    private static func document(
        _ text: String, path: String, descendants: [String], noun: String
    ) throws(YAMLError) -> SourcedNode {
        let place = Place(
            origin: path, line: 1, column: 1,
            directory: FilePaths.absolute(FilePaths.home(of: path)))
        var root = try SourcedNode(parsing: text, at: place)
        guard case .mapping(var entries) = root.content else {
            throw root.place.error("a \(noun) is a mapping of keys, found \(root.shown)")
        }
        guard let index = entries.firstIndex(where: { $0.key == "extends" }) else { return root }
        let extends = entries.remove(at: index).value
        root.content = .mapping(entries)
        guard case .scalar(let parent, _) = extends.content, !parent.isEmpty, !extends.isNone else {
            throw extends.place.error("extends: expected one file, found \(extends.shown)")
        }

        let parentPath = FilePaths.joined(FilePaths.home(of: path), parent)
        let chain = descendants + [path]
        let parentFile = FilePaths.absolute(parentPath)
        if chain.contains(where: { FilePaths.absolute($0) == parentFile }) {
            let circle = (chain + [parentPath]).joined(separator: " -> ")
            throw extends.place.error("extends goes in a circle: \(circle)")
        }
        guard chain.count < longestChain else {
            throw extends.place.error("extends: more than \(longestChain) files in a row")
        }
        let parentText: String
        do {
            parentText = try contents(of: parentPath)
        } catch {
            throw extends.place.error("extends: \(error)")
        }
        let base = try document(parentText, path: parentPath, descendants: chain, noun: noun)
        return base.overlaid(with: root)
    }

    /// `optimizer.lr=1e-3` as a tree of one value.
    private static func parse(override: String) throws(YAMLError) -> SourcedNode {
        let place = Place(
            origin: "--set \(oneLine(override))", line: nil, column: nil,
            directory: FilePaths.absolute("."))
        let override = override.trimmingPrefix("\u{FEFF}")
        guard let equals = override.firstIndex(of: "=") else {
            throw place.error("expected key.key=value")
        }
        let keys = override[..<equals].split(separator: ".", omittingEmptySubsequences: false)
        guard keys.allSatisfy({ !$0.isEmpty && !$0.contains(where: \.isWhitespace) }) else {
            throw place.error("expected key.key=value")
        }
        guard keys.first != "extends" else {
            throw place.error("extends belongs in a file")
        }
        let text = String(override[override.index(after: equals)...])
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw place.error("has no value; write none to switch a section off")
        }
        var node = try SourcedNode(parsing: text, at: place)
        for key in keys.reversed() {
            node = SourcedNode(
                content: .mapping([Entry(key: String(key), keyPlace: place, value: node)]),
                place: place)
        }
        return node
    }

    private static func contents(of path: String) throws(YAMLError) -> String {
        let bytes: [UInt8]?
        do {
            bytes = try BoundedFile.read(path, limit: largestFile)
        } catch {
            switch error.code {
            case ENOENT: throw YAMLError(place: path, message: "no such file")
            case EISDIR:
                throw YAMLError(place: path, message: "is a folder, expected a YAML file")
            default:
                throw YAMLError(
                    place: path, message: "cannot be read: \(error.reason)")
            }
        }
        guard let bytes else {
            throw YAMLError(place: path, message: "has more than 1 MiB, which no recipe needs")
        }
        guard !bytes.contains(0), ![[0xFF, 0xFE], [0xFE, 0xFF]].contains(bytes.prefix(2)) else {
            throw YAMLError(
                place: path, message: "is UTF-16 text, or none at all: save it as UTF-8")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw YAMLError(place: path, message: "is not UTF-8 text")
        }
        return text
    }
}

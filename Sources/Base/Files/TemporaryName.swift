import Foundation

/// The name of a file that is being written: `.tmp-<name>-<process>-<random>`, where the random part
/// has 16 hexadecimal digits, so that no file of a user's is taken for one.
package struct TemporaryName: CustomStringConvertible, Equatable, Sendable {
    /// The name that the file is to get.
    package let name: String
    private let process: String
    private let random: String

    private static let prefix = ".tmp-"
    private static let digits = 16

    /// A new one for a file of this process.
    package init(of name: String) {
        self.name = name
        process = "\(getpid())"
        var generator = SystemRandomNumberGenerator()
        let text = String(generator.next(), radix: 16)
        random = String(repeating: "0", count: Self.digits - text.count) + text
    }

    /// Reads a file's name; `nil` for one that is no temporary's.
    package init?(_ entry: String) {
        guard entry.hasPrefix(Self.prefix) else { return nil }
        let parts = entry.dropFirst(Self.prefix.count)
            .split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        random = String(parts[parts.count - 1])
        process = String(parts[parts.count - 2])
        name = parts.dropLast(2).joined(separator: "-")
        let isRandom = random.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        let isProcess = process.utf8.allSatisfy { "0123456789".utf8.contains($0) }
        guard random.utf8.count == Self.digits, isRandom, isProcess, !process.isEmpty,
            !name.isEmpty
        else { return nil }
    }

    /// The name as it stands in the folder.
    package var description: String { "\(Self.prefix)\(name)-\(process)-\(random)" }
}

/// Files that have no name, and so are gone with their last descriptor, however its process ends.
package enum NamelessFile {
    /// Makes an empty one for reading and writing.
    ///
    /// - Parameters:
    ///   - folder: whose disk it takes; by default that of temporary files.
    ///   - what: what is in it, for the name that it has for a moment.
    /// - Returns: a descriptor that the caller closes.
    package static func make(
        in folder: String = FileManager.default.temporaryDirectory.path, for what: String
    ) throws(SystemFailure) -> Int32 {
        // Not O_TMPFILE, which not every file system has.
        let path = "\(folder)/\(TemporaryName(of: what))"
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemFailure("\(path): cannot create") }
        unlink(path)
        return file
    }
}

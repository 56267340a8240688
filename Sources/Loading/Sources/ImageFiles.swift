import Base
import Foundation
import Imaging
import Synchronization
import Torch

/// Images without labels: files, and folders whose images are meant.
///
/// Nothing that is wrong with one of them keeps the others from being read: each has its place, and
/// its failure there.
package struct ImageFiles: Sendable {
    /// Every file, in the order in which it was named or, below a folder, of the paths; and every
    /// folder, or link in one, in which images may be and that cannot be gone through.
    ///
    /// Names that are no UTF-8 have U+FFFD here, and are read all the same.
    package var paths: [String] { places.map(\.name.text) }
    /// A line for each folder in which files were left out, as their endings are no images'.
    package private(set) var notes: [String] = []

    /// A path that was named or found.
    private struct Place: Sendable {
        let name: FileName
        /// Why there is nothing to read, in a line that begins with the path.
        var failure: String?
    }

    private var places: [Place] = []

    /// Lists the files.
    ///
    /// What is named itself is taken whatever its name, and whether it is there or not: reading it
    /// will tell. Folders are gone through with all that is in them, hidden files left out. An
    /// argument that is not there and holds `*`, `?` or `[` is a pattern, as a shell has it.
    ///
    /// - Parameters:
    ///   - arguments: paths, and `-` for those of `list`. One with U+FFFD in it that is not there may
    ///     stand for a path of `rawArguments`.
    ///   - rawArguments: the paths as the system passed them, of which those that are no UTF-8 cannot
    ///     be strings.
    ///   - list: paths, each on a line or, if there is a NUL byte, before one.
    package init(_ arguments: [String], rawArguments: [[UInt8]] = [], list: [UInt8] = []) {
        for argument in arguments {
            guard argument != "-" else {
                let names = Self.names(in: list)
                names.forEach { add($0) }
                if names.isEmpty {
                    places.append(
                        Place(name: FileName("-"), failure: "standard input: names no image"))
                }
                continue
            }
            let name = Self.name(argument, rawArguments)
            guard name.isPattern, name.withCString({ access($0, F_OK) }) != 0 else {
                add(name)
                continue
            }
            let matches = name.matches()
            matches.forEach { add($0) }
            if matches.isEmpty {
                places.append(Place(name: name, failure: "\(name.text): matches nothing"))
            }
        }
    }

    /// Takes a path that was named: a file, or a folder whose images are meant.
    private mutating func add(_ name: FileName) {
        var status = stat()
        guard name.withCString({ stat($0, &status) }) == 0, FileKind(status) == .folder else {
            places.append(Place(name: name))
            return
        }
        var others: [String: Int] = [:]
        let before = places.count
        collect(name, within: [FileIdentity(status)], &others)
        let endings = others.keys.sorted().map { $0.isEmpty ? "no ending" : ".\($0)" }.listed
        guard places.count > before else {
            places.append(
                Place(
                    name: name,
                    failure: "\(name.text): holds no image (\(Self.endings))"
                        + (others.isEmpty ? "" : ", only other files (\(endings))")))
            return
        }
        if !others.isEmpty {
            let count = others.values.reduce(0, +)
            notes.append(
                "\(name.text): \(count) \(count == 1 ? "file is" : "files are") no image by "
                    + "name (\(endings)) and left out")
        }
    }

    /// The paths of a list; those on lines may end as Windows ends them.
    private static func names(in list: [UInt8]) -> [FileName] {
        let isTerminated = list.contains(0)
        return list.split(separator: isTerminated ? 0 : UInt8(ascii: "\n")).compactMap { line in
            let hasReturn = !isTerminated && line.last == UInt8(ascii: "\r")
            let bytes = hasReturn ? line.dropLast() : line
            return bytes.isEmpty ? nil : FileName(bytes: Array(bytes))
        }
    }

    /// The argument's bytes, those that the system passed where a string cannot hold them.
    private static func name(_ argument: String, _ rawArguments: [[UInt8]]) -> FileName {
        guard argument.unicodeScalars.contains("\u{FFFD}"), access(argument, F_OK) != 0 else {
            return FileName(argument)
        }
        let raw = rawArguments.map(FileName.init(bytes:)).first { $0.text == argument }
        return raw ?? FileName(argument)
    }

    private static let endings = FileEndings.images.sorted().map { ".\($0)" }.listed

    private mutating func collect(
        _ folder: FileName, within ancestors: [FileIdentity], _ others: inout [String: Int]
    ) {
        let slash = UInt8(ascii: "/")
        let below = folder.bytes.last == slash ? folder.bytes : folder.bytes + [slash]
        var entries: [(name: FileName, found: Result<stat, Directory.Reason>)] = []
        do {
            try Directory.visit(folder) { name, found in
                let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
                entries.append((FileName(bytes: below + bytes), found))
            }
        } catch {
            // What was found of it before that is no less an image.
            places.append(Place(name: folder, failure: error.description))
        }
        entries.sort { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
        for (name, found) in entries {
            guard case .success(let status) = found else {
                // It may be an image or a folder of them, whatever it is called.
                if case .failure(let reason) = found {
                    places.append(
                        Place(name: name, failure: reason.error(of: name.text).description))
                }
                continue
            }
            let ending = Directory.ending(of: name.text)
            if FileKind(status) == .folder {
                let identity = FileIdentity(status)
                guard !ancestors.contains(identity) else {
                    places.append(
                        Place(
                            name: name,
                            failure: "\(name.text): a symbolic link to a folder that it lies in; "
                                + "remove it"))
                    continue
                }
                collect(name, within: ancestors + [identity], &others)
            } else if FileEndings.images.contains(ending) {
                places.append(Place(name: name))
            } else {
                others[ending, default: 0] += 1
            }
        }
    }

    /// Starts rendering every file on background threads, in order.
    ///
    /// What is wrong with a file is no error here, but its failure in the batch.
    package func batches(
        of batch: Int, _ transform: EvaluationTransform, options: LoadingOptions
    ) -> BatchPipeline<EvaluationDraft, FileBatch> {
        let failures = Failures()
        let work = BatchWork(
            images: places.count, batch: batch, size: transform.size, from: options.pool
        ) { [places] index, worker, target in
            if let failure = places[index].failure {
                failures.add(failure, at: index)
                return
            }
            let name = places[index].name
            do {
                let bytes = try Self.contents(of: name, into: worker.file)
                try transform(bytes, with: worker, into: target)
            } catch let error as ImageError {
                failures.add("\(name.text): \(error)", at: index)
            } catch {
                failures.add("\(error)", at: index)
            }
        }
        return BatchPipeline(work, workers: options.workers) { draft in
            FileBatch(
                files: draft.range, pixels: draft.pixels, failures: failures.take(draft.range))
        }
    }

    private static func contents(
        of name: FileName, into buffer: FileBuffer
    ) throws(DatasetError) -> UnsafeRawBufferPointer {
        let descriptor = name.withCString { Descriptor.open($0) }
        guard descriptor >= 0 else { throw .system(name.text, "cannot be read") }
        return try Descriptor.contents(ofOpen: descriptor, name.text, into: buffer)
    }
}

/// Some image files brought to a network's size; not all of them may have been readable.
package struct FileBatch: Sendable {
    /// Their positions in `ImageFiles.paths`.
    package let files: Range<Int>
    /// The images; those that failed hold anything.
    package let pixels: PixelBatch
    /// One line, which begins with the path, for each file that could not be rendered, by its
    /// position.
    package let failures: [Int: String]
}

/// What went wrong with files that are under way.
private final class Failures: Sendable {
    private let lines = Mutex<[Int: String]>([:])

    func add(_ line: String, at index: Int) { lines.withLock { $0[index] = line } }

    /// Takes out those of a batch.
    func take(_ range: Range<Int>) -> [Int: String] {
        lines.withLock { lines in
            let taken = lines.filter { range.contains($0.key) }
            taken.keys.forEach { lines[$0] = nil }
            return taken
        }
    }
}

extension FileName {
    /// Whether a shell would look for names that it stands for.
    fileprivate var isPattern: Bool { bytes.contains { "*?[".utf8.contains($0) } }

    /// The paths that a pattern stands for, sorted; none if there is no such path.
    fileprivate func matches() -> [FileName] {
        withCString { pattern in
            var found = glob_t()
            defer { globfree(&found) }
            guard glob(pattern, GLOB_NOSORT, nil, &found) == 0, let paths = found.gl_pathv else {
                return []
            }
            return (0..<Int(found.gl_pathc)).compactMap { index in
                paths[index].map {
                    FileName(bytes: Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))))
                }
            }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        }
    }
}

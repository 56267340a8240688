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
    /// will tell. Folders are gone through with all that is in them, hidden files left out.
    ///
    /// - Parameter arguments: paths. One with U+FFFD in it that is not there may stand for a path of
    ///   `rawArguments`.
    /// - Parameter rawArguments: the paths as the system passed them, of which those that are no
    ///   UTF-8 cannot be strings.
    package init(_ arguments: [String], rawArguments: [[UInt8]] = []) {
        for argument in arguments {
            let name = Self.name(argument, rawArguments)
            var status = stat()
            guard name.withCString({ stat($0, &status) }) == 0,
                FileKind(status) == .folder
            else {
                places.append(Place(name: name))
                continue
            }
            var others: [String: Int] = [:]
            let before = places.count
            collect(name, within: [FileIdentity(status)], &others)
            let endings = others.keys.sorted().map { $0.isEmpty ? "no ending" : ".\($0)" }.listed
            guard places.count > before else {
                places.append(
                    Place(
                        name: name,
                        failure: "\(argument): holds no image (\(Self.endings))"
                            + (others.isEmpty ? "" : ", only other files (\(endings))")))
                continue
            }
            if !others.isEmpty {
                let count = others.values.reduce(0, +)
                notes.append(
                    "\(argument): \(count) \(count == 1 ? "file is" : "files are") no image by "
                        + "name (\(endings)) and left out")
            }
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

    /// Renders some of the files, several at a time.
    ///
    /// - Parameter files: their positions in `paths`; at least one.
    /// - Throws: `TorchError` for want of memory. What is wrong with a file is no error here, but its
    ///   failure in the result.
    package func render(
        _ files: Range<Int>, _ transform: EvaluationTransform, workers: Int
    ) throws(TorchError) -> RenderedFiles {
        let size = transform.size
        let pixels = try HostBuffer(count: files.count * size * size * 3)
        let rendered = RenderedFiles(count: files.count, size: size, pixels: pixels)
        WorkerThread.run(min(workers, files.count)) { [places] in
            let worker = RenderWorker()
            while let member = rendered.take() {
                let place = places[files.lowerBound + member]
                if let failure = place.failure {
                    rendered.fail(member, failure)
                    continue
                }
                let path = place.name.text
                do {
                    let bytes = try Self.contents(of: place.name)
                    try bytes.withUnsafeBytes {
                        try transform($0, with: worker, into: rendered.image(member))
                    }
                } catch let error as ImageError {
                    rendered.fail(member, "\(path): \(error)")
                } catch {
                    rendered.fail(member, "\(error)")
                }
            }
        }
        return rendered
    }

    private static func contents(of name: FileName) throws(DatasetError) -> [UInt8] {
        let descriptor = name.withCString { Descriptor.open($0) }
        guard descriptor >= 0 else { throw .system(name.text, "cannot be read") }
        return try Descriptor.contents(ofOpen: descriptor, name.text)
    }
}

/// Some image files brought to a network's size; not all of them may have been readable.
package final class RenderedFiles: Sendable {
    /// How many files there are.
    package let count: Int
    private let size: Int
    private let pixels: HostBuffer
    private let next = Atomic(0)
    private let failed = Mutex<[Int: String]>([:])

    init(count: Int, size: Int, pixels: HostBuffer) {
        self.count = count
        self.size = size
        self.pixels = pixels
    }

    /// One line, which begins with the path, for each file that could not be rendered, by its place
    /// among the rendered ones.
    package var failures: [Int: String] { failed.withLock { $0 } }

    /// The images, `[count, size, size, 3]`, uint8, on the host; those that failed hold anything.
    package func tensor() throws(TorchError) -> Tensor {
        try pixels.tensor(shape: [count, size, size, 3])
    }

    /// The next file to render; nil after the last.
    fileprivate func take() -> Int? {
        let member = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return member < count ? member : nil
    }

    /// Where an image goes: no two threads have the same one.
    fileprivate func image(_ member: Int) -> UnsafeMutablePointer<UInt8> {
        guard let start = pixels.bytes.baseAddress else { preconditionFailure("no pixels") }
        return start.assumingMemoryBound(to: UInt8.self) + member * size * size * 3
    }

    fileprivate func fail(_ member: Int, _ message: String) {
        failed.withLock { $0[member] = message }
    }
}

import Base
import Foundation
import Imaging
import Synchronization
import Torch

/// Images without labels: files, and folders whose images are meant.
public struct ImageFiles: Sendable {
    /// Every file, in the order in which it was named or, below a folder, of the paths.
    public private(set) var paths: [String] = []
    /// A line for each folder in which files were left out, as their endings are no images'.
    public private(set) var notes: [String] = []

    /// Lists the files.
    ///
    /// What is named itself is taken whatever its name, and whether it is there or not: reading it
    /// will tell. Folders are gone through with all that is in them, hidden files left out.
    ///
    /// - Throws: `DatasetError` for a folder that cannot be listed or holds no image.
    public init(_ arguments: [String]) throws(DatasetError) {
        for argument in arguments {
            var status = stat()
            guard stat(argument, &status) == 0, Directory.Kind(status) == .folder else {
                paths.append(argument)
                continue
            }
            var others: [String: Int] = [:]
            let before = paths.count
            try collect(argument, within: [Directory.Identity(status)], &others)
            let endings = others.keys.sorted().map { $0.isEmpty ? "no ending" : ".\($0)" }.listed
            guard paths.count > before else {
                throw DatasetError(
                    "\(argument): holds no image (\(Self.endings))"
                        + (others.isEmpty ? "" : ", only other files (\(endings))"))
            }
            if !others.isEmpty {
                let count = others.values.reduce(0, +)
                notes.append(
                    "\(argument): \(count) \(count == 1 ? "file is" : "files are") no image by "
                        + "name (\(endings)) and left out")
            }
        }
    }

    private static let endings = ImageDataset.extensions.sorted().map { ".\($0)" }.listed

    private mutating func collect(
        _ folder: String, within ancestors: [Directory.Identity], _ others: inout [String: Int]
    ) throws(DatasetError) {
        let folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        for entry in try Directory.entries(of: folder.isEmpty ? "/" : folder) {
            let path = "\(folder)/\(entry.name)"
            let ending = Directory.ending(of: entry.name)
            if entry.isFolder {
                guard !ancestors.contains(entry.identity) else {
                    throw DatasetError(
                        "\(path): a symbolic link to a folder that it lies in; remove it")
                }
                try collect(path, within: ancestors + [entry.identity], &others)
            } else if ImageDataset.extensions.contains(ending) {
                paths.append(path)
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
    public func render(
        _ files: Range<Int>, _ transform: EvaluationTransform, workers: Int
    ) throws(TorchError) -> RenderedFiles {
        let size = transform.size
        let pixels = try HostBuffer(count: files.count * size * size * 3)
        let rendered = RenderedFiles(count: files.count, size: size, pixels: pixels)
        WorkerThread.run(min(workers, files.count)) { [paths] in
            let worker = RenderWorker()
            while let member = rendered.take() {
                let path = paths[files.lowerBound + member]
                do {
                    let bytes = try Self.contents(of: path)
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

    private static func contents(of path: String) throws(DatasetError) -> [UInt8] {
        guard let bytes = try Descriptor.contents(of: path) else {
            throw .system(path, "cannot be read", ENOENT)
        }
        return bytes
    }
}

/// Some image files brought to a network's size; not all of them may have been readable.
public final class RenderedFiles: Sendable {
    /// How many files there are.
    public let count: Int
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
    public var failures: [Int: String] { failed.withLock { $0 } }

    /// The images, `[count, size, size, 3]`, uint8, on the host; those that failed hold anything.
    public func tensor() throws(TorchError) -> Tensor {
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

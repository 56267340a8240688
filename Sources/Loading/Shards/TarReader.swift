import Base
import Foundation

/// Walks the members of a tar archive in order, without reading their data.
final class TarReader {
    /// A regular file of the archive.
    struct Member {
        /// The name as stored, without a leading `./`.
        let name: String
        /// Where its data start, in bytes from the archive's start; its header lies right before.
        let offset: Int
        /// The size of its data.
        let bytes: Int
        /// The fingerprint of its header.
        let header: UInt64
        /// The path it had before it was packed, where that is not the name.
        let source: String?
        /// Whether it is a link instead, which has no data of its own.
        let isLink: Bool
    }

    /// The archive's path.
    let path: String
    /// The archive's size.
    let size: Int
    private let descriptor: Int32
    private var position = 0
    private var global = TarExtension()
    private let buffer = FileBuffer()
    private var window = 0..<0

    /// Long names and records are a line or two; a header that asks for more is damaged.
    private static let extensionLimit = 1 << 20
    /// Holds the header of an image's label, the label, and the next image's header.
    private static let windowBytes = 8 << 10

    init(_ path: String) throws(DatasetError) {
        self.path = path
        descriptor = Descriptor.open(path)
        guard descriptor >= 0 else { throw .system(path, "cannot be read") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, FileKind(status) == .file else {
            close(descriptor)
            throw DatasetError("\(path): is not a regular file")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The next file or link; nil at the archive's end.
    ///
    /// - Throws: `DatasetError` with path and offset for an archive that is cut short or damaged,
    ///   and for members that cannot be read at random.
    func next() throws(DatasetError) -> Member? {
        var local = global
        var longName: [UInt8]?
        while true {
            let start = position
            let block = try bytes(at: start, count: TarHeader.block)
            let fingerprint = TarHeader.fingerprint(block)
            let parsed = try parsing(start) { () throws(TarHeader.Fault) in
                try TarHeader(parsing: block)
            }
            guard let header = parsed else {
                try checkEnd(from: start)
                return nil
            }
            let data = start + TarHeader.block
            let isMember = header.kind == .file || header.kind == .link
            let length = header.kind == .file ? local.size ?? header.size : header.size
            guard length <= size - data else {
                throw fault(
                    start,
                    "cut short: a member of \(length) bytes begins here, the file ends after "
                        + "\(max(size - data, 0))")
            }
            // The last member's padding may be missing where its data are whole.
            position = min(data + (length + TarHeader.block - 1) & ~(TarHeader.block - 1), size)
            switch header.kind {
            case .longName:
                longName = try content(at: data, length, start).prefix { $0 != 0 } + []
            case .extended:
                let records = try content(at: data, length, start)
                try parsing(start) { () throws(TarHeader.Fault) in try local.apply(records) }
            case .global:
                let records = try content(at: data, length, start)
                try parsing(start) { () throws(TarHeader.Fault) in try global.apply(records) }
                local = global
            case .sparse, .multivolume:
                throw fault(start, "sparse and multi-volume members cannot be read; pack it anew")
            case .bare, .longLink, .other:
                if header.kind != .longLink {
                    local = global
                    longName = nil
                }
            case .file, .link: break
            }
            guard isMember else { continue }
            guard !local.isSparse else {
                throw fault(start, "sparse and multi-volume members cannot be read; pack it anew")
            }
            let name = try text(local.name ?? longName ?? header.name, start)
            return Member(
                // tar cf x.tar . begins every name with ./
                name: name.utf8.starts(with: "./".utf8) ? String(name.dropFirst(2)) : name,
                offset: data, bytes: length, header: fingerprint,
                source: try local.source.map { source throws(DatasetError) in
                    try text(source, start)
                },
                isLink: header.kind == .link)
        }
    }

    /// A member's data, for small ones.
    func contents(of member: Member) throws(DatasetError) -> [UInt8] {
        try content(at: member.offset, member.bytes, member.offset - TarHeader.block)
    }

    /// An error at an offset of the archive.
    func fault(_ offset: Int, _ message: String) -> DatasetError {
        DatasetError("\(path): offset \(offset): \(message)")
    }

    private func parsing<Result>(
        _ offset: Int, _ body: () throws(TarHeader.Fault) -> Result
    ) throws(DatasetError) -> Result {
        do { return try body() } catch { throw fault(offset, error.message) }
    }

    private func text(_ bytes: [UInt8], _ offset: Int) throws(DatasetError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw fault(offset, "a name that is not UTF-8; pack it anew")
        }
        return text
    }

    private func content(at offset: Int, _ count: Int, _ start: Int) throws(DatasetError)
        -> [UInt8]
    {
        guard count <= Self.extensionLimit else {
            throw fault(start, "damaged header: a name or label of \(count) bytes")
        }
        return Array(try bytes(at: offset, count: count))
    }

    /// Bytes of the archive, through a window that spares most reads.
    private func bytes(at offset: Int, count: Int) throws(DatasetError) -> UnsafeRawBufferPointer {
        if offset < window.lowerBound || offset + count > window.upperBound {
            let wanted = min(max(count, Self.windowBytes), max(size - offset, 0))
            window = 0..<0
            guard wanted >= count else {
                throw fault(
                    offset,
                    size == 0
                        ? "the file is empty"
                        : "cut short: the end of the archive is missing, the file has \(size) bytes"
                )
            }
            let read = Descriptor.read(
                descriptor, into: try buffer.reserve(wanted, for: path), at: offset)
            guard read >= 0 else { throw .system(path, "cannot be read") }
            guard read == wanted else { throw fault(offset, "the file shrinks while it is read") }
            window = offset..<offset + wanted
        }
        let start = offset - window.lowerBound
        let held = UnsafeRawBufferPointer(try buffer.reserve(window.count, for: path))
        return UnsafeRawBufferPointer(rebasing: held[start..<start + count])
    }

    /// Checks that nothing but zeros follows the end mark: archives put one behind the other would
    /// otherwise lose all but the first.
    private func checkEnd(from start: Int) throws(DatasetError) {
        var offset = start
        while offset < size {
            let count = min(64 << 10, size - offset)
            guard try bytes(at: offset, count: count).allSatisfy({ $0 == 0 }) else {
                throw fault(
                    offset,
                    "data follow the end of the archive (is it two archives joined?); pack it anew")
            }
            offset += count
        }
    }
}

import Base
import Foundation
import Torch

/// A log of one line of JSON for each epoch or step, which a resumed training goes on with.
final class JSONLines<Line: Codable> {
    /// The CRC-32C of all records, as this program writes them.
    private(set) var checksum: UInt32

    private let path: String
    private let descriptor: Int32
    private let encoder = JSONEncoder()

    /// Opens a log and drops the lines that a resumed training will write again.
    ///
    /// A line that is no record of its place, such as one that a full disk tore, is dropped wherever
    /// it stands; the others stay as they are, byte for byte.
    ///
    /// - Parameters:
    ///   - keep: how many records count.
    ///   - position: a record's place in the log, from 0.
    ///   - notice: told of lines among those that count which had to be dropped.
    ///   - accept: given the checksum of the records that count, and how many are there in all,
    ///     before anything is changed; what it throws leaves the file as it is.
    /// - Throws: `TrainingError` for a file that cannot be written.
    init(
        _ path: String, keep: Int, notice: (String) -> Void,
        accept: (_ checksum: UInt32, _ records: Int) throws -> Void, position: (Line) -> Int
    ) throws {
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try Self.bytes(path)
        var kept: [UInt8] = []
        var (last, dropped, records) = (-1, 0, 0)
        var checksum: UInt32 = 0
        for line in Self.lines(bytes) {
            let record = Self.record(line)
            records += record == nil ? 0 : 1
            let place = record.map(position)
            if let record, let place, place > last, place < keep {
                kept += line + [UInt8(ascii: "\n")]
                let written = try Self.line(of: record, encoder)
                checksum = written.withUnsafeBytes { crc32c($0, seed: checksum) }
                last = place
            } else if place.map({ $0 < keep }) ?? (last + 1 < keep) {
                dropped += 1
            }
        }
        try accept(checksum, records)
        if dropped > 0 {
            notice("\(path): \(dropped) damaged lines are left out; the training is not affected")
        }
        if kept != bytes {
            // A link stays a link.
            guard let pointer = realpath(path, nil) else {
                throw TrainingError(SystemFailure("\(path): cannot be written").description)
            }
            defer { free(pointer) }
            try AtomicFile.write(Data(kept), to: String(cString: pointer))
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw TrainingError(SystemFailure("\(path): cannot be written").description)
        }
        self.path = path
        self.checksum = checksum
    }

    deinit { close(descriptor) }

    /// Refuses a file that is there and is no such log, or cannot be written, without a change.
    ///
    /// - Parameters:
    ///   - what: what the log is, for messages: `trace`.
    ///   - keys: those of a record, by the first of which a line that was torn is known.
    ///   - isNew: whether nothing was trained yet, so that what the log holds is another training's.
    /// - Throws: `TrainingError` with the path.
    static func check(_ path: String, _ what: String, keys: [String], isNew: Bool) throws {
        guard !path.isEmpty else { throw TrainingError("the \(what) has an empty name") }
        let bytes = try bytes(path)
        var link = stat()
        guard access(path, F_OK) == 0 || lstat(path, &link) != 0 else {
            throw TrainingError(
                "\(path): is a link that leads to nothing; choose another file, or remove it")
        }
        // A first line that a kill tore begins as every record does, whose keys are sorted, and is
        // the only one.
        let opening = Array("{\"\(keys.min() ?? "")\":".utf8)
        let isTorn =
            opening.starts(with: bytes.prefix(opening.count))
            && !bytes.contains(UInt8(ascii: "\n"))
        guard isTorn || lines(bytes).contains(where: { record($0) != nil }) else {
            throw TrainingError(
                "\(path): is not a \(what) of this program and would be lost; choose another "
                    + "file, or remove it")
        }
        guard !isNew || bytes.isEmpty else {
            throw TrainingError(
                "\(path): is the \(what) of another training and would be lost; choose another file, "
                    + "or remove it")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let isThere = access(path, F_OK) == 0
        guard access(isThere ? path : folder, W_OK) == 0 else {
            throw TrainingError(SystemFailure("\(path): cannot be written").description)
        }
    }

    /// Appends one record.
    ///
    /// - Throws: `TrainingError` with the path and the system's reason, as on a full disk.
    func append(_ record: Line) throws {
        let line = try Self.line(of: record, encoder)
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot be written") }
            rest = rest.dropFirst(count)
        }
        checksum = line.withUnsafeBytes { crc32c($0, seed: checksum) }
    }

    /// Flushes the records to the disk, so that a checkpoint may count them.
    func synchronize() throws {
        // Some file systems cannot, and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("cannot be flushed") }
    }

    private func failure(_ what: String) -> TrainingError {
        TrainingError(SystemFailure("\(path): \(what)").description)
    }

    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "\n"))
    }

    private static func record(_ line: ArraySlice<UInt8>) -> Line? {
        try? JSONDecoder().decode(Line.self, from: Data(line))
    }

    private static func line(of record: Line, _ encoder: JSONEncoder) throws -> [UInt8] {
        try Array(encoder.encode(record)) + [UInt8(ascii: "\n")]
    }

    /// The bytes of a log; none if there is no file.
    ///
    /// - Throws: `TrainingError` for what is no regular file, or cannot be read.
    private static func bytes(_ path: String) throws(TrainingError) -> [UInt8] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return [] }
            throw TrainingError(SystemFailure(path).description)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TrainingError("\(path): is not a regular file, and a log is to be one")
        }
        do throws(SystemFailure) {
            return try BoundedFile.read(path, limit: .max) ?? []
        } catch {
            throw TrainingError(error.description)
        }
    }
}

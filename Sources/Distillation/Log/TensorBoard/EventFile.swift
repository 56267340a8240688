import Base
import Foundation

/// A file of events for TensorBoard, which one process writes and every later one leaves as it is.
///
/// A record is its length (u64), the masked CRC-32C of these eight bytes, the event, and its masked
/// CRC-32C, all little-endian. Source: TensorFlow's `record_writer.cc`.
final class EventFile {
    /// What file names begin with; TensorBoard knows them by `tfevents`.
    private static let prefix = "events.out.tfevents."

    private let path: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    /// When what is pending was last written.
    private var written = ContinuousClock.now

    /// What is pending is written once it is this much or this old: a reader follows the run, and
    /// no step waits for the disk.
    private static let (mostPending, longestPending) = (1 << 16, Duration.seconds(5))

    /// Makes the next file of a folder, with its first events whole or not at all.
    ///
    /// - Throws: `TrainingError` with the path and the system's reason.
    init(in folder: String, opening events: [TensorBoardEvent]) throws(TrainingError) {
        let path = "\(folder)/\(try Self.nextName(in: folder))"
        do throws(SystemFailure) {
            var file = try AtomicFile(path)
            try file.append(events.flatMap(Self.record))
            guard try file.publishUnlessPresent() else {
                throw SystemFailure(path, EEXIST)
            }
        } catch {
            throw TrainingError(error.description)
        }
        descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrainingError(SystemFailure("\(path): cannot be written").description)
        }
        self.path = path
    }

    deinit {
        // What an error left unwritten may help to find its cause; the error itself is on its way.
        try? flush()
        close(descriptor)
    }

    /// Adds an event, which is on its way to readers within seconds.
    func append(_ event: TensorBoardEvent) throws(TrainingError) {
        pending += Self.record(event)
        let isOld = written.duration(to: .now) >= Self.longestPending
        if pending.count >= Self.mostPending || isOld { try flush() }
    }

    /// Hands what is pending to the system.
    func flush() throws(TrainingError) {
        written = .now
        guard !pending.isEmpty else { return }
        let code = pending.withUnsafeBytes { $0.write(to: descriptor) }
        pending.removeAll(keepingCapacity: true)
        guard code == 0 else {
            throw TrainingError(SystemFailure("\(path): cannot be written", code).description)
        }
    }

    /// Sees to it that what was added is on the disk.
    func synchronize() throws(TrainingError) {
        try flush()
        // Some file systems cannot, and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw TrainingError(SystemFailure("\(path): cannot be flushed").description)
        }
    }
}

extension EventFile {
    /// Whether a name is one that these files have.
    static func isName(_ name: String) -> Bool { second(of: name) != nil }

    /// Whether a folder holds such files.
    static func areThere(in folder: String) -> Bool {
        ((try? Folders.names(in: folder)) ?? []).contains(where: isName)
    }

    /// The time in a file's name; `nil` for a name of another form.
    private static func second(of name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(
            separator: ".", omittingEmptySubsequences: false)
        // The second, the host's name, whose dots are kept, the process and a number.
        guard parts.count >= 4, parts[0].utf8.count == 10, parts.last == "0",
            Int(parts[parts.count - 2]) != nil
        else { return nil }
        return Int(parts[0])
    }

    /// A name that comes after those of the folder's other files, in whose order TensorBoard reads
    /// them, whatever clocks say.
    private static func nextName(in folder: String) throws(TrainingError) -> String {
        let names: [String]
        do { names = try Folders.names(in: folder) } catch {
            throw TrainingError(
                SystemFailure("\(folder): cannot be listed", error.code).description)
        }
        let last = names.compactMap(second).max() ?? 0
        let now = Int(Date().timeIntervalSince1970)
        let digits = String(Swift.max(now, last + 1))
        let second = String(repeating: "0", count: Swift.max(0, 10 - digits.count)) + digits
        let host = ProcessInfo.processInfo.hostName.unicodeScalars.filter {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || $0 == "-" || $0 == "."
        }.prefix(64).map(String.init).joined()
        return "\(prefix)\(second).\(host.isEmpty ? "host" : host).\(getpid()).0"
    }

    /// An event with what frames it.
    static func record(_ event: TensorBoardEvent) -> [UInt8] {
        let payload = event.message.bytes
        var record: [UInt8] = []
        record.reserveCapacity(payload.count + 16)
        record.append(littleEndian: UInt64(payload.count))
        record.append(littleEndian: maskedChecksum(of: record))
        record += payload
        record.append(littleEndian: maskedChecksum(of: payload))
        return record
    }

    /// The CRC-32C, turned so that a checksum of bytes with checksums in them stays a good one.
    ///
    /// Source: TensorFlow's `crc32c.h`, `Mask`.
    private static func maskedChecksum(of bytes: [UInt8]) -> UInt32 {
        let sum = bytes.withUnsafeBytes { crc32c($0) }
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }
}

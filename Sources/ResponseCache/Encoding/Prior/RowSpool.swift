import Base
import Foundation
import Synchronization

/// Rows of floats that are read again and again in their order.
///
/// As many as fit a budget are held in memory, the others in a temporary file that has no name and so
/// is gone with the process, however it ends.
final class RowSpool: Sendable {
    /// Values of a row.
    let columns: Int
    private let folder: String
    private let budget: Int
    private let state = Mutex(State())

    private struct State: Sendable {
        var held: [Float] = []
        var rows = 0
        var file: Int32?
    }

    /// - Parameters:
    ///   - folder: where the file is made, if one is.
    ///   - budget: values to hold in memory.
    init(columns: Int, folder: String, budget: Int = 16 << 20) {
        precondition(columns > 0, "rows without values")
        self.columns = columns
        self.folder = folder
        self.budget = max(budget, columns)
    }

    deinit { if let file = state.withLock({ $0.file }) { close(file) } }

    /// Appends rows.
    ///
    /// - Throws: `CacheError` naming the folder if its disk is full.
    func append(_ values: [Float]) throws(CacheError) {
        precondition(values.count % columns == 0, "no whole rows")
        try state.withLock { state throws(CacheError) in
            state.rows += values.count / columns
            state.held += values
            if state.held.count > budget { try spill(&state) }
        }
    }

    /// Moves what is held to the file.
    private func spill(_ state: inout State) throws(CacheError) {
        if state.file == nil { state.file = try makeFile() }
        guard let file = state.file else { return }
        let (code, bytes) = state.held.withUnsafeBytes { ($0.write(to: file), $0.count) }
        guard code == 0 else {
            throw CacheFiles.unwritten("\(folder), a temporary file", bytes, code)
        }
        state.held.removeAll(keepingCapacity: true)
    }

    private func makeFile() throws(CacheError) -> Int32 {
        try asCacheError { () throws(SystemFailure) in
            try NamelessFile.make(in: folder, for: "rows")
        }
    }

    /// Lends the rows in their order, some at a time.
    ///
    /// - Parameter body: is given whole rows and the number of the first.
    /// - Throws: `CacheError` if the file cannot be read.
    func forEach(
        _ body: (_ rows: UnsafeBufferPointer<Float>, _ first: Int) -> Void
    ) throws(CacheError) {
        try state.withLock { state throws(CacheError) in
            let spilled = state.rows - state.held.count / columns
            if let file = state.file {
                let block = max(1, min(spilled, (1 << 20) / columns))
                var buffer = [Float](repeating: 0, count: block * columns)
                for first in stride(from: 0, to: spilled, by: block) {
                    let count = min(block, spilled - first) * columns
                    try buffer.withUnsafeMutableBufferPointer { buffer throws(CacheError) in
                        let rows = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
                        try read(
                            UnsafeMutableRawBufferPointer(rows), from: file, at: 4 * first * columns
                        )
                        body(UnsafeBufferPointer(rows), first)
                    }
                }
            }
            state.held.withUnsafeBufferPointer { if !$0.isEmpty { body($0, spilled) } }
        }
    }

    private func read(
        _ bytes: UnsafeMutableRawBufferPointer, from file: Int32, at offset: Int
    ) throws(CacheError) {
        var done = 0
        while done < bytes.count {
            let count = pread(
                file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw .system("\(folder): cannot read a temporary file", count < 0 ? errno : EIO)
            }
            done += count
        }
    }
}

import Base
import Crypto
import Foundation

/// SHA-256 of bytes, in hexadecimal.
func sha256(_ bytes: some Sequence<UInt8>) -> String {
    hexadecimal(SHA256.hash(data: Array(bytes)))
}

/// SHA-256 of a file, in hexadecimal.
///
/// - Throws: `DatasetError` with the path, also after a signal.
func sha256(ofFile path: String) throws(DatasetError) -> String {
    let descriptor = Descriptor.open(path)
    guard descriptor >= 0 else { throw .system(path, "cannot be read") }
    defer { close(descriptor) }
    var hash = SHA256()
    let buffer = FileBuffer()
    var offset = 0
    while true {
        if Interruption.requested {
            throw DatasetError("stopped while \(path) was compared", cause: .interruption)
        }
        let target = try buffer.reserve(1 << 20, for: path)
        let count = Descriptor.read(descriptor, into: target, at: offset)
        guard count >= 0 else { throw .system(path, "cannot be read") }
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: target[..<count]))
        offset += count
        if count < target.count { return hexadecimal(hash.finalize()) }
    }
}

extension [UInt8] {
    /// Appends a number in decimal digits, without the String that an index of millions of lines
    /// would pay for each.
    mutating func append(decimal value: Int) {
        guard value >= 0 else {
            append(UInt8(ascii: "-"))
            return append(decimal: -value)
        }
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}

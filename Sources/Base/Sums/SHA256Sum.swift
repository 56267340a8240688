import Crypto
import Foundation

/// The SHA-256 of bytes that come one after the other.
package struct SHA256Sum: Sendable {
    private var hash = SHA256()

    /// That of no bytes.
    package init() {}

    /// That of some bytes.
    package init(_ bytes: some ContiguousBytes) { add(bytes) }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    package mutating func add(_ bytes: some ContiguousBytes) {
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    /// The 32 bytes of the sum so far.
    package var bytes: [UInt8] { Array(hash.finalize()) }

    /// 64 digits in lower case.
    package var hexadecimal: String { Base.hexadecimal(bytes) }

    /// The sum of a file's bytes, in hexadecimal; the file is read in pieces of 1 MiB.
    ///
    /// - Throws: `SystemFailure` with the path; for what is no file, such as a pipe, with `EINVAL`.
    package static func ofFile(_ path: String) throws(SystemFailure) -> String {
        let descriptor: Int32
        do { descriptor = try RegularFile.open(path) } catch {
            guard let code = error.code else {
                throw SystemFailure(path, EINVAL, reason: error.description)
            }
            throw SystemFailure("\(path): cannot open", code, reason: error.description)
        }
        defer { close(descriptor) }
        var sum = SHA256Sum()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemFailure("\(path): cannot read") }
            if count == 0 { return sum.hexadecimal }
            buffer.withUnsafeBytes { sum.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

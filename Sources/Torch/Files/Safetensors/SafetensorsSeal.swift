import Base
import Glibc

/// The checksums that a weights file carries of itself, so that damage is seen when it is read.
///
/// They stand in the metadata, which other readers pass over, under the key `understudy.crc32c`: the
/// header's CRC-32C and then that of each tensor's bytes in the header's order, eight hexadecimal
/// digits each. The header's is that of the eight bytes of its length and of its JSON, in which its
/// own eight digits count as zeros. It covers the tensors' checksums, so it stands for the whole
/// file.
struct SafetensorsSeal {
    static let key = "understudy.crc32c"

    /// The header's checksum.
    let header: UInt32
    /// The tensors' checksums, in the header's order.
    let tensors: [UInt32]

    /// The digits of a file whose checksums are not known yet.
    static func placeholder(tensors: Int) -> String {
        String(repeating: "0", count: 8 * (tensors + 1))
    }

    /// Reads the digits.
    ///
    /// - Parameter tensors: how many there are in the file.
    /// - Returns: `nil` if they are not the checksums of so many.
    init?(digits: String, tensors count: Int) {
        let digits = Array(digits.utf8)
        guard digits.count == 8 * (count + 1) else { return nil }
        var numbers: [UInt32] = []
        for start in stride(from: 0, to: digits.count, by: 8) {
            let text = String(decoding: digits[start..<start + 8], as: UTF8.self)
            guard let number = UInt32(text, radix: 16), number.hexadecimal == text else {
                return nil
            }
            numbers.append(number)
        }
        header = numbers[0]
        self.tensors = Array(numbers[1...])
    }

    /// Reads the checksums that a file carries, and compares the header's.
    ///
    /// - Parameter bytes: the header's length and its JSON.
    /// - Returns: `nil` for a file that carries none.
    /// - Throws: `WeightsProblem` for a header that is not the one its checksum was taken of.
    init?(
        of header: SafetensorsHeader, in bytes: UnsafeRawBufferPointer
    ) throws(WeightsProblem) {
        guard let found = header.seal else { return nil }
        // The JSON starts after the eight bytes of its length.
        let digits = found.place.lowerBound + 8..<found.place.upperBound + 8
        guard let seal = Self(digits: found.digits, tensors: header.entries.count),
            Self.checksum(ofHeader: bytes, digits: digits) == seal.header
        else { throw WeightsProblem(message: "its header is damaged: \(Self.mismatch)") }
        self = seal
    }

    /// Of bytes that are not those of their checksum, and what to do.
    static let mismatch =
        "it is not what the file's checksum was taken of; restore the file or make it again (who "
        + "changes it on purpose drops '\(key)' from its metadata)"

    /// Seals a header: fills in the tensors' checksums and then its own.
    ///
    /// - Parameters:
    ///   - bytes: the length and the JSON, with the placeholder's digits.
    ///   - digits: where in `bytes` the digits stand.
    init(sealing bytes: inout [UInt8], digits: Range<Int>, tensors: [UInt32]) {
        let text = tensors.map(\.hexadecimal).joined()
        bytes.replaceSubrange(digits.lowerBound + 8..<digits.upperBound, with: text.utf8)
        let header = bytes.withUnsafeBytes { Self.checksum(ofHeader: $0, digits: digits) }
        let own = digits.lowerBound..<digits.lowerBound + 8
        bytes.replaceSubrange(own, with: header.hexadecimal.utf8)
        self.header = header
        self.tensors = tensors
    }

    /// The checksum of a header, its own digits taken as zeros.
    static func checksum(ofHeader bytes: UnsafeRawBufferPointer, digits: Range<Int>) -> UInt32 {
        func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[range])
        }
        let before = crc32c(part(0..<digits.lowerBound))
        let own = [UInt8](repeating: UInt8(ascii: "0"), count: 8)
            .withUnsafeBytes { crc32c($0, seed: before) }
        return crc32c(part(digits.lowerBound + 8..<bytes.count), seed: own)
    }
}

extension UInt32 {
    /// Eight lower-case hexadecimal digits.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

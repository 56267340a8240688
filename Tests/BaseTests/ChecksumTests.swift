import CBase
import Testing

@testable import Base

@Suite("CRC-32C") struct ChecksumTests {
    private func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { crc32c($0, seed: seed) }
    }

    /// Source: RFC 3720, B.4, there in the order of bytes on the wire; and the check value of the
    /// CRC catalogue for CRC-32/ISCSI.
    private static let published: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
        (
            [
                0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14,
                0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00,
                0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            ], 0xD996_3A56
        ),
    ]

    @Test("published vectors", arguments: published.indices) func vectors(_ index: Int) {
        let (bytes, expected) = Self.published[index]
        #expect(checksum(bytes) == expected)
        #expect(cbase_crc32c_portable(bytes, bytes.count, 0) == expected)
    }

    @Test("pieces chain to the checksum of the whole") func chaining() {
        let bytes = Array("123456789".utf8)
        for cut in 0...bytes.count {
            let first = checksum(Array(bytes[..<cut]))
            #expect(checksum(Array(bytes[cut...]), seed: first) == 0xE306_9283)
        }
    }

    @Test("tables and SSE4.2 agree at every length and alignment") func portable() {
        // No two positions look alike within the longest piece.
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * $0 * 7 + $0 / 3) }
        bytes.withUnsafeBytes { bytes in
            for start in 0..<9 {
                for end in start..<bytes.count {
                    let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    let expected = cbase_crc32c_portable(piece.baseAddress, piece.count, 5)
                    #expect(crc32c(piece, seed: 5) == expected)
                }
            }
        }
    }

    @Test("no bytes leave the seed") func empty() {
        #expect(checksum([]) == 0)
        #expect(checksum([], seed: 99) == 99)
    }
}

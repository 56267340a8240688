import Base
import Foundation
import Testing

@Suite("SHA-256") struct SHA256SumTests {
    @Test("pieces give the sum of the whole, in bytes and in digits") func pieces() {
        // Source: FIPS 180-4 examples.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        var sum = SHA256Sum()
        for letter in "abc".utf8 { sum.add([letter]) }
        #expect(sum.hexadecimal == expected)
        #expect(SHA256Sum(Array("abc".utf8)).hexadecimal == expected)
        #expect(hexadecimal(sum.bytes) == expected)
        #expect(hexadecimal([0, 9, 10, 0xf5]) == "00090af5")
    }

    @Test("a file's sum, longer than a piece or not; what is no file has none") func files() throws
    {
        try withTemporaryFolder { folder in
            func file(_ name: String, _ bytes: [UInt8]) throws -> String {
                try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                return "\(folder)/\(name)"
            }
            let (million, zeros) = (
                try file("a", [UInt8](repeating: 0x61, count: 1_000_000)),
                try file("c", [UInt8](repeating: 0, count: 3 << 20))
            )
            // The million letters a are NIST's long message.
            #expect(
                try SHA256Sum.ofFile(million)
                    == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
            #expect(
                try SHA256Sum.ofFile(zeros)
                    == "bbd05cf6097ac9b1f89ea29d2542c1b7b67ee46848393895f5a9e43fa1f621e5")
            #expect(
                throws: SystemFailure("\(folder)/none: cannot open", ENOENT)
            ) { try SHA256Sum.ofFile("\(folder)/none") }
            #expect(
                throws: SystemFailure(folder, EINVAL, reason: "is a folder, not a file")
            ) { try SHA256Sum.ofFile(folder) }
        }
    }
}

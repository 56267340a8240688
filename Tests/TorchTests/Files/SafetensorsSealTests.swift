import Base
import Foundation
import Testing

@testable import Torch

@Suite("Sealed safetensors") struct SafetensorsSealTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/a.safetensors"
    }

    private func write() throws -> UInt32 {
        try SafetensorsFile.writeSealed(
            [
                ("weight", try Tensor.arange(6, dtype: .float32).reshaped([2, 3])),
                ("empty", try Tensor.zeros([0, 3])),
                ("bias", try Tensor.ones([2], dtype: .bfloat16)),
                ("count", try Tensor([3 as Int64], shape: [])),
            ], metadata: ["format": "pt", "zoo": "x"], to: path)
    }

    private func bytes() throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Everything that a reader takes from a file.
    private func read(_ path: String) throws -> [String: [UInt8]] {
        let file = try SafetensorsFile(path: path)
        var tensors: [String: [UInt8]] = [:]
        for name in file.names {
            let tensor = try file.tensor(name)
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: tensor.count * tensor.dtype.size, alignment: 8)
            defer { buffer.deallocate() }
            try tensor.copyBytes(into: buffer)
            tensors["\(name) \(tensor.dtype) \(tensor.shape)"] = Array(buffer)
        }
        tensors["metadata"] = Array("\(file.metadata.sorted { $0.key < $1.key })".utf8)
        return tensors
    }

    @Test("a sealed file reads as any other, its checksums aside") func reads() throws {
        let seal = try write()
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt", "zoo": "x"])
        #expect(file.seal == seal)
        #expect(try file.tensor("weight").floats() == [0, 1, 2, 3, 4, 5])
        #expect(try bytes()[0] % 8 == 0)
        let first = try bytes()
        #expect(try write() == seal)
        #expect(try bytes() == first)
        try SafetensorsFile.write([("w", try Tensor.ones([2]))], to: path)
        #expect(try SafetensorsFile(path: path).seal == nil)
    }

    // The checksums as any program can compute them, from the format's description alone.
    @Test("the digits are the CRC-32C of the header and of each tensor") func digits() throws {
        _ = try write()
        var bytes = try bytes()
        let length = Int(bytes[0]) + Int(bytes[1]) << 8
        let key = try #require(bytes.firstRange(of: Array("\"understudy.crc32c\":\"".utf8)))
        let digits = String(decoding: bytes[key.upperBound...].prefix(40), as: UTF8.self)
        let data = Array(bytes[(8 + length)...])
        let parts = [data[0..<24], data[24..<24], data[24..<28], data[28..<36]]
        for (index, part) in parts.enumerated() {
            let expected = Array(part).withUnsafeBytes { crc32c($0) }
            #expect(digits.dropFirst(8 * (index + 1)).prefix(8) == expected.hexadecimal)
        }
        for index in 0..<8 { bytes[key.upperBound + index] = UInt8(ascii: "0") }
        let header = bytes[..<(8 + length)].withUnsafeBytes { crc32c($0) }
        #expect(digits.prefix(8) == header.hexadecimal)
    }

    @Test("no flipped bit changes what is read without a word") func flips() throws {
        _ = try write()
        let good = try bytes()
        let content = try read(path)
        let flipped = "\(folder.path)/flipped"
        let isLong = ProcessInfo.processInfo.environment["UNDERSTUDY_LONG_TESTS"] != nil
        let bits = isLong ? 8 : 1
        var refused = 0
        for index in good.indices {
            for bit in (0..<bits).map({ ($0 + index) % 8 }) {
                var bad = good
                bad[index] ^= 1 << bit
                try Data(bad).write(to: URL(fileURLWithPath: flipped))
                do {
                    // Only a flip in the key's own name may pass: then nothing is compared, and all
                    // that was stored is as it was but for that name.
                    var found = try read(flipped)
                    found["metadata"] = content["metadata"]
                    #expect(found == content, "bit \(bit) of byte \(index)")
                } catch is TorchError {
                    refused += 1
                }
            }
        }
        #expect(refused >= (good.count - "understudy.crc32c".utf8.count) * bits)
    }

    @Test("damage is named with its tensor, and with what to do") func messages() throws {
        _ = try write()
        var bytes = try bytes()
        let advice =
            "it is not what the file's checksum was taken of; restore the file or make it again (who "
            + "changes it on purpose drops 'understudy.crc32c' from its metadata)"
        bytes[bytes.count - 36] ^= 1
        let bad = try folder.file("bad", bytes)
        #expect(
            errorText { _ = try SafetensorsFile(path: bad).tensor("weight") }
                == "safetensors: \(bad): 'weight' is damaged: \(advice)")
        #expect(errorText { _ = try SafetensorsFile(path: bad).tensor("bias") } == "")
        let zoo = try #require(bytes.firstRange(of: Array("zoo".utf8)))
        bytes[zoo.lowerBound] = UInt8(ascii: "Z")
        _ = try folder.file("bad", bytes)
        #expect(
            errorText { _ = try SafetensorsFile(path: bad) }
                == "safetensors: \(bad): its header is damaged: \(advice)")
    }
}

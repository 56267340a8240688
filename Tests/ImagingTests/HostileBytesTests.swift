import Foundation
import Testing

@testable import Imaging

@Suite("Hostile bytes") struct HostileBytesTests {
    /// One file for each path through the decoders.
    static let files = [
        "h2v2.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "ycck.jpg", "rgb.jpg",
        "h1v4.jpg", "one-pixel.jpg", "photo.png", "palette4.png", "grey16-interlaced.png",
        "rgba16.png", "rgb8-interlaced.png", "grey-alpha8.png", "palette-alpha.png",
    ]

    @Test("a file cut anywhere is an error, whole or by region", arguments: files)
    func truncation(file: String) throws {
        let bytes = try Fixtures.bytes(file)
        let whole = try decode(bytes)
        let corner = PixelRect(x: 0, y: 0, width: 1, height: min(2, whole.height))
        for count in 0..<bytes.count {
            let cut = Array(bytes[..<count])
            #expect(throws: ImageError.self, "whole, \(count) bytes") { try decode(cut) }
            #expect(throws: ImageError.self, "region, \(count) bytes") {
                try decode(cut, region: corner)
            }
        }
    }

    @Test("changed bytes give an image or an error", arguments: files)
    func flips(file: String) throws {
        let bytes = try Fixtures.bytes(file)
        var dice = Dice(state: UInt64(bytes.count))
        var failures = 0
        for _ in 0..<1500 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                let at = Int.random(in: 0..<bytes.count, using: &dice)
                changed[at] = UInt8.random(in: 0...255, using: &dice)
            }
            // A changed size must not make the test slow; the decoder itself allows it.
            guard let size = try? changed.withUnsafeBytes({ try ImageDecoder.size(of: $0) }),
                size.width * size.height < 1 << 20
            else {
                failures += 1
                continue
            }
            do throws(ImageError) {
                let image = try decode(changed)
                #expect((image.width, image.height) == size)
            } catch {
                failures += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(failures > 0)
    }

    @Test("random bytes after a signature are an error") func noise() {
        var dice = Dice(state: 3)
        let signatures: [[UInt8]] = [
            [0xFF, 0xD8, 0xFF], [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],
        ]
        for signature in signatures {
            for count in 0..<300 {
                let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &dice) }
                #expect(throws: ImageError.self) { try decode(signature + noise) }
            }
        }
    }

    @Test("errors name the format and the reason") func texts() throws {
        func text(_ bytes: [UInt8]) -> String? {
            do throws(ImageError) {
                _ = try decode(bytes)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(text([]) == "the file is empty")
        let gif = text([UInt8]("GIF89b".utf8))
        #expect(gif == "neither JPEG nor PNG: the file starts with 47 49 46 38")
        #expect(text([0]) == "neither JPEG nor PNG: the file starts with 00")
        let jpeg = try Fixtures.bytes("h2v2.jpg")
        #expect(text(Array(jpeg[..<(jpeg.count / 2)])) == "JPEG: Premature end of input file")
        let png = try Fixtures.bytes("photo.png")
        #expect(text(Array(png[..<(png.count / 2)])) == "PNG: premature end of the file")
        var damaged = png
        damaged[png.count / 2] ^= 1
        #expect(text(damaged)?.hasPrefix("PNG: IDAT: ") == true)
    }

    @Test("damaged entropy-coded data is an error, not grey") func damage() throws {
        var jpeg = try Fixtures.bytes("h2v2.jpg")
        // An early end-of-image marker inside the picture data.
        jpeg[jpeg.count - 200] = 0xFF
        jpeg[jpeg.count - 199] = 0xD9
        #expect(
            throws: ImageError("JPEG: Corrupt JPEG data: premature end of data segment")
        ) { try decode(jpeg) }
    }

    @Test("too many pixels are refused before any memory is taken") func bomb() throws {
        var jpeg = try Fixtures.bytes("grey.jpg")
        let frame = try position(of: 0xC0, in: jpeg, from: 0)
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0x00, 0xFF, 0x00])
        let expected =
            "JPEG: 65280x65280 is more than 178956970 pixels;"
            + " the file may be a decompression bomb"
        #expect(throws: ImageError(expected)) { try decode(jpeg) }
        let corner = PixelRect(x: 0, y: 0, width: 1, height: 1)
        #expect(throws: ImageError(expected)) { try decode(jpeg, region: corner) }

        var png = try Fixtures.bytes("grey8.png")
        png.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 1, 0, 0])
        let checksum = crc32(Array(png[12..<29]))
        let bigEndian = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) }
        png.replaceSubrange(29..<33, with: bigEndian)
        #expect(
            throws: ImageError(
                "PNG: 65536x65536 is more than 178956970 pixels;"
                    + " the file may be a decompression bomb")
        ) { try decode(png) }
    }

    @Test("a progressive JPEG that repeats a scan is refused") func repeatedScan() throws {
        let jpeg = try Fixtures.bytes("grey-progressive.jpg")
        let first = try position(of: 0xDA, in: jpeg, from: 0)
        let second = try position(of: 0xC4, in: jpeg, from: first)
        #expect(
            throws: ImageError(
                "JPEG: Inconsistent progression sequence for component 0 coefficient 0")
        ) { try decode(Array(jpeg[..<second]) + jpeg[first...]) }
    }

    @Test("a JPEG of endless scans is refused") func scans() throws {
        // The one scan of a grey file serves as that of each of three components.
        let jpeg = try Fixtures.bytes("grey.jpg")
        let frame = try position(of: 0xC0, in: jpeg, from: 0)
        let scan = try position(of: 0xDA, in: jpeg, from: frame)
        var header = Array(jpeg[..<frame])
        header += [0xFF, 0xC0, 0, 17] + jpeg[frame + 4..<frame + 9]
        header += [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0] + jpeg[frame + 13..<scan]
        func file(scansPerComponent count: Int) -> [UInt8] {
            var bytes = header
            for component in 1...3 {
                var own = Array(jpeg[scan..<jpeg.count - 2])
                own[5] = UInt8(component)
                for _ in 0..<count { bytes += own }
            }
            return bytes + [0xFF, 0xD9]
        }
        let image = try decode(file(scansPerComponent: 1))
        #expect((image.width, image.height) == (61, 47))
        #expect(throws: ImageError("JPEG: more than 500 scans")) {
            try decode(file(scansPerComponent: 200))
        }
    }

    private func position(of marker: UInt8, in jpeg: [UInt8], from start: Int) throws -> Int {
        try #require((start..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == marker })
    }
}

import CPixels
import Testing

@testable import Imaging

/// The portable loops are what the fixtures prove on processors without AVX2; here they prove the
/// vectors on those with it.
@Suite("Kernels", .enabled(if: cpixels_has_avx2() != 0, "this processor has no AVX2"))
struct KernelTests {
    /// Sizes at and around the vectors' widths, in pixels.
    private static let sizes = [
        (1, 1), (2, 3), (3, 2), (5, 4), (7, 7), (11, 1), (1, 13), (31, 33), (64, 64), (67, 45),
    ]

    /// Bytes that look random but are always the same.
    private static func noise(_ count: Int) -> [UInt8] {
        var state: UInt32 = 12345
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
    }

    @Test("resampling with vectors equals resampling without") func resampling() {
        var taps = ResampleTaps()
        for (width, height) in Self.sizes {
            let source = Self.noise(width * height * 3)
            for interpolation in Interpolation.allCases {
                for target in [1, 2, 3, 4, 5, 9, 29, 70] {
                    taps.prepare(from: width, to: target, positions: 0..<target, interpolation)
                    for mirrored: Int32 in [0, 1] {
                        let rows = (0...1).map { (avx2: Int32) in
                            written(target * height * 3) { out in
                                taps.withTaps {
                                    cpixels_resample_rows(
                                        source, Int32(width), Int32(height), $0, mirrored, out,
                                        avx2)
                                }
                            }
                        }
                        #expect(rows[0] == rows[1], "\(width)x\(height) to \(target)")
                    }
                    taps.prepare(from: height, to: target, positions: 0..<target, interpolation)
                    let columns = (0...1).map { (avx2: Int32) in
                        written(width * target * 3) { out in
                            taps.withTaps {
                                cpixels_resample_columns(source, width * 3, $0, out, avx2)
                            }
                        }
                    }
                    #expect(columns[0] == columns[1], "\(width)x\(height) to \(target)")
                }
            }
        }
    }

    @Test("affine maps with vectors equal those without") func affine() {
        var maps: [cpixels_affine_map] = []
        for step in 0..<40 {
            let s = Double(step)
            maps += [
                cpixels_affine_map(a: 1, b: s / 37 - 0.5, c: 0, d: 0, e: 1, f: 0),
                cpixels_affine_map(a: 1, b: 0, c: 0, d: s / 41 - 0.5, e: 1, f: 0),
                cpixels_affine_map(a: 1, b: 0, c: s - 19.5, d: 0, e: 1, f: s / 3 - 7),
                cpixels_affine_map(turning: s * 9.7, width: 31, height: 33),
            ]
        }
        let fill: [UInt8] = [124, 116, 104]
        for (width, height) in Self.sizes {
            let source = Self.noise(width * height * 3)
            for map in maps {
                let results = (0...1).map { (avx2: Int32) in
                    written(source.count) { out in
                        cpixels_affine(source, Int32(width), Int32(height), map, fill, out, avx2)
                    }
                }
                #expect(results[0] == results[1], "\(width)x\(height) \(map)")
            }
        }
    }

    @Test("enhancers with vectors equal those without") func enhancers() {
        for (width, height) in Self.sizes {
            let source = Self.noise(width * height * 3)
            for factor: Float in [0.1, 0.64, 1, 1.36, 1.9] {
                let colors = (0...1).map { (avx2: Int32) in
                    var pixels = source
                    cpixels_blend_color(&pixels, width * height, factor, avx2)
                    return pixels
                }
                #expect(colors[0] == colors[1])
                let sharp = (0...1).map { (avx2: Int32) in
                    written(source.count) { out in
                        cpixels_blend_sharpness(
                            source, Int32(width), Int32(height), factor, out, avx2)
                    }
                }
                #expect(sharp[0] == sharp[1])
            }
        }
    }

    /// What a kernel writes; checks that nothing past the end is touched.
    private func written(
        _ count: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: count + 64)
        bytes.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { write(start) }
        }
        #expect(bytes[count...].allSatisfy { $0 == 0xA5 })
        return Array(bytes[..<count])
    }
}

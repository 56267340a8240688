import CPixels
import Testing

@testable import Imaging

@Suite("Resize") struct ResizeTests {
    @Test("bilinear and bicubic equal Pillow on every byte") func equalsPillow() throws {
        let cases = try Fixtures.load().resized
        #expect(cases.count >= 100)
        for expected in cases {
            let image = try Fixtures.image(expected.file).resized(
                width: expected.result.width, height: expected.result.height,
                interpolation: expected.interpolation)
            let found = difference(image, expected.result)
            #expect(
                found == nil,
                """
                \(expected.file) \(expected.interpolation) \
                \(expected.result.width)x\(expected.result.height)
                """)
        }
    }

    @Test("an unchanged size leaves the bytes alone", arguments: Interpolation.allCases)
    func identity(interpolation: Interpolation) throws {
        let image = try Fixtures.image("photo.png")
        #expect(
            try image.resized(width: 61, height: 47, interpolation: interpolation) == image)
    }

    @Test("weights of every position sum to one within their rounding")
    func weights() {
        var taps = ResampleTaps()
        for (from, to) in [(1, 7), (500, 224), (224, 500), (3, 224), (9973, 5), (224, 224)] {
            for interpolation in Interpolation.allCases {
                taps.prepare(from: from, to: to, positions: 0..<to, interpolation)
                #expect(taps.source == 0..<from)
                taps.withTaps { taps in
                    let taps = taps.pointee
                    for position in 0..<to {
                        let length = Int(taps.lengths[position])
                        let sum = (0..<Int(taps.stride) * 2).reduce(0) {
                            $0 + taps.weight(position, tap: $1)
                        }
                        #expect(abs(sum - 1 << 22) <= length / 2 + 1)
                        #expect(Int(taps.starts[position]) + length <= from)
                    }
                }
            }
        }
    }

    @Test("a window of a resize equals the crop of the whole one") func window() throws {
        let image = try Fixtures.image("photo.png")
        let windows = [
            PixelRect(x: 0, y: 0, width: 40, height: 90),
            PixelRect(x: 13, y: 31, width: 1, height: 1),
            PixelRect(x: 7, y: 5, width: 33, height: 84),
        ]
        for interpolation in Interpolation.allCases {
            // The second shrinks the height by more than twice as much: vertical pass first.
            for (size, window) in [((40, 90), windows), ((60, 23), [windows[0].fitted(60, 23)])] {
                let resampler = Resampler()
                let whole = try image.resized(
                    width: size.0, height: size.1, interpolation: interpolation)
                for window in window {
                    resampler.prepare(
                        from: (image.width, image.height), to: size, window: window,
                        interpolation: interpolation)
                    let part = try image.cropped(to: resampler.source).withPixels { pixels in
                        try Image(width: window.width, height: window.height) { target in
                            try resampler.resample(pixels, mirrored: false, into: target)
                        }
                    }
                    #expect(part == whole.cropped(to: window))
                }
            }
        }
    }
}

extension PixelRect {
    fileprivate func fitted(_ width: Int, _ height: Int) -> PixelRect {
        PixelRect(
            x: x, y: y, width: min(self.width, width - x), height: min(self.height, height - y))
    }
}

extension cpixels_taps {
    /// A weight in units of 2⁻²², put together from its two words.
    fileprivate func weight(_ position: Int, tap: Int) -> Int {
        let pair = weights + (position * Int(stride) + tap / 2) * 2
        let shift = UInt32(tap % 2 * 16)
        let low = Int(pair[0] >> shift & 0x7FFF)
        let high = Int(Int16(truncatingIfNeeded: pair[1] >> shift))
        return high << 15 + low
    }
}

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
            image.resized(width: 61, height: 47, interpolation: interpolation) == image)
    }

    @Test("weights of every position sum to one within their rounding")
    func weights() {
        for (from, to) in [(1, 7), (500, 224), (224, 500), (3, 224), (9973, 5)] {
            for interpolation in Interpolation.allCases {
                let taps = ResampleTaps(from: from, to: to, interpolation)
                for position in 0..<to {
                    let row = taps.weights[position * taps.stride..<(position + 1) * taps.stride]
                    let sum = row.reduce(0) { $0 + Int($1) }
                    #expect(abs(sum - 1 << 22) <= taps.lengths[position] / 2 + 1)
                    #expect(taps.starts[position] + taps.lengths[position] <= from)
                }
            }
        }
    }
}

import Testing

@testable import Imaging

@Suite("Renderer") struct RendererTests {
    @Test("equals decoding, cropping, resizing, flipping and operating one by one")
    func equalsSteps() throws {
        let renderer = Renderer()
        let operations: [PixelOperation] = [.rotate(degrees: 13), .sharpness(1.4), .equalize]
        for file in ["rgb.jpg", "h2v2.jpg", "progressive.jpg", "photo.png", "one-pixel.jpg"] {
            let bytes = try Fixtures.bytes(file)
            let whole = try Fixtures.image(file)
            for (index, interpolation) in Interpolation.allCases.enumerated() {
                let rect = PixelRect(
                    x: whole.width / 5, y: whole.height / 7,
                    width: max(1, whole.width * 3 / 5 - index), height: max(1, whole.height / 2))
                for (size, flip) in [(17, false), (32, true), (61, true)] {
                    var expected = try whole.cropped(to: rect)
                        .resized(width: size, height: size, interpolation: interpolation)
                    if flip { expected = expected.flippedHorizontally() }
                    for operation in operations { expected.apply(operation, fill: .imageNetMean) }
                    let image = try bytes.withUnsafeBytes { bytes in
                        try renderer.decode(bytes) { width, height in
                            #expect((width, height) == (whole.width, whole.height))
                            return rect
                        }
                        return try Image(width: size, height: size) { target in
                            try renderer.resize(
                                size: size, interpolation: interpolation, mirrored: flip,
                                into: target)
                            try renderer.apply(
                                operations, size: size, fill: .imageNetMean, to: target)
                        }
                    }
                    // Not the images themselves, which a failure would print.
                    let isEqual = image == expected
                    #expect(isEqual, "\(file) \(size) \(interpolation)")
                }
            }
        }
    }

    @Test("a crop outside the image is an error, and the next image is unharmed")
    func outside() throws {
        let renderer = Renderer()
        let bytes = try Fixtures.bytes("rgb.jpg")
        bytes.withUnsafeBytes { bytes in
            #expect(throws: ImageError("JPEG: region 9x9+60+0 lies outside the 61x47 image")) {
                try renderer.decode(bytes) { _, _ in
                    PixelRect(x: 60, y: 0, width: 9, height: 9)
                }
            }
            #expect(throws: Never.self) {
                try renderer.decode(bytes) { width, height in
                    PixelRect(x: 0, y: 0, width: width, height: height)
                }
            }
        }
    }
}

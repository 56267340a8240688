import Foundation
import Testing

@testable import Imaging

@Suite("PixelOperation") struct PixelOperationTests {
    @Test("all fifteen equal Pillow on every byte") func equalsPillow() throws {
        let cases = try Fixtures.load().operated
        #expect(Set(cases.map { $0.operation.name }).count == 15)
        for expected in cases {
            let image = try Fixtures.image(expected.file).applying(expected.operation)
            let found = difference(image, expected.result)
            #expect(found == nil, "\(expected.file) \(expected.operation)")
        }
    }

    @Test("an operation leaves the original alone") func value() throws {
        let image = try Fixtures.image("photo.png")
        let copy = image
        for operation in [PixelOperation.invert, .sharpness(1.5), .rotate(degrees: 9)] {
            #expect(image.applying(operation) != image)
        }
        #expect(image == copy)
    }

    @Test("what comes from outside has the color that is asked for") func fill() throws {
        let image = try Fixtures.image("photo.png")
        for (color, shown) in [
            (Color.imageNetMean, (124, 116, 104)), (Color(red: 1, green: 2, blue: 3), (1, 2, 3)),
        ] as [(Color, (UInt8, UInt8, UInt8))] {
            let gone = image.applying(.translateX(pixels: 61), fill: color)
            #expect(gone == Image(width: 61, height: 47, fill: shown))
            #expect(image.applying(.translateY(pixels: -1e300), fill: color) == gone)
            for operation in [PixelOperation.shearX(40), .shearY(40)] {
                let bent = image.applying(operation, fill: color)
                // The far corner of a shear beyond the image.
                let corner = Array(bent.pixels.suffix(3))
                #expect(corner == [shown.0, shown.1, shown.2])
            }
            let turned = image.applying(.rotate(degrees: 45), fill: color)
            #expect(Array(turned.pixels.prefix(3)) == [shown.0, shown.1, shown.2])
        }
    }

    // Python 3.11: [min(255, round(255 * x)) for x in ...]; 25.5, 127.5 and 229.5 go to the even
    // neighbor, and so does 76.5, which is what 255 * 0.3 comes to.
    @Test(
        "a mean's color is rounded as timm rounds it",
        arguments: [
            (0.485, 124), (0.456, 116), (0.406, 104), (0.0, 0), (0.1, 26), (0.3, 76), (0.5, 128),
            (0.7, 178), (0.9, 230), (0.998, 254), (1.0, 255), (0.4914, 125), (0.4822, 123),
            (0.4465, 114), (0.48145466, 123), (0.002, 1), (0.0019, 0),
        ] as [(Double, UInt8)])
    func meanColor(mean: Double, byte: UInt8) {
        #expect(
            Color(mean: [mean, mean, mean]) == Color(red: byte, green: byte, blue: byte))
    }

    @Test("a posterisation of no bits is black, one of all is nothing") func posterize() throws {
        let image = try Fixtures.image("photo.png")
        #expect(
            image.applying(.posterize(bits: 0)) == Image(width: 61, height: 47, fill: (0, 0, 0)))
        #expect(image.applying(.posterize(bits: 8)) == image)
    }

    @Test("survives a round trip through JSON") func coding() throws {
        let operations: [PixelOperation] = [
            .equalize, .rotate(degrees: -20.7), .solarizeAdd(amount: 77), .color(1.36),
            .translateY(pixels: 70.56),
        ]
        let json = try JSONEncoder().encode(operations)
        #expect(try JSONDecoder().decode([PixelOperation].self, from: json) == operations)
    }
}

extension PixelOperation {
    fileprivate var name: Substring { "\(self)".prefix { $0 != "(" } }
}

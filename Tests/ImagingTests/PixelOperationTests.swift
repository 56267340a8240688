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

    @Test("what comes from outside has the mean colour") func fill() throws {
        let image = try Fixtures.image("photo.png")
        let gone = image.applying(.translateX(pixels: 61))
        #expect(gone == Image(width: 61, height: 47, fill: (124, 116, 104)))
        let far = image.applying(.translateY(pixels: -1e300))
        #expect(far == gone)
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

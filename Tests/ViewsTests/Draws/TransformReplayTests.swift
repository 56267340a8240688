import Foundation
import Imaging
import Testing

@testable import Views

/// Three-augment, color jitter and erasing against an independent implementation.
///
/// Fixture: Tests/Fixtures/views/transforms.json, by make_transform_draws.py beside it. Numbers are
/// compared exactly: both sides use IEEE arithmetic alone.
@Suite("Replay of named transforms") struct TransformReplayTests {
    struct Fixture: Decodable {
        struct Operation: Decodable, Equatable {
            var name: String
            var argument: Double?

            init(_ operation: NamedOperation) {
                name = operation.name
                argument = operation.argument
            }

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                name = try list.decode(String.self)
                argument = try list.decodeIfPresent(Double.self)
            }
        }
        struct Box: Decodable {
            var box: [Int]
            var bytes: String
        }
        var threeAugment: [Operation]
        var colorJitter: [[Operation]]
        var colorJitterWithoutContrastAndHue: [[Operation]]
        var erasing: [String: [[Box]]]
    }

    let fixture: Fixture

    init() throws {
        let file = "\(repository)/Tests/Fixtures/views/transforms.json"
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        fixture = try decoder.decode(
            Fixture.self, from: Foundation.Data(contentsOf: URL(fileURLWithPath: file)))
    }

    private func views(_ overrides: String...) throws -> [View] {
        let recipe = try imagenet(
            ["seed=\(0x0123_4567_89AB_CDEF)", "view.randaugment=none"] + overrides)
        return (0..<24).map { View(recipe: recipe, epoch: 1, slot: $0, imageIndex: 0) }
    }

    @Test("three-augment's operations and radii agree to the last bit")
    func threeAugment() throws {
        let views = try views("view.three_augment=true")
        #expect(
            views.map { $0.namedOperations(size: 9).map(Fixture.Operation.init) }
                == fixture.threeAugment.map { [$0] })
        let operations = Set(views.map { "\($0.operations(size: 9))".prefix { $0 != "(" } })
        #expect(operations.count == 3)
    }

    @Test("color jitter's order and factors agree to the last bit")
    func colorJitter() throws {
        let jitter = "brightness: 0.4, contrast: 0.3, saturation: 1.7, hue: 0.1, probability: 0.8"
        let views = try views("view.color_jitter={\(jitter)}")
        #expect(
            views.map { $0.namedOperations(size: 9).map(Fixture.Operation.init) }
                == fixture.colorJitter)
        let plain = try self.views(
            "view.color_jitter={brightness: 0.4, contrast: 0, saturation: 0.4}")
        #expect(
            plain.map { $0.namedOperations(size: 9).map(Fixture.Operation.init) }
                == fixture.colorJitterWithoutContrastAndHue)
    }

    @Test("erased boxes and what they show agree, at several sizes and counts")
    func erasing() throws {
        #expect(fixture.erasing.count == 4)
        for (key, expected) in fixture.erasing {
            let words = key.split(separator: " ")
            let size = try #require(Int(words[1]))
            let views = try views(
                "view.erasing={probability: 0.6, area: [0.02, 0.6], aspect: [0.3, 3.3333], "
                    + "count: [\(words[2]), \(words[3])], fill: \(words[0])}")
            #expect(expected.contains { !$0.isEmpty } && expected.contains(where: \.isEmpty))
            for (view, boxes) in zip(views, expected) {
                let erased = view.record(width: 7, height: 9, size: size).erased
                #expect(
                    erased.map { [$0.box.x, $0.box.y, $0.box.width, $0.box.height] }
                        == boxes.map(\.box))
                for (found, box) in zip(erased, boxes) {
                    let color = found.color.map { bytes in
                        bytes.map { String(format: "%02x", $0) }.joined()
                    }
                    #expect(found.pixels ?? color == box.bytes)
                }
            }
        }
    }
}

@Suite("Named transforms") struct NamedTransformTests {
    private static let all = [
        "view.color_jitter={brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.2}",
        "view.erasing={probability: 1, area: [0.1, 0.2], aspect: [0.5, 2], fill: pixel}",
    ]

    private func view(_ overrides: [String], slot: Int = 3) throws -> View {
        let recipe = try imagenet(overrides)
        return View(recipe: recipe, epoch: 0, slot: slot, imageIndex: 0)
    }

    @Test("are off in the published recipe, and change no other draw of it")
    func off() throws {
        for slot in 0..<50 {
            let plain = try view([], slot: slot)
            #expect(plain.threeAugment == nil && plain.colorJitter == nil && plain.erasing == nil)
            let jittered = try view(Self.all, slot: slot)
            #expect(jittered.augmentations == plain.augmentations)
            #expect(jittered.flip == plain.flip && jittered.interpolation == plain.interpolation)
            #expect(jittered.crop(width: 99, height: 77) == plain.crop(width: 99, height: 77))
        }
    }

    @Test("follow each other: RandAugment or three-augment, color jitter, erasing")
    func order() throws {
        for augment in [["view.randaugment=rand-m7-p1"], ["view.randaugment=none", three]] {
            let view = try view(Self.all + augment)
            let count = view.augmentations.count + (view.threeAugment == nil ? 0 : 1)
            #expect(count == (augment.count == 1 ? 2 : 1))
            let operations = view.operations(size: 31)
            #expect(operations.count == count + 4 + 1)
            let first = (view.augmentations.map { $0.operation(size: 31) })
            #expect(operations.prefix(first.count) == first[...])
            guard case .erase(_, .pixels) = operations.last else {
                Issue.record("erasing is not the last operation")
                return
            }
            #expect(view.namedOperations(size: 31).map(\.operation) == operations.dropLast())
            #expect(
                Set(view.namedOperations(size: 31).dropFirst(count).map(\.name))
                    == ["Brightness", "Contrast", "Color", "Hue"])
        }
    }

    private let three = "view.three_augment=true"

    @Test("one erasing renders at two sizes with boxes of the same share")
    func twoSizes() throws {
        for slot in 0..<50 {
            let view = try view(Self.all, slot: slot)
            let boxes = zip(view.erasures(size: 224), view.erasures(size: 384))
            for (small, large) in boxes.map({ ($0.0.box, $0.1.box) }) {
                for side in [\PixelRect.x, \.y, \.width, \.height] {
                    let difference =
                        Double(small[keyPath: side]) / 224 - Double(large[keyPath: side]) / 384
                    #expect(abs(difference) < 0.01)
                }
            }
        }
    }

    @Test("the mean's fill is ImageNet's mean color, in 8 bits")
    func mean() throws {
        let view = try view([
            "view.erasing={probability: 1, area: [0.1, 0.2], aspect: [0.5, 2], fill: mean}"
        ])
        #expect(
            view.erasures(size: 224).map(\.paint) == [.color(red: 124, green: 116, blue: 104)])
    }

    @Test("a record with all of them survives JSON")
    func record() throws {
        let record = try view(Self.all).record(width: 500, height: 375, size: 33)
        #expect(record.erased.count == 1)
        let json = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(ViewRecord.self, from: json) == record)
    }

    @Test("what is erased is recorded under the keys that it always had") func keys() throws {
        for (fill, key) in [("mean", "colour"), ("channel", "colour"), ("pixel", "pixels")] {
            let record = try view([
                "view.erasing={probability: 1, area: [0.1, 0.2], aspect: [0.5, 2], fill: \(fill)}"
            ]).record(width: 33, height: 35)
            let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(record))
            let erased = try #require((object as? [String: Any])?["erased"] as? [[String: Any]])
            #expect(erased.map { $0.keys.sorted() } == [["box", key].sorted()])
        }
    }
}

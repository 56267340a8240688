import Foundation
import Imaging
import Testing

@testable import Views

/// Every draw against an independent implementation of the documented layout.
///
/// Fixture: Tests/Fixtures/views/draws.json, by make_draws.py beside it. Numbers are compared
/// exactly: both sides use IEEE arithmetic alone.
@Suite("Replay by a stranger") struct ReplayTests {
    struct Fixture: Decodable {
        struct Stream: Decodable {
            var seed: String
            var epoch, slot: Int
            var purpose: UInt32
            var bits: [String]
            var uniform: [Double]
            var below: [Int]
            var normal: [Double]
            var beta: [Double]
        }
        struct View: Decodable {
            struct Operation: Decodable {
                var name: String
                var magnitude: Double
                var argument: Double?
            }
            var epoch, slot: Int
            var interpolation: Interpolation
            var flip: Bool
            var crops: [[Int]]
            var operations: [Operation]
        }
        struct Mix: Decodable {
            var epoch, group, size: Int
            var mode: String
            var lambda: Double
            var box: [Int]?
        }
        var streams: [Stream]
        var images: [String: [Int]]
        var views: [View]
        var mixes: [Mix]
    }

    let fixture: Fixture
    let plan: ViewPlan

    init() throws {
        let file = "\(repository)/Tests/Fixtures/views/draws.json"
        fixture = try JSONDecoder().decode(
            Fixture.self, from: Foundation.Data(contentsOf: URL(fileURLWithPath: file)))
        plan = try ViewPlan(
            recipe: imagenet(
                "seed=\(0x0123_4567_89AB_CDEF)", "batch={size: 24, group: 6, repeats: 3}",
                "view.mix.probability=0.75"),
            imageCount: 500)
    }

    @Test("bits, uniform, whole, normal and Beta numbers agree to the last bit")
    func streams() throws {
        for expected in fixture.streams {
            let start = DrawStream(
                seed: try #require(UInt64(expected.seed)), epoch: expected.epoch,
                slot: expected.slot,
                purpose: try #require(DrawStream.Purpose(rawValue: expected.purpose)))
            var stream = start
            #expect(expected.bits.map { _ in "\(stream.bits())" } == expected.bits)
            stream = start
            #expect(expected.uniform.map { _ in stream.uniform() } == expected.uniform)
            stream = start
            let bounds = [1, 2, 15, 1_281_167, 1 << 62 + 3, 1 << 62 + 3]
            #expect(bounds.map { stream.int(below: $0) } == expected.below)
            stream = start
            #expect(expected.normal.map { _ in stream.normal() } == expected.normal)
            stream = start
            let parameters = [
                (1.0, 1.0), (0.2, 0.2), (0.2, 0.2), (0.001, 0.001), (0.5, 1.0), (2.5, 1.5),
                (3.0, 0.3),
            ]
            #expect(parameters.map { stream.beta($0.0, $0.1) } == expected.beta)
        }
    }

    @Test("the images of whole epochs agree")
    func images() throws {
        #expect(fixture.images.count == 2)
        for (epoch, images) in fixture.images {
            let epoch = try #require(Int(epoch))
            #expect(plan.imageIndices(epoch: epoch, slots: 0..<plan.slotsPerEpoch) == images)
            #expect(
                (0..<plan.slotsPerEpoch).map { plan.imageIndex(epoch: epoch, slot: $0) } == images)
        }
    }

    @Test("crops, filters, flips and operations agree to the last bit")
    func views() {
        #expect(fixture.views.count == 78)
        let sizes = [(500, 375), (37, 211), (1, 1), (1000, 40), (31, 1)]
        for expected in fixture.views {
            let view = plan.view(epoch: expected.epoch, slot: expected.slot)
            #expect(view.interpolation == expected.interpolation)
            #expect(view.flip == expected.flip)
            for ((width, height), box) in zip(sizes, expected.crops) {
                let crop = view.crop(width: width, height: height)
                #expect([crop.x, crop.y, crop.width, crop.height] == box)
            }
            #expect(view.augmentations.map(\.name) == expected.operations.map(\.name))
            #expect(view.augmentations.map(\.magnitude) == expected.operations.map(\.magnitude))
            #expect(view.augmentations.map(\.argument) == expected.operations.map(\.argument))
        }
    }

    @Test("mixes agree to the last bit")
    func mixes() {
        #expect(fixture.mixes.count == 160)
        #expect(Set(fixture.mixes.map(\.mode)) == ["none", "mixup", "cutmix"])
        for expected in fixture.mixes {
            let record = plan.mixRecord(
                epoch: expected.epoch, group: expected.group, size: expected.size)
            #expect(record.mode == expected.mode)
            #expect(record.lambda == expected.lambda)
            #expect(record.box.map { [$0.x, $0.y, $0.width, $0.height] } == expected.box)
        }
    }
}

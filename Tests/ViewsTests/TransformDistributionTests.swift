import Foundation
import Imaging
import Testing

@testable import Views

/// 100,000 draws of the named transforms against their laws.
@Suite("Distributions of named transforms") struct TransformDistributionTests {
    @Test("erased boxes have timm's areas and shapes, wherever they fit")
    func boxes() throws {
        let views = try manyViews(
            "view.erasing={probability: 0.25, area: [0.02, 0.3333], "
                + "aspect: [0.3, 3.3333333333333335], fill: mean}")
        let erased = views.filter { $0.erasing != nil }
        #expect(happens(erased.count, of: manyDraws, with: 0.25))
        // So large a rendering that rounding counts for nothing; pixels are never made.
        let size = 20_000
        let boxes = erased.flatMap { $0.erasures(size: size) }.map(\.box)
        #expect(boxes.count == erased.count)
        let law = BoxLaw(areas: 0.02...0.3333, edge: log(1 / 0.3))
        #expect(follows(boxes.map { Double($0.width * $0.height) / 4e8 }, law.area))
        #expect(follows(boxes.map { log(Double($0.height) / Double($0.width)) }, law.shape))
        let free = boxes.filter { $0.width <= 15_000 && $0.height <= 15_000 }
        let xs = free.map { (Double($0.x) + 0.5) / Double(size - $0.width + 1) }
        let ys = free.map { (Double($0.y) + 0.5) / Double(size - $0.height + 1) }
        #expect(follows(xs, lattice: 2e-4) { $0 } && follows(ys, lattice: 2e-4) { $0 })
        #expect(areEven(cells(xs, ys, 12)))
    }

    @Test("several boxes share the area, and each number of them is as frequent")
    func counts() throws {
        let views = try manyViews(
            "view.erasing={probability: 1, area: [0.1, 0.4], aspect: [1, 1], count: [1, 4], "
                + "fill: mean}")
        let erasures = views.map { $0.erasures(size: 4096).map(\.box) }
        #expect(areEven((1...4).map { n in erasures.filter { $0.count == n }.count }))
        for n in [1, 4] {
            let shares = erasures.filter { $0.count == n }.flatMap { $0 }.map {
                Double($0.width * $0.height * n) / 16_777_216
            }
            #expect(follows(shares, lattice: 0.005) { ($0 - 0.1) / 0.3 })
        }
    }

    @Test("noise is normal once it is normalised", arguments: ["channel", "pixel"])
    func noise(fill: String) throws {
        let views = try manyViews(
            "view.erasing={probability: 1, area: [0.5, 0.5], aspect: [1, 1], fill: \(fill)}")
        var counts = Array(repeating: Array(repeating: 0, count: 256), count: 3)
        for view in views.prefix(fill == "pixel" ? 1000 : manyDraws) {
            switch view.erasures(size: 16).first?.paint {
            case .colour(let red, let green, let blue):
                for (channel, value) in [red, green, blue].enumerated() {
                    counts[channel][Int(value)] += 1
                }
            case .pixels(let bytes):
                for (index, value) in bytes.enumerated() { counts[index % 3][Int(value)] += 1 }
            case nil: Issue.record("no box")
            }
        }
        let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        for channel in 0..<3 {
            // A byte holds what lies within half of 1/255 of it, the two ends what lies beyond too.
            let below = (0..<255).map {
                normalDistribution(((Double($0) + 0.5) / 255 - mean[channel]) / std[channel])
            }
            let shares = zip(below + [1], [0] + below).map { $0 - $1 }
            #expect(follows(counts[channel], shares))
        }
    }

    @Test("color jitter has every order as often, and uniform factors")
    func colorJitter() throws {
        let views = try manyViews(
            "view.color_jitter={brightness: 0.4, contrast: 0.3, saturation: 1.5, hue: 0.1, "
                + "probability: 0.8}")
        let jitters = views.compactMap(\.colorJitter)
        #expect(happens(jitters.count, of: manyDraws, with: 0.8))
        var orders: [[String]: Int] = [:]
        var values: [String: [Double]] = [:]
        for jitter in jitters {
            orders[jitter.named.map(\.name), default: 0] += 1
            for operation in jitter.named {
                values[operation.name, default: []].append(try #require(operation.argument))
            }
        }
        #expect(orders.count == 24 && areEven(Array(orders.values)))
        let ranges = [
            "Brightness": (0.6, 1.4), "Contrast": (0.7, 1.3), "Color": (0, 2.5),
            "Hue": (-0.1, 0.1),
        ]
        for (name, range) in ranges {
            let sample = try #require(values[name])
            #expect(follows(sample) { ($0 - range.0) / (range.1 - range.0) })
        }
    }

    @Test("three-augment's operations are as frequent, its radii uniform in 0.1…2")
    func threeAugment() throws {
        let views = try manyViews("view.randaugment=none", "view.three_augment=true")
        var counts = [0, 0, 0]
        var radii: [Double] = []
        for view in views {
            switch try #require(view.threeAugment) {
            case .solarize: counts[0] += 1
            case .greyscale: counts[1] += 1
            case .gaussianBlur(let radius):
                counts[2] += 1
                radii.append(radius)
            }
        }
        #expect(areEven(counts))
        #expect(follows(radii) { ($0 - 0.1) / 1.9 })
    }
}

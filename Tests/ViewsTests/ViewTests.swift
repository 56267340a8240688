import Foundation
import Imaging
import Testing

@testable import Views

@Suite("View") struct ViewTests {
    /// 20,000 views of the published recipe.
    private static func views(_ overrides: String...) throws -> [View] {
        var recipe = try imagenet()
        if !overrides.isEmpty {
            recipe = try imagenet(overrides)
        }
        return (0..<20_000).map { View(recipe: recipe, epoch: 2, slot: $0, imageIndex: 0) }
    }

    @Test("crops of a large square have uniform area and log-uniform shape, where both fit")
    func cropDistribution() throws {
        // In a square of side s a share below 3/4 fits whatever its shape, at the first try.
        let recipe = try imagenet("view.crop.scale=[0.08, 0.74]")
        var areas: [Double] = []
        var shapes: [Double] = []
        for slot in 0..<20_000 {
            let view = View(recipe: recipe, epoch: 0, slot: slot, imageIndex: 0)
            let crop = view.crop(width: 40_000, height: 40_000)
            areas.append(Double(crop.width * crop.height) / 1.6e9)
            shapes.append(Foundation.log(Double(crop.width) / Double(crop.height)))
        }
        #expect(kolmogorov(areas) { ($0 - 0.08) / 0.66 } < kolmogorovLimit)
        let edge = Foundation.log(4.0 / 3)
        #expect(kolmogorov(shapes) { ($0 + edge) / (2 * edge) } < kolmogorovLimit)
    }

    @Test("offsets are uniform over every place where the crop fits")
    func cropOffsets() throws {
        let crops = try Self.views().map { $0.crop(width: 500, height: 375) }
        let xs = crops.filter { $0.width < 300 }.map {
            // A place out of 500 - w + 1, spread over its own cell to be continuous.
            (Double($0.x) + 0.5) / Double(500 - $0.width + 1)
        }
        let ys = crops.filter { $0.height < 200 }.map {
            (Double($0.y) + 0.5) / Double(375 - $0.height + 1)
        }
        // The distance of a lattice of at least 175 places is at most 1/350 more.
        #expect(kolmogorov(xs) { $0 } < kolmogorovLimit + Double(xs.count).squareRoot() / 400)
        #expect(kolmogorov(ys) { $0 } < kolmogorovLimit + Double(ys.count).squareRoot() / 350)
        for crop in crops {
            #expect(crop.x >= 0 && crop.x + crop.width <= 500)
            #expect(crop.y >= 0 && crop.y + crop.height <= 375)
        }
    }

    @Test("an image too thin for any crop gets the largest centered one")
    func cropFallback() throws {
        let recipe = try imagenet("view.crop.scale=[0.9, 1.0]")
        let view = View(recipe: recipe, epoch: 0, slot: 0, imageIndex: 0)
        // 1000 x 40: height 40, width round(40 · 4/3) = 53, x (1000 - 53) div 2.
        #expect(
            view.crop(width: 1000, height: 40) == PixelRect(x: 473, y: 0, width: 53, height: 40))
        // 40 x 1001: width 40, height round(40 / 0.75) = 53.
        #expect(
            view.crop(width: 40, height: 1001) == PixelRect(x: 0, y: 474, width: 40, height: 53))
        #expect(view.crop(width: 1, height: 1) == PixelRect(x: 0, y: 0, width: 1, height: 1))
        let tall = try imagenet("view.crop={scale: [1, 1], ratio: [3, 4]}")
        let thin = View(recipe: tall, epoch: 0, slot: 0, imageIndex: 0)
        #expect(thin.crop(width: 1, height: 9) == PixelRect(x: 0, y: 4, width: 1, height: 1))
    }

    @Test("interpolation and flip are fair coins, and independent")
    func coins() throws {
        var counts = [0, 0, 0, 0]
        for view in try Self.views() {
            counts[(view.flip ? 1 : 0) + (view.interpolation == .bicubic ? 2 : 0)] += 1
        }
        #expect(chiSquare(counts) < chiSquareLimit(degrees: 3))
        #expect(try Self.views("view.flip=0").allSatisfy { !$0.flip })
        #expect(try Self.views("view.flip=1").allSatisfy(\.flip))
        #expect(
            try Self.views("view.interpolation=bicubic").allSatisfy {
                $0.interpolation == .bicubic
            })
    }

    @Test("RandAugment applies each of two draws with probability ½, each of 15 as often")
    func operationFrequency() throws {
        let views = try Self.views()
        let applied = (0...2).map { n in views.filter { $0.augmentations.count == n }.count }
        #expect(chiSquare(applied, [0.25, 0.5, 0.25]) < chiSquareLimit(degrees: 2))
        let all = views.flatMap(\.augmentations)
        let counts = AugmentDraw.Transform.allCases.map { transform in
            all.filter { $0.transform == transform }.count
        }
        #expect(counts.count == 15)
        #expect(chiSquare(counts) < chiSquareLimit(degrees: 14))
        // With replacement: among views with two, one in 15 has the same twice.
        let twice = views.filter { $0.augmentations.count == 2 }
        let same = twice.filter { $0.augmentations[0].transform == $0.augmentations[1].transform }
        #expect(
            chiSquare([same.count, twice.count - same.count], [1.0 / 15, 14.0 / 15])
                < chiSquareLimit(degrees: 1))
        #expect(try Self.views("view.randaugment=none").allSatisfy { $0.augmentations.isEmpty })
    }

    @Test("magnitudes are normal about 7 with deviation ½, and signs fair coins")
    func magnitudes() throws {
        let all = try Self.views().flatMap(\.augmentations)
        let standardized = all.map { ($0.magnitude - 7) / 0.5 }
        #expect(kolmogorov(standardized, normalDistribution) < kolmogorovLimit)
        let negated = all.filter(\.negated).count
        #expect(chiSquare([negated, all.count - negated]) < chiSquareLimit(degrees: 1))
        let posterized = all.filter { $0.transform == .posterize }
        let three = posterized.filter { $0.argument == 3 }.count
        // Three bits for m ≥ 7.5, one deviation above the mean: 15.87 %.
        #expect(
            chiSquare([three, posterized.count - three], [0.158655, 0.841345])
                < chiSquareLimit(degrees: 1))
        let clipped = try Self.views("view.randaugment=rand-m9-mstd2").flatMap(\.augmentations)
        #expect(clipped.contains { $0.magnitude == 10 })
        #expect(clipped.allSatisfy { (0...10).contains($0.magnitude) })
        let uniform = try Self.views("view.randaugment=rand-m9-mstd101").flatMap(\.augmentations)
        #expect(kolmogorov(uniform.map(\.magnitude)) { $0 / 9 } < kolmogorovLimit)
    }

    @Test("a record survives JSON and holds what the view renders")
    func record() throws {
        for view in try Self.views().prefix(200) {
            let record = view.record(width: 500, height: 375)
            let json = try JSONEncoder().encode(record)
            #expect(try JSONDecoder().decode(ViewRecord.self, from: json) == record)
            #expect(record.crop == view.crop(width: 500, height: 375))
            #expect(record.operations.map(\.name) == view.augmentations.map(\.name))
        }
    }
}

@Suite("AugmentDraw") struct AugmentDrawTests {
    private func operation(
        _ transform: AugmentDraw.Transform, _ magnitude: Double, negated: Bool = false,
        increasing: Bool = false, size: Int = 224
    ) -> PixelOperation {
        AugmentDraw(
            transform: transform, magnitude: magnitude, negated: negated, increasing: increasing
        ).operation(size: size)
    }

    @Test("arguments at magnitude 7 are those of the specification")
    func magnitudeSeven() {
        #expect(operation(.autoContrast, 7) == .autoContrast)
        #expect(operation(.equalize, 7) == .equalize)
        #expect(operation(.invert, 7) == .invert)
        #expect(operation(.rotate, 7) == .rotate(degrees: 21))
        #expect(operation(.rotate, 7, negated: true) == .rotate(degrees: -21))
        #expect(operation(.posterize, 7) == .posterize(bits: 2))
        #expect(operation(.posterize, 7.5) == .posterize(bits: 3))
        #expect(operation(.solarize, 7) == .solarize(threshold: 179))
        #expect(operation(.solarizeAdd, 7) == .solarizeAdd(amount: 77))
        #expect(operation(.color, 7, negated: true) == .color(0.7 * 1.8 + 0.1))
        #expect(operation(.contrast, 7) == .contrast(0.7 * 1.8 + 0.1))
        #expect(operation(.brightness, 7) == .brightness(0.7 * 1.8 + 0.1))
        #expect(operation(.sharpness, 7) == .sharpness(0.7 * 1.8 + 0.1))
        #expect(operation(.shearX, 7) == .shearX(0.7 * 0.3))
        #expect(operation(.shearY, 7, negated: true) == .shearY(-0.7 * 0.3))
        #expect(operation(.translateX, 7) == .translateX(pixels: 0.7 * 0.45 * 224))
        #expect(abs(0.7 * 0.45 * 224 - 70.56) < 1e-12)
    }

    @Test("a translation is a share of the size; nothing else changes with it")
    func sizes() {
        #expect(operation(.translateY, 7, size: 448) == .translateY(pixels: 0.7 * 0.45 * 448))
        for transform in AugmentDraw.Transform.allCases
        where transform != .translateX && transform != .translateY {
            #expect(operation(transform, 6.6, size: 448) == operation(transform, 6.6))
        }
    }

    @Test("inc1 turns posterize and solarize round and lets the enhancers go both ways")
    func increasing() {
        #expect(operation(.posterize, 7, increasing: true) == .posterize(bits: 2))
        #expect(operation(.posterize, 3, increasing: true) == .posterize(bits: 3))
        #expect(operation(.solarize, 7, increasing: true) == .solarize(threshold: 77))
        #expect(operation(.solarizeAdd, 7, increasing: true) == .solarizeAdd(amount: 77))
        #expect(operation(.color, 7, increasing: true) == .color(1 + 0.7 * 0.9))
        #expect(operation(.color, 7, negated: true, increasing: true) == .color(1 - 0.7 * 0.9))
        #expect(operation(.contrast, 10, negated: true, increasing: true) == .contrast(0.1))
        let draw = AugmentDraw(
            transform: .sharpness, magnitude: 7, negated: false, increasing: true)
        #expect(draw.name == "SharpnessIncreasing")
        let rotation = AugmentDraw(
            transform: .rotate, magnitude: 7, negated: false, increasing: true)
        #expect(rotation.name == "Rotate")
    }

    @Test("the ends of the scale stay within what the operations take")
    func ends() {
        #expect(operation(.posterize, 0) == .posterize(bits: 1))
        #expect(operation(.posterize, 10) == .posterize(bits: 4))
        #expect(operation(.posterize, 10, increasing: true) == .posterize(bits: 1))
        #expect(operation(.solarize, 10) == .solarize(threshold: 256))
        #expect(operation(.solarize, 10, increasing: true) == .solarize(threshold: 0))
        #expect(operation(.solarizeAdd, 10) == .solarizeAdd(amount: 110))
    }
}

import Foundation
import Imaging
import Testing

@testable import Views

/// 100,000 draws of everything against the law that the specification gives it.
@Suite("Distributions") struct DistributionTests {
    @Test("crops of a large square follow the law that trying until one fits makes")
    func crops() throws {
        let side = 40_000
        let crops = try manyViews().map { $0.crop(width: side, height: side) }
        // None of ten tries fits once in 300 million.
        let law = BoxLaw(areas: 0.08...1, edge: log(4.0 / 3))
        #expect(pow(1 - law.acceptance, 10) < 4e-9)
        #expect(follows(crops.map { Double($0.width * $0.height) / 1.6e9 }, law.area))
        #expect(follows(crops.map { log(Double($0.width) / Double($0.height)) }, law.shape))
        // The law without rejections, which a wrong reading would give, is told apart.
        #expect(!follows(crops.map { Double($0.width * $0.height) / 1.6e9 }) { ($0 - 0.08) / 0.92 })
        let free = crops.filter { $0.width <= 30_000 && $0.height <= 30_000 }
        let xs = free.map { (Double($0.x) + 0.5) / Double(side - $0.width + 1) }
        let ys = free.map { (Double($0.y) + 0.5) / Double(side - $0.height + 1) }
        #expect(follows(xs, lattice: 1e-4) { $0 } && follows(ys, lattice: 1e-4) { $0 })
        #expect(areEven(cells(xs, ys, 16)))
    }

    @Test("a wide image gets the centered crop as often as ten tries fail")
    func fallback() throws {
        // Ten times as wide as high: a try fits where its height does, a ≤ r / 10. With a uniform in
        // 0.08…1 and t = ln r in ±ln 4/3 that has the probability
        // ∫ (eᵗ / 10 - 0.08) dt / (0.92 · 2 ln 4/3) over t from ln 0.8 on.
        let edge = log(4.0 / 3)
        let integral = (4.0 / 3 - 0.8) / 10 - 0.08 * (edge - log(0.8))
        let acceptance = integral / (0.92 * 2 * edge)
        let crops = try manyViews().map { $0.crop(width: 100_000, height: 10_000) }
        let centered = PixelRect(x: 43_333, y: 0, width: 13_333, height: 10_000)
        let count = crops.filter { $0 == centered }.count
        #expect(happens(count, of: manyDraws, with: pow(1 - acceptance, 10)))
    }

    @Test("flips and filters are independent coins with the recipe's probability")
    func flipsAndFilters() throws {
        var counts = [0, 0, 0, 0]
        for view in try manyViews("view.flip=0.3") {
            counts[(view.flip ? 1 : 0) + (view.interpolation == .bicubic ? 2 : 0)] += 1
        }
        #expect(follows(counts, [0.35, 0.15, 0.35, 0.15]))
        let fair = try manyViews().filter(\.flip).count
        #expect(happens(fair, of: manyDraws, with: 0.5))
    }

    @Test(
        "each RandAugment operation is as frequent as the others and applies as often as it should",
        arguments: [("rand-m7-mstd0.5", 2, 0.5), ("rand-m9-n3-p0.8-inc1", 3, 0.8)])
    func operations(policy: String, drawn: Int, probability: Double) throws {
        let views = try manyViews("view.randaugment=\(policy)")
        let applied = (0...drawn).map { n in views.filter { $0.augmentations.count == n }.count }
        #expect(follows(applied, coins(drawn, probability)))
        // Each of 15 operations with each sign, for the signs are coins that all operations toss.
        var counts = Array(repeating: 0, count: 30)
        let index = Dictionary(
            uniqueKeysWithValues: AugmentDraw.Transform.allCases.enumerated().map { ($1, $0) })
        for draw in views.flatMap(\.augmentations) {
            counts[(index[draw.transform] ?? 0) * 2 + (draw.negated ? 1 : 0)] += 1
        }
        #expect(areEven(counts))
        // With replacement, in order: all 225 pairs of the first two.
        var pairs = Array(repeating: 0, count: 225)
        for view in views where view.augmentations.count == drawn {
            let two = view.augmentations.prefix(2).map { index[$0.transform] ?? 0 }
            pairs[two[0] * 15 + two[1]] += 1
        }
        #expect(areEven(pairs))
    }

    @Test("magnitudes are normal, clipped to 0…10")
    func magnitudes() throws {
        let published = try manyViews().flatMap(\.augmentations).map { ($0.magnitude - 7) / 0.5 }
        #expect(follows(published, normalDistribution))
        // Mean 5 and deviation 4: the ends lie 1.25 deviations away.
        let wide = try manyViews("view.randaugment=rand-m5-mstd4-p1").flatMap(\.augmentations)
        let end = normalDistribution(-1.25)
        let cells = [
            wide.filter { $0.magnitude == 0 },
            wide.filter { 0 < $0.magnitude && $0.magnitude < 10 },
            wide.filter { $0.magnitude == 10 },
        ]
        #expect(follows(cells.map(\.count), [end, 1 - 2 * end, end]))
        let inside = cells[1].map { ($0.magnitude - 5) / 4 }
        #expect(follows(inside) { (normalDistribution($0) - end) / (1 - 2 * end) })
        let even = try manyViews("view.randaugment=rand-m9-mstd101-p1").flatMap(\.augmentations)
        #expect(follows(even.map(\.magnitude)) { $0 / 9 })
    }

    @Test("half of the groups are CutMix, λ is Beta(0.2, 0.2) or Beta(1, 1), centers are uniform")
    func mixes() throws {
        let plan = try ViewPlan(
            recipe: imagenet("batch={size: 6, group: 2}"), imageCount: 302_080)
        var mixup: [Double] = []
        var cutmix: [(lambda: Double, x: Double, y: Double)] = []
        for group in 0..<manyDraws {
            switch plan.mix(epoch: 1, group: group) {
            case .none: Issue.record("unmixed at probability 1")
            case .mixup(let lambda): mixup.append(lambda)
            case .cutmix(let lambda, let x, let y): cutmix.append((lambda, x, y))
            }
        }
        #expect(happens(cutmix.count, of: manyDraws, with: 0.5))
        #expect(follows(cutmix.map(\.lambda)) { $0 })
        let (xs, ys) = (cutmix.map(\.x), cutmix.map(\.y))
        #expect(follows(xs) { $0 } && follows(ys) { $0 })
        #expect(areEven(cells(xs, ys, 16)))
        // Beta(0.2, 0.2) up to each edge, by SciPy 1.17.1; it is even about ½.
        let edges = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]
        let below = [
            0.132201292, 0.20977769, 0.291025066, 0.336689778, 0.392722164, 0.433204184,
            0.467747349, 0.5,
        ]
        let lower = zip(below, [0] + below).map { $0 - $1 }
        let all = edges + edges.dropLast().reversed().map { 1 - $0 }
        var counts = Array(repeating: 0, count: 16)
        for lambda in mixup { counts[all.filter { lambda >= $0 }.count] += 1 }
        #expect(follows(counts, lower + lower.reversed()))
        let other = try ViewPlan(
            recipe: imagenet(
                "batch={size: 6, group: 2}",
                "view.mix={probability: 0.7, mixup: 0.2, cutmix: 1, switch: 0.2}"),
            imageCount: 302_080)
        let modes = (0..<manyDraws).map { other.mixRecord(epoch: 1, group: $0, size: 4096).mode }
        let modeCounts = ["none", "mixup", "cutmix"].map { name in
            modes.filter { $0 == name }.count
        }
        // A CutMix box of a side under 2 pixels is none; at 4096 that is once in 4 million.
        #expect(follows(modeCounts, [0.3, 0.56, 0.14]))
    }

    @Test("ImageNet's epochs show 427,008 images three times, an independent third in each")
    func repeatedAugmentation() throws {
        let plan = try ViewPlan(recipe: imagenet(), imageCount: imagenetImages)
        let epochs = 6
        var seen = Array(repeating: 0, count: imagenetImages)
        var orders: Set<[Int]> = []
        for epoch in 0..<epochs {
            let images = plan.imageIndices(epoch: epoch, slots: 0..<plan.slotsPerEpoch)
            orders.insert(Array(images.prefix(1536)))
            var copies = Array(repeating: UInt8(0), count: imagenetImages)
            var steps = Array(repeating: -1, count: imagenetImages)
            var groups = Array(repeating: UInt8(0), count: imagenetImages)
            var apart = true
            for (slot, image) in images.enumerated() {
                let (step, bit) = (slot / 1536, UInt8(1) << UInt8(slot % 1536 / 192))
                // Every further copy is in the first one's step, and in a group without any.
                apart = apart && (copies[image] == 0 || steps[image] == step)
                apart = apart && groups[image] & bit == 0
                copies[image] += 1
                steps[image] = step
                groups[image] |= bit
            }
            #expect(apart)
            #expect(copies.filter { $0 == 3 }.count == 427_008)
            #expect(copies.filter { $0 == 0 }.count == imagenetImages - 427_008)
            for image in 0..<imagenetImages where copies[image] > 0 { seen[image] += 1 }
        }
        #expect(orders.count == epochs)
        // Epochs choose independently: an image is seen in k of 6 as often as 6 coins of
        // 427,008 / 1,281,167 say.
        let counts = (0...epochs).map { n in seen.filter { $0 == n }.count }
        #expect(follows(counts, coins(epochs, 427_008 / Double(imagenetImages))))
    }
}

/// The probability of each number of heads, 0…`count`, among coins that show them with `p`.
private func coins(_ count: Int, _ p: Double) -> [Double] {
    var share = pow(1 - p, Double(count))
    return (0...count).map { heads in
        defer { share *= Double(count - heads) / Double(heads + 1) * p / (1 - p) }
        return share
    }
}

/// How many points of the unit square fall in each of `n` by `n` cells.
func cells(_ xs: [Double], _ ys: [Double], _ n: Int) -> [Int] {
    var counts = Array(repeating: 0, count: n * n)
    for (x, y) in zip(xs, ys) {
        counts[min(Int(y * Double(n)), n - 1) * n + min(Int(x * Double(n)), n - 1)] += 1
    }
    return counts
}

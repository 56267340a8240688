import Foundation
import Testing

@testable import Views

@Suite("ViewStatistics") struct ViewStatisticsTests {
    private func statistics(_ overrides: String...) throws -> ViewStatistics {
        let recipe = try imagenet(["batch={size: 64, group: 16}"] + overrides)
        let plan = try ViewPlan(recipe: recipe, imageCount: 2000)
        var statistics = ViewStatistics(of: plan)
        for slot in 0..<1000 {
            statistics.add(plan.view(epoch: 1, slot: slot), width: 500, height: 375)
        }
        for group in 0..<plan.groupsPerEpoch { statistics.add(epoch: 1, group: group) }
        return statistics
    }

    @Test("count what the views themselves say")
    func counts() throws {
        let found = try statistics()
        let plan = try ViewPlan(
            recipe: imagenet("batch={size: 64, group: 16}"), imageCount: 2000)
        let views = (0..<1000).map { plan.view(epoch: 1, slot: $0) }
        #expect(found.views == 1000)
        #expect(found.flips == views.filter(\.flip).count)
        #expect(found.bicubic == views.filter { $0.interpolation == .bicubic }.count)
        #expect(found.randaugment.count == 15)
        #expect(found.randaugment.map(\.drawn).reduce(0, +) == 2000)
        for operation in found.randaugment {
            let applied = views.flatMap(\.augmentations).filter { $0.name == operation.name }
            #expect(operation.applied == applied.count)
            let mean = applied.map(\.magnitude).reduce(0, +) / Double(applied.count)
            #expect(abs(try #require(operation.meanMagnitude) - mean) < 1e-9)
        }
        let crops = views.map { $0.crop(width: 500, height: 375) }
        let small = crops.filter { $0.width * $0.height < 18_750 }.count
        #expect(found.cropAreas.counts[0] == small)
        #expect(found.cropAreas.total == 1000 && found.cropAspects.total == 1000)
        #expect(found.threeAugment.isEmpty && found.colorJitter.isEmpty && found.erasing == nil)
        let mixing = try #require(found.mixing)
        #expect(mixing.groups == plan.groupsPerEpoch)
        #expect(mixing.unmixed + mixing.mixup.total + mixing.cutmix.total == mixing.groups)
    }

    @Test("count the named transforms, and nothing that a recipe lacks")
    func transforms() throws {
        let found = try statistics(
            "view.randaugment=none", "view.three_augment=true", "view.mix=none",
            "view.color_jitter={brightness: 0.4, contrast: 0, saturation: 0.4, probability: 0.5}",
            "view.erasing={probability: 0.5, area: [0.1, 0.2], aspect: [1, 1], count: 2, fill: mean}"
        )
        #expect(found.randaugment.isEmpty && found.mixing == nil)
        #expect(found.threeAugment.map(\.applied).reduce(0, +) == 1000)
        #expect(found.threeAugment[0].meanArgument == 128)
        #expect(found.threeAugment[1].meanArgument == nil)
        #expect(found.colorJitter.map(\.name) == ["Brightness", "Color"])
        #expect(found.colorJitter[0].applied == found.colorJitter[1].applied)
        let erasing = try #require(found.erasing)
        #expect((400...600).contains(erasing.views) && erasing.boxes == 2 * erasing.views)
        #expect(abs(erasing.areas.mean - 0.075) < 0.003)
    }

    @Test("an epoch shows a third of the images with repeated augmentation, else all it can")
    func distinct() throws {
        let plan = try ViewPlan(recipe: imagenet(), imageCount: 46_080)
        #expect(plan.distinctImages(epoch: 2) == 15_360)
        let plain = try ViewPlan(recipe: imagenet("batch.repeats=1"), imageCount: 46_081)
        #expect(plain.distinctImages(epoch: 2) == 46_080)
    }

    @Test("a histogram's bins have equal widths or ratios, and keep what lies beyond")
    func histogram() {
        var even = Histogram(over: 0...1, bins: 4)
        for value in [-1, 0, 0.25, 0.26, 0.99, 1, 7] { even.add(value) }
        #expect(even.counts == [2, 2, 0, 3])
        #expect(abs(even.mean - 8.5 / 7) < 1e-12)
        let ratio = Histogram(over: 0.25...4, bins: 4, isLogarithmic: true)
        #expect(zip(ratio.edges, [0.25, 0.5, 1, 2, 4]).allSatisfy { abs($0 - $1) < 1e-12 })
        var single = Histogram(over: 2...2, bins: 9)
        single.add(2)
        #expect(single.counts == [1])
    }
}

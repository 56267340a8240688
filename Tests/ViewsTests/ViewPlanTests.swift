import Imaging
import StrictYAML
import Testing

@testable import Views

@Suite("ViewPlan") struct ViewPlanTests {
    @Test("the published recipe has 834 steps of 8 groups of 192 on ImageNet")
    func landmarks() throws {
        let plan = try ViewPlan(recipe: imagenet(), imageCount: imagenetImages)
        #expect(plan.stepsPerEpoch == 834)
        #expect(plan.stepsPerEpoch * 610 == 508_740)
        #expect(plan.slotsPerEpoch == 1_281_024)
        #expect(plan.groupsPerEpoch == 6672)
        #expect([plan.groupSize, plan.groupsPerStep, plan.stepSize] == [192, 8, 1536])
        #expect(plan.slots(ofGroup: 8) == 1536..<1728)
    }

    @Test("without repeats, and at batch 2048, the steps are those of the specification")
    func otherBatches() throws {
        let plain = try ViewPlan(recipe: imagenet("batch.repeats=1"), imageCount: imagenetImages)
        #expect(plain.stepsPerEpoch == 834)
        let large = try ViewPlan(
            recipe: imagenet("batch={size: 2048, group: 256}"), imageCount: imagenetImages)
        #expect(large.stepsPerEpoch == 625)
    }

    @Test("an epoch shows 427,008 images three times, each triple in three groups of one step")
    func repeatedAugmentation() throws {
        let plan = try ViewPlan(recipe: imagenet(), imageCount: imagenetImages)
        let images = plan.imageIndices(epoch: 3, slots: 0..<plan.slotsPerEpoch)
        var slots: [Int: [Int]] = [:]
        for (slot, image) in images.enumerated() { slots[image, default: []].append(slot) }
        #expect(slots.count == 427_008)
        #expect(slots.values.allSatisfy { $0.count == 3 })
        #expect(slots.values.allSatisfy { Set($0.map { $0 / 1536 }).count == 1 })
        #expect(slots.values.allSatisfy { Set($0.map { $0 / 192 }).count == 3 })
        #expect(slots.keys.allSatisfy { (0..<imagenetImages).contains($0) })
    }

    @Test("an epoch without repeats shows every image at most once, whole steps only")
    func plainEpoch() throws {
        let recipe = try imagenet("batch={size: 96, group: 96, repeats: 1}")
        let plan = try ViewPlan(recipe: recipe, imageCount: 1437)
        #expect(plan.stepsPerEpoch == 14)
        let images = plan.imageIndices(epoch: 0, slots: 0..<plan.slotsPerEpoch)
        #expect(images.count == 1344)
        #expect(Set(images).count == 1344)
    }

    @Test("shuffles are permutations, differ by epoch and seed, and are uniform")
    func shuffles() {
        let a = EpochOrders.shuffle(seed: 1, epoch: 0, count: 10_007)
        #expect(a.sorted() == (0..<10_007).map { UInt32($0) })
        #expect(a != EpochOrders.shuffle(seed: 1, epoch: 1, count: 10_007))
        #expect(a != EpochOrders.shuffle(seed: 2, epoch: 0, count: 10_007))
        // All 24 orders of 4 things.
        var counts: [[UInt32]: Int] = [:]
        for epoch in 0..<20_000 {
            counts[EpochOrders.shuffle(seed: 9, epoch: epoch, count: 4), default: 0] += 1
        }
        #expect(counts.count == 24)
        #expect(chiSquare(Array(counts.values)) < chiSquareLimit(degrees: 23))
    }

    @Test("shuffling ImageNet takes well under a second")
    func speed() {
        let time = ContinuousClock().measure {
            _ = EpochOrders.shuffle(seed: 1, epoch: 0, count: imagenetImages)
        }
        print("shuffle of \(imagenetImages) images: \(time)")
        #expect(time < .seconds(1))
    }

    @Test("views and mixes are the same in any order and from any number of threads")
    func purity() async throws {
        let recipe = try imagenet("batch={size: 64, group: 16}")
        let plan = try ViewPlan(recipe: recipe, imageCount: 2000)
        // More epochs than are kept, so that shuffles are dropped and made again meanwhile.
        let addresses = (0..<6).flatMap { epoch in
            (0..<plan.slotsPerEpoch).map { (epoch: epoch, slot: $0) }
        }
        let expected = addresses.map { plan.view(epoch: $0.epoch, slot: $0.slot) }
        for workers in [1, 2, 8] {
            let other = try ViewPlan(recipe: recipe, imageCount: 2000)
            let found = await withTaskGroup(of: [(Int, View)].self) { group in
                for worker in 0..<workers {
                    group.addTask {
                        stride(from: addresses.count - 1 - worker, through: 0, by: -workers).map {
                            ($0, other.view(epoch: addresses[$0].epoch, slot: addresses[$0].slot))
                        }
                    }
                }
                var views = [View?](repeating: nil, count: addresses.count)
                for await part in group { for (i, view) in part { views[i] = view } }
                return views
            }
            #expect(found == expected)
            for epoch in [5, 0] {
                for g in (0..<plan.groupsPerEpoch).reversed() {
                    #expect(other.mix(epoch: epoch, group: g) == plan.mix(epoch: epoch, group: g))
                }
            }
        }
        let crops = expected.map { $0.crop(width: 500, height: 375) }
        #expect(crops == expected.map { $0.crop(width: 500, height: 375) })
    }

    @Test("a change of group size moves images between groups, never a slot's own draws")
    func drawsBelongToSlots() throws {
        let a = try ViewPlan(recipe: imagenet("batch={size: 64, group: 16}"), imageCount: 2000)
        let b = try ViewPlan(
            recipe: imagenet("batch={size: 64, group: 32, repeats: 2}"), imageCount: 2000)
        for slot in 0..<64 {
            let (x, y) = (a.view(epoch: 1, slot: slot), b.view(epoch: 1, slot: slot))
            #expect(x.augmentations == y.augmentations && x.flip == y.flip)
            #expect(x.crop(width: 99, height: 77) == y.crop(width: 99, height: 77))
        }
    }

    @Test("substitutes are drawn per slot and attempt")
    func substitutes() throws {
        let plan = try ViewPlan(recipe: imagenet("batch={size: 64, group: 16}"), imageCount: 2000)
        let first = (0..<64).map { plan.substituteIndex(epoch: 0, slot: $0, attempt: 0) }
        #expect(first == (0..<64).map { plan.substituteIndex(epoch: 0, slot: $0, attempt: 0) })
        #expect(first != (0..<64).map { plan.substituteIndex(epoch: 0, slot: $0, attempt: 1) })
        #expect(first.allSatisfy { (0..<2000).contains($0) })
        let view = plan.view(epoch: 0, slot: 5, substituting: first[5])
        #expect(view.imageIndex == first[5])
        #expect(view.augmentations == plan.view(epoch: 0, slot: 5).augmentations)
    }

    @Test("too few images for a step is an error that says what to change")
    func tooFew() throws {
        func message(_ images: Int, _ override: String) -> String {
            ViewsTests.message { try ViewPlan(recipe: imagenet(override), imageCount: images) }
        }
        #expect(
            message(1500, "seed=1")
                == "1500 images fill 1280 of the 1536 slots of a step: lower batch.size to 1152, "
                + "the largest multiple of batch.group that fits")
        #expect(
            message(10, "batch={size: 12, group: 4}")
                == "10 images fill 10 of the 12 slots of a step: lower batch.group to 2 and "
                + "batch.size to 6, or add images")
        #expect(
            message(10, "batch={size: 12, group: 4, repeats: 1}")
                == "10 images fill 10 of the 12 slots of a step: lower batch.size to 8, the largest "
                + "multiple of batch.group that fits")
        #expect(message(0, "seed=1").hasPrefix("0 images fill 0 of the 1536 slots"))
        #expect(message(1536, "batch.repeats=1") == "")
    }

    @Test("a step that images do not fill can be planned as the advice says")
    func followedAdvice() throws {
        var followed = 0
        for images in 1...60 {
            for (group, groups, repeats) in [
                (7, 3, 1), (8, 2, 2), (10, 12, 3), (64, 1, 1), (2, 60, 9),
            ] {
                var batch = BatchSettings(size: group * groups, group: group, repeats: repeats)
                guard batch.stepsPerEpoch(images: images) == 0 else { continue }
                let advice = batch.advice(images: images)
                guard advice != "add images" else {
                    #expect(images < 2)
                    continue
                }
                func number(after text: String) -> Int? {
                    advice.firstRange(of: text).flatMap {
                        Int(advice[$0.upperBound...].prefix { $0.isNumber })
                    }
                }
                batch.repeats = number(after: "batch.repeats to ") ?? repeats
                let both = number(after: "batch.group and batch.size to ")
                batch.group = both ?? number(after: "batch.group to ") ?? group
                batch.size = try #require(both ?? number(after: "batch.size to "), "\(advice)")
                #expect(batch.size % batch.group == 0 && batch.repeats <= batch.groups, "\(advice)")
                #expect(batch.stepsPerEpoch(images: images) > 0, "\(images): \(advice)")
                followed += 1
            }
        }
        #expect(followed > 50)
    }

    @Test("the version is raised for the recipes whose views changed, and for no other")
    func version() throws {
        // What caches hold that were made before views had a color of their own.
        let first = "philox4x32-10/1"
        func version(_ overrides: String...) throws -> String {
            try ViewPlan(recipe: imagenet(overrides), imageCount: imagenetImages).version
        }
        #expect(try version() == first)
        #expect(try version("view.mean=[0.4852, 0.4559, 0.406]") == first)
        #expect(
            try version("view.mean=[0.5, 0.5, 0.5]", "view.randaugment=none") == first)
        for mean in ["[0.5, 0.5, 0.5]", "[0.485, 0.456, 0.41]"] {
            #expect(try version("view.mean=\(mean)") == "philox4x32-10/2")
        }
    }

    @Test("a view's geometric operations are filled with the recipe's mean") func fill() throws {
        func fill(_ recipe: ViewRecipe) -> Color {
            View(recipe: recipe, epoch: 0, slot: 0, imageIndex: 0).fill
        }
        #expect(fill(try imagenet()) == Color(red: 124, green: 116, blue: 104))
        #expect(
            fill(try imagenet("view.mean=[0.5, 0.1, 0.3]"))
                == Color(red: 128, green: 26, blue: 76))
    }

    @Test("more images than draws can tell apart are refused") func tooManyImages() throws {
        #expect(throws: YAMLError.self) { try ViewPlan(recipe: imagenet(), imageCount: 1 << 32) }
        #expect(throws: YAMLError.self) { try ViewPlan(recipe: imagenet(), imageCount: .max) }
        #expect(
            try ViewPlan(recipe: imagenet(), imageCount: 1 << 32 - 1).stepsPerEpoch == 2_796_202)
    }
}

import Imaging
import Recipes
import Testing
import Torch
import Views

@testable import Loading

@Suite("Mixer") struct MixerTests {
    private func recipe(classes: Int, smoothing: Double) throws -> Recipe {
        let scratch = try Scratch()
        let path = try scratch.write("recipe.yaml", Array(TestRecipe.yaml.utf8))
        return try Recipe(
            contentsOf: path,
            overrides: ["data.classes=\(classes)", "view.label_smoothing=\(smoothing)"])
    }

    /// Four images of one grey level each, 4 x 4.
    private let levels: [UInt8] = [0, 51, 102, 255]
    private var pixels: [UInt8] { levels.flatMap { [UInt8](repeating: $0, count: 4 * 4 * 3) } }

    @Test("mixup blends normalized images and smoothed labels as the specification's row 0")
    func mixup() throws {
        let mixer = Mixer(recipe: try recipe(classes: 4, smoothing: 0.1), device: .cpu)
        let batch = try mixer.batch(
            PixelBatch(pixels, size: 4), labels: [0, 1, 2, 2], draw: .mixup(lambda: 0.7))
        let targets = try batch.targets.floats()
        for (ours, expected) in zip(targets[0..<4], [0.655, 0.025, 0.295, 0.025]) {
            #expect(abs(Double(ours) - expected) < 1e-6)
        }
        for row in 0..<4 { #expect(abs(targets[row * 4..<row * 4 + 4].reduce(0, +) - 1) < 1e-6) }
        let images = try batch.images.contiguous().floats()
        // Red channel of image 0: 0.7 of level 0 and 0.3 of level 255.
        let expected = (0.3 * 1.0 - 0.485) / 0.229
        #expect(abs(Double(images[0]) - expected) < 1e-5)
        #expect(batch.images.shape == [4, 3, 4, 4])
    }

    /// Of members without a label only the partner's label counts, by its share of the mix.
    @Test("a member without a label brings nothing to a target, mixed or not") func unlabeled()
        throws
    {
        let mixer = Mixer(recipe: try recipe(classes: 4, smoothing: 0.1), device: .cpu)
        let mixed = try mixer.batch(
            PixelBatch(pixels, size: 4), labels: [0, nil, nil, 2], draw: .mixup(lambda: 0.7))
        let half = try mixer.batch(
            PixelBatch(pixels, size: 4), labels: [nil, 1, 0, nil], draw: .mixup(lambda: 0.7))
        let whole = try mixer.batch(
            PixelBatch(pixels, size: 4), labels: [0, 1, 0, 2], draw: .mixup(lambda: 0.7))
        #expect([mixed.labeled, half.labeled, whole.labeled] == [2, 2, 4])
        let (first, second) = try (mixed.targets.floats(), half.targets.floats())
        for (sum, all) in zip(zip(first, second).map { $0 + $1 }, try whole.targets.floats()) {
            #expect(abs(sum - all) < 1e-6)
        }
        // Members 0 and 3 are partners, and so are 1 and 2.
        #expect(first[4..<12].allSatisfy { $0 == 0 })
        #expect(abs(first.reduce(0, +) - 2) < 1e-6)
        let alone = try mixer.batch(
            PixelBatch(pixels, size: 4), labels: [0, nil, 1, 2], draw: .none)
        #expect(try alone.targets.floats()[4..<8].allSatisfy { $0 == 0 })
    }

    @Test("nothing mixed gives the normalized pixels and the smoothed labels") func none() throws {
        let mixer = Mixer(recipe: try recipe(classes: 1000, smoothing: 0.1), device: .cpu)
        let batch = try mixer.batch(
            PixelBatch(pixels, size: 4), labels: [0, 1, 2, 999], draw: .none)
        let targets = try batch.targets.floats()
        #expect(abs(Double(targets[0]) - 0.9001) < 1e-6)
        #expect(abs(Double(targets[1]) - 1e-4) < 1e-8)
        let images = try batch.images.contiguous().floats()
        #expect(abs(Double(images[3 * 48 + 16]) - (1 - 0.456) / 0.224) < 1e-6)
    }

    @Test("undoing a normalization and applying another equals the published adapter")
    func adapter() throws {
        let own = try Normalization(
            mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], device: .cpu)
        let teacher = try Normalization(
            mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], device: .cpu)
        let x = try Tensor([1.5, -0.3, 0.2, 0.1, 2, -1], shape: [2, 3, 1, 1])
        let ours = try teacher.normalize(own.inverse(x)).floats()
        // (x + a) · k, recipe-spec section 9.
        let a = [-0.06550218, -0.19642857, -0.41777778]
        let k = [0.458, 0.448, 0.45]
        for (index, value) in try x.floats().enumerated() {
            #expect(abs(Double(ours[index]) - (Double(value) + a[index % 3]) * k[index % 3]) < 1e-6)
        }
    }
}

@Suite("Views of a folder") struct ViewLoaderTests {
    private func make(
        _ scratch: Scratch, overrides: [String] = [], workers: Int = 2
    ) throws -> ViewLoader {
        let path = try scratch.write("recipe.yaml", Array(TestRecipe.yaml.utf8))
        return try ViewLoader(
            recipe: Recipe(contentsOf: path, overrides: overrides),
            options: LoadingOptions(workers: workers))
    }

    /// The bytes of a group at each size.
    private func bytes(
        _ loader: ViewLoader, epoch: Int, group: Int, sizes: [Int]
    ) throws -> [[UInt8]] {
        let views = try loader.load(epoch: epoch, group: group, sizes: sizes)
        return sizes.map { views.pixels(size: $0).withBytes(Array.init) }
    }

    @Test("no byte depends on the workers, the split of the groups or the other sizes")
    func invariance() throws {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 24)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        let alone = try make(scratch, workers: 1)
        // Six steps of two groups: what one process renders, in order.
        let groups = (0..<alone.plan.groupsPerEpoch).map { (epoch: 4, group: $0) }
        #expect(groups.count == 12)
        let expected = try groups.map {
            try bytes(alone, epoch: $0.epoch, group: $0.group, sizes: [32])[0]
        }
        #expect(Set(expected).count == 12)
        for workers in [1, 2, 8] {
            let loader = try make(scratch, workers: workers)
            // Devices that share a step take every n-th group each, or a run of groups each.
            for parts in [1, 2, 3, 4, 6, 12] {
                for part in 0..<parts {
                    let length = groups.count / parts
                    for share in [
                        groups.filter { $0.group % parts == part },
                        Array(groups[part * length..<(part + 1) * length]),
                    ] {
                        let pipeline = loader.prefetch(share, sizes: [32])
                        var count = 0
                        while let views = try pipeline.next() {
                            let found = views.pixels(size: 32).withBytes(Array.init)
                            #expect(found == expected[views.group])
                            count += 1
                        }
                        #expect(count == share.count)
                    }
                }
            }
            let both = try bytes(loader, epoch: 4, group: 7, sizes: [48, 32])
            #expect(both[1] == expected[7])
            #expect(both[0].count == 6 * 48 * 48 * 3)
            #expect(try bytes(loader, epoch: 5, group: 7, sizes: [32])[0] != expected[7])
        }
    }

    @Test("a view of two sizes, a student's and a teacher's, is read and decoded once")
    func decodedOnce() throws {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 24)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        let loader = try make(scratch)
        let view = loader.plan.view(epoch: 1, slot: 2)
        var stages: [ViewLoader.Stage] = []
        func render(_ sizes: [Int]) throws -> [[UInt8]] {
            stages = []
            let targets = sizes.map { UnsafeMutablePointer<UInt8>.allocate(capacity: $0 * $0 * 3) }
            defer { targets.forEach { $0.deallocate() } }
            try loader.render(
                view, sizes: sizes, with: RenderWorker(), into: { targets[$0] },
                lap: { stages.append($0) })
            return zip(targets, sizes).map {
                Array(UnsafeBufferPointer(start: $0, count: $1 * $1 * 3))
            }
        }
        let both = try render([32, 56])
        #expect(stages == [.read, .decode, .resize, .augment, .resize, .augment])
        #expect(try render([32])[0] == both[0])
        #expect(try render([56])[0] == both[1])
        #expect(both[0].max() ?? 0 > both[0].min() ?? 0)
    }

    @Test("a pipeline uses its buffers again and a batch outlives it") func reuse() throws {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 24)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        let loader = try make(scratch)
        var pipeline: ViewPipeline? = loader.prefetch(
            (0..<8).map { (epoch: 0, group: $0) }, sizes: [32])
        let first = try #require(try pipeline?.next())
        let before = first.pixels(size: 32).withBytes(Array.init)
        while try pipeline?.next() != nil {}
        pipeline = nil
        // Held all the while, so nothing else was rendered into it.
        #expect(first.pixels(size: 32).withBytes(Array.init) == before)
    }

    @Test("a broken image is an error that names it, or is replaced and counted")
    func substitution() throws {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 8)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        let broken = "\(scratch.path)/train/class1/3.jpg"
        try scratch.write("train/class1/3.jpg", [0xff, 0xd8, 0xff, 0xe0, 0, 1])
        let strict = try make(scratch)
        let error = #expect(throws: DatasetError.self) {
            for group in 0..<strict.plan.groupsPerEpoch {
                _ = try strict.load(epoch: 0, group: group, sizes: [32])
            }
        }
        #expect(error?.description.hasPrefix("\(broken): ") == true)
        let lenient = try make(scratch, overrides: ["data.on_error=substitute"])
        var replaced: [Int] = []
        for group in 0..<lenient.plan.groupsPerEpoch {
            let views = try lenient.load(epoch: 0, group: group, sizes: [32])
            replaced += views.substitutions.values
            for (member, index) in views.substitutions {
                #expect(views.labels[member] == lenient.dataset.samples[index].label)
            }
        }
        // The image is seen once in the epoch, and another one stands in for it.
        #expect(replaced.count == 1)
        #expect(lenient.dataset.samples[replaced[0]].path != "class1/3.jpg")
    }
}

enum TestRecipe {
    static let yaml = """
        name: test
        seed: 7
        data: {train: train, val: val, classes: 3, on_error: fail}
        view:
          size: 32
          crop: {scale: [0.2, 1.0], ratio: [0.75, 1.3333333333333333]}
          interpolation: random
          flip: 0.5
          randaugment: rand-m7-mstd0.5
          mean: [0.485, 0.456, 0.406]
          std: [0.229, 0.224, 0.225]
          mix: {probability: 1.0, mixup: 0.2, cutmix: 1.0, switch: 0.5}
          label_smoothing: 0.1
        batch: {size: 12, group: 6, repeats: 1}
        model: {name: resnet18, init: pytorch, drop_path: 0.0}
        loss: {kl: 0.0, ce: 1.0}
        optimizer: {name: lamb, lr: 5.0e-3, weight_decay: 0.02, betas: [0.9, 0.999], eps: 1.0e-6, max_grad_norm: 1.0}
        schedule: {epochs: 2, warmup: 1, cooldown: 0, final_ratio: 0.01}
        ema: {decay: 0.99, beta: 15}
        average: {keep: 2}
        validation: {size: 32, resize: 36, interpolation: bilinear, batch: 4}
        precision: fp32
        checkpoint: {every_steps: 100}

        """
}

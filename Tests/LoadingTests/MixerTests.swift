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

    @Test("mixup blends normalised images and smoothed labels as the specification's row 0")
    func mixup() throws {
        let mixer = try Mixer(recipe: recipe(classes: 4, smoothing: 0.1), device: .cpu)
        let batch = try mixer.batch(
            pixels: pixels, labels: [0, 1, 2, 2], size: 4, draw: .mixup(lambda: 0.7))
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

    @Test("nothing mixed gives the normalised pixels and the smoothed labels") func none() throws {
        let mixer = try Mixer(recipe: recipe(classes: 1000, smoothing: 0.1), device: .cpu)
        let batch = try mixer.batch(
            pixels: pixels, labels: [0, 1, 2, 999], size: 4, draw: .none)
        let targets = try batch.targets.floats()
        #expect(abs(Double(targets[0]) - 0.9001) < 1e-6)
        #expect(abs(Double(targets[1]) - 1e-4) < 1e-8)
        let images = try batch.images.contiguous().floats()
        #expect(abs(Double(images[3 * 48 + 16]) - (1 - 0.456) / 0.224) < 1e-6)
    }

    @Test("undoing a normalisation and applying another equals the published adapter")
    func adapter() throws {
        let own = try Normalisation(
            mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], device: .cpu)
        let teacher = try Normalisation(
            mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], device: .cpu)
        let x = try Tensor([1.5, -0.3, 0.2, 0.1, 2, -1], shape: [2, 3, 1, 1])
        let ours = try teacher.normalise(own.inverse(x)).floats()
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
            recipe: Recipe(contentsOf: path, overrides: overrides), workers: workers)
    }

    @Test("no byte depends on the number of workers or the order of groups") func invariance()
        throws
    {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 8)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        let one = try make(scratch, workers: 1)
        let three = try make(scratch, workers: 3)
        let late = try three.load(epoch: 4, group: 1, sizes: [32, 48])
        let early = try three.load(epoch: 4, group: 0, sizes: [32])
        #expect(try one.load(epoch: 4, group: 0, sizes: [32]).pixels == early.pixels)
        #expect(try one.load(epoch: 4, group: 1, sizes: [48, 32]).pixels == late.pixels)
        #expect(late.pixels[48]?.count == 6 * 48 * 48 * 3)
        #expect(try one.load(epoch: 5, group: 0, sizes: [32]).pixels != early.pixels)
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

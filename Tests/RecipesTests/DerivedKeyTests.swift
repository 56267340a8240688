import Learning
import Testing
import Views

@testable import Recipes

/// Training data of some numbers.
struct Counted: DataCounts {
    var imageCount: Int
    var classCount = 10

    func images(of data: Recipe.Data) -> Int { imageCount }
    func classes(of data: Recipe.Data) -> Int { classCount }
}

@Suite("Derived keys") struct DerivedKeyTests {
    private static let data = "data: {train: data/train, val: /srv/val}\n"
    private static let distilled = data + "teacher: {card: ../teachers/t.yaml}\n"

    private func read(
        _ text: String, images: Int = 7400, classes: Int = 10, _ overrides: String...
    ) throws -> Recipe {
        try Recipe(
            parsing: text, path: "/exp/recipes/mine.yaml", overrides: overrides,
            data: .counted(Counted(imageCount: images, classCount: classes)))
    }

    @Test("what the published recipe says of ImageNet follows from its length and its images")
    func published() throws {
        let recipe = try read(
            Self.distilled + "schedule: {epochs: 610}", images: 1_281_167, classes: 1000,
            "seed=42", "batch.repeats=3", "name=sample", "cache.encoding=topk")
        #expect(try recipe == RecipesTests.read())
    }

    @Test("a recipe of three lines is complete, and reads back without its images")
    func short() throws {
        let recipe = try read(Self.distilled + "schedule: {epochs: 30}")
        #expect(recipe.name == "mine" && recipe.seed == 0)
        #expect(recipe.data.classes == 10)
        #expect(recipe.batch.size == 192 && recipe.batch.group == 192 && recipe.batch.repeats == 1)
        // 5e-3 · sqrt(192 / 1536)
        #expect(recipe.optimizer.lr == 0.00177)
        #expect(recipe.schedule.warmup == 3 && recipe.schedule.cooldown == 2)
        // 38 steps an epoch, 1140 in all, of which a tenth are 114: 1 - 1/114 = 0.99123
        #expect(recipe.ema == .init(decay: 0.9912, beta: 15))
        #expect(recipe.average.keep == 6)
        #expect(recipe.checkpoint.everySteps == 57)
        #expect(recipe.cache == .init(epochs: 30))
        #expect(recipe.loss == .initial)
        #expect(try Recipe(parsing: recipe.resolvedYAML, path: "/elsewhere/r.yaml") == recipe)
    }

    @Test(
        "group and step fit the images, with some steps an epoch",
        arguments: [
            (4, "", [2, 2]), (48, "", [2, 2]), (100, "", [6, 6]), (1437, "", [88, 88]),
            (7400, "", [192, 192]), (100_000, "", [192, 384]), (1_281_167, "", [192, 1536]),
            (1437, "batch: {size: 96}", [96, 96]), (7400, "batch: {size: 1000}", [100, 1000]),
            (7400, "batch: {size: 15}", [15, 15]),
            (7400, "batch: {size: 12, repeats: 3}", [4, 12]),
            (7400, "batch: {group: 32}", [32, 32]), (1437, "batch: {repeats: 3}", [88, 264]),
        ])
    func batches(images: Int, text: String, expected: [Int]) throws {
        let batch = try read(Self.data + text, images: images, "view.mix=none").batch
        #expect([batch.group, batch.size] == expected)
        #expect(batch.stepsPerEpoch(images: images) > 0)
    }

    @Test("a step follows from nothing that a cache does not know")
    func cacheKnows() throws {
        let fields = try read(Self.distilled).viewFields.map { "\($0.name)=\($0.value)" }
        for override in [
            "schedule.epochs=7", "cache.epochs=3", "model.name=resnet18", "optimizer.name=sgd",
            "precision=fp32", "validation.size=96", "teacher=none", "name=other",
        ] {
            let other = try read(Self.distilled, override).viewFields
            #expect(other.map { "\($0.name)=\($0.value)" } == fields, "\(override)")
        }
        #expect(try read(Self.distilled, images: 900).viewFields.map(\.value) != fields)
    }

    @Test("the average's window is at most a tenth of the run")
    func window() {
        for steps in (11...3000).map({ $0 }) + [5000, 12_345, 99_999, 100_000] {
            let decay = DerivedKey.decay(steps: steps)
            #expect(1 / (1 - decay) <= Double(steps) / 10 * (1 + 1e-9), "\(steps): \(decay)")
            // Two digits are kept: the window is no shorter than they make it.
            #expect(1 / (1 - decay) >= Double(steps) / 10 * 0.9 || decay < 0.1, "\(steps)")
        }
        #expect(DerivedKey.decay(steps: 5000) == 0.998)
        #expect(DerivedKey.decay(steps: 508_740) == 0.9999)
        #expect(DerivedKey.decay(steps: 3) == 0)
    }

    @Test(
        "warm-up and cooldown are shares of the epochs and fit into them",
        arguments: [
            (1, [0, 0]), (5, [1, 0]), (10, [1, 1]), (30, [3, 2]), (100, [5, 5]), (300, [5, 10]),
            (610, [5, 10]), (1220, [10, 20]),
        ])
    func courses(epochs: Int, expected: [Int]) throws {
        let schedule = try read(Self.data, "schedule.epochs=\(epochs)").schedule
        #expect([schedule.warmup, schedule.cooldown] == expected)
        let full = try read(
            Self.data, "schedule.epochs=\(epochs)", "schedule.cooldown=\(epochs)"
        ).schedule
        #expect(full.warmup == 0)
    }

    @Test("the rates of other rules are theirs")
    func rules() throws {
        let sgd = try read(Self.data, "optimizer.name=sgd", "batch.size=64").optimizer
        #expect(sgd == .init(SGD(), lr: 0.025, weightDecay: 1e-4))
        let adam = try read(Self.data, "optimizer={name: adamw}", "batch.size=64").optimizer
        #expect(adam == .init(AdamW(), lr: 2.5e-4, weightDecay: 0.05))
    }

    @Test(
        "the weights of the loss sum to 1, and without a teacher labels have all of it",
        arguments: [
            ("", [0.8, 0.2]), ("loss.ce=0.5", [0.5, 0.5]), ("loss.kl=0.3", [0.3, 0.7]),
            ("loss.kl=1", [1, 0]), ("teacher=none", [0, 1]), ("loss.kl=2", [2, 0]),
        ])
    func losses(override: String, expected: [Double]) throws {
        let loss = try (override.isEmpty ? read(Self.distilled) : read(Self.distilled, override))
            .loss
        #expect([loss[KLDivergence.self], loss[CrossEntropy.self]] == expected)
    }

    @Test("one key gives way to another that takes its place")
    func places() throws {
        #expect(try read(Self.data, "view.three_augment=true").view.randaugment == nil)
        #expect(
            try read(Self.data, "model.name=beit_base_patch16_224").model.initialization == .timm)
        let few = try read(Self.distilled, classes: 4, "cache.encoding=topk")
        #expect(few.cache?.encoding == .topK(3))
        #expect(try read(Self.data, "view.size=96").validation.resize == 110)
        #expect(try read(Self.data).cache == nil)
    }

    @Test(
        "a name follows from the file's",
        arguments: [
            ("/exp/my student.yaml", "my-student"), ("a.b.yaml", "a.b"), ("noending", "noending"),
            ("/dev/fd/63", "recipe"), ("/dev/stdin", "stdin"), ("é.yaml", "recipe"),
            (".yaml", "recipe"), ("384.yaml", "recipe"), ("--x.yml", "x"),
        ])
    func names(path: String, expected: String) throws {
        #expect(DerivedKey.word(ofPath: path) == expected)
    }

    @Test("without its images a recipe says which keys it lacks, and needs none that it states")
    func unknown() throws {
        let text = Self.data + "schedule: {epochs: 3}\nbatch: {size: 8}\n"
        #expect(
            message { try Recipe(parsing: text, path: "a.yaml") }
                == "a.yaml:1:15: data.classes, ema.decay, checkpoint.every_steps follow from the "
                + "training images: state them, or name images that can be counted")
        let stated = ["data.classes=3", "ema=none", "checkpoint.every_steps=9"]
        #expect(try Recipe(parsing: text, path: "a.yaml", overrides: stated).batch.group == 8)
        let view = try Recipe(
            parsing: Self.data + "view: {size: 96}", path: "a.yaml", data: .unneeded)
        #expect(view.validation.size == 96)
    }

    @Test("data of one class are refused where the recipe counts them")
    func oneClass() {
        #expect(
            message { try read(Self.data, classes: 1) }.hasPrefix(
                "/exp/recipes/mine.yaml:1:15: the training images are of 1 class, and a recipe has at "
                    + "least 2; data.classes follows from"))
    }
}

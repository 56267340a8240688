import Foundation
import Learning
import Testing

@testable import Recipes
@testable import Views

@Suite("Recipe") struct RecipeTests {
    @Test("every key of the sample arrives in its property")
    func values() throws {
        let recipe = try read()
        #expect(recipe.name == "sample")
        #expect(recipe.seed == 42)
        #expect(recipe.data.classes == 1000)
        #expect(recipe.data.onError == .fail)
        #expect(recipe.view.size == 224)
        #expect(recipe.view.crop.scale == 0.08...1)
        #expect(recipe.view.crop.ratio == 0.75...1.3333333333333333)
        #expect(recipe.view.interpolation == .random)
        #expect(recipe.view.flip == 0.5)
        #expect(recipe.view.randaugment == .init(magnitude: 7, magnitudeDeviation: 0.5))
        #expect(!recipe.view.threeAugment)
        #expect(recipe.view.colorJitter == nil && recipe.view.erasing == nil)
        #expect(recipe.view.mean == [0.485, 0.456, 0.406])
        #expect(recipe.view.std == [0.229, 0.224, 0.225])
        #expect(
            recipe.view.mix == .init(probability: 1, mixup: 0.2, cutmix: 1, switch: 0.5))
        #expect(recipe.view.labelSmoothing == 0.1)
        #expect(recipe.batch == .init(size: 1536, group: 192, repeats: 3))
        #expect(recipe.batch.groups == 8)
        #expect(recipe.cache == .init(epochs: 610, encoding: .topK(50), groupsPerPart: 64))
        #expect(
            recipe.model == .init(name: "resnet50", initialization: .pytorch, dropPath: 0))
        #expect(recipe.loss.terms.map(\.weight) == [0.8, 0.2])
        #expect(recipe.loss.terms.map { type(of: $0.term).name } == ["kl", "ce"])
        #expect(
            recipe.optimizer.rule as? LAMB == LAMB(betas: Betas(0.9, 0.999), epsilon: 1e-6))
        #expect(recipe.optimizer.lr == 5e-3)
        #expect(recipe.optimizer.weightDecay == 0.02)
        #expect(recipe.optimizer.maxGradNorm == 1)
        #expect(
            recipe.schedule == .init(epochs: 610, warmup: 5, cooldown: 10, finalRatio: 0.01))
        #expect(recipe.ema == .init(decay: 0.9999, beta: 15))
        #expect(recipe.average.keep == 10)
        #expect(
            recipe.validation
                == .init(size: 224, resize: 256, interpolation: .bilinear, batch: 256))
        #expect(recipe.precision == .bf16)
        #expect(recipe.checkpoint.everySteps == 500)
    }

    @Test("named transforms are read with their defaults")
    func transforms() throws {
        let recipe = try read(
            "randaugment: rand-m7-mstd0.5",
            """
            randaugment: none
              three_augment: true
              color_jitter: {brightness: 0.4, contrast: 0.3, saturation: 0.2}
              erasing: {probability: 0.25, area: [0.02, 0.3333], aspect: [0.3, 3.3333], fill: pixel}
            """)
        #expect(recipe.view.threeAugment)
        #expect(
            recipe.view.colorJitter
                == .init(brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0, probability: 1))
        #expect(
            recipe.view.erasing
                == .init(
                    probability: 0.25, area: 0.02...0.3333, aspect: 0.3...3.3333, count: 1...1,
                    fill: .pixel))
        for (count, expected) in [("3", 3...3), ("[1, 4]", 1...4)] {
            let erasing = "probability: 1, area: [0.02, 0.3], aspect: [1, 1], fill: mean"
            let other = try read(overrides: ["view.erasing={\(erasing), count: \(count)}"])
            #expect(other.view.erasing?.count == expected)
        }
        let off = try read(
            overrides: ["view.three_augment=false", "view.color_jitter=none", "view.erasing=none"])
        #expect(try off == read())
    }

    @Test("relative paths start at the folder of the file, absolute ones stay")
    func paths() throws {
        let recipe = try read()
        #expect(recipe.data.train == "/exp/recipes/data/train")
        #expect(recipe.data.val == "/srv/val")
        #expect(recipe.teachers.map(\.card) == ["/exp/teachers/t.yaml"])
    }

    @Test("a teacher runs in fp32 unless its section says otherwise; precision is the student's")
    func teacherPrecision() throws {
        #expect(try read().teachers.map(\.precision) == [.fp32])
        let recipe = try read(overrides: ["teacher.precision=bf16", "precision=fp32"])
        #expect(recipe.teachers.map(\.precision) == [.bf16])
        #expect(recipe.precision == .fp32)
    }

    @Test("sections that are none, or absent where that is allowed, are nil")
    func noneSections() throws {
        #expect(try read("ema: {decay: 0.9999, beta: 15}", "ema: none").ema == nil)
        #expect(try read("rand-m7-mstd0.5", "none").view.randaugment == nil)
        let supervised = try read(
            "teacher: {card: ../teachers/t.yaml}\ncache: {epochs: 610, encoding: topk, top_k: 50}",
            "teacher: none",
            overrides: ["loss={kl: 0, ce: 1}", "view.mix=none", "optimizer.max_grad_norm=none"])
        #expect(supervised.teachers.isEmpty)
        #expect(supervised.cache == nil)
        #expect(supervised.view.mix == nil)
        #expect(supervised.optimizer.maxGradNorm == nil)
    }

    @Test("responses are stored within 0.01 nats where the recipe does not say how")
    func standardEncoding() throws {
        let recipe = try read("encoding: topk, top_k: 50", "groups_per_part: 3")
        #expect(
            recipe.cache
                == .init(epochs: 610, encoding: .bounded(maxKL: 0.01), groupsPerPart: 3))
    }

    @Test(
        "the resolved recipe reads back to an equal one and holds every key",
        arguments: [
            [], ["ema=none", "view.mix=none", "view.randaugment=none"],
            ["cache={encoding: dense, top_k: none, epochs: 3}"],
            ["teacher=none", "cache=none", "loss.kl=0"], ["teacher.precision=bf16"],
            [
                "optimizer={name: sgd, momentum: 0.9, nesterov: true, betas: none, eps: none}",
                "optimizer.max_grad_norm=none",
            ],
            ["optimizer.name=adamw", "optimizer.lr=1e-7", "seed=18446744073709551615"],
            [
                "view.randaugment=none", "view.three_augment=true",
                "view.color_jitter={brightness: 0.4, contrast: 0, saturation: 1e-3, hue: 0.5}",
                "view.erasing={probability: 0.25, area: [0.02, 0.3333], aspect: [0.3, 3.3333], "
                    + "count: [1, 3], fill: channel}",
            ],
            ["data.train=\"/srv/a b: 'c' \\\"d\\\" \\\\ #\\ne\"", "data.on_error=substitute"],
        ])
    func resolved(overrides: [String]) throws {
        let recipe = try read(overrides: overrides)
        let text = recipe.resolvedYAML
        let again = try Recipe(parsing: text, path: "/elsewhere/recipe.yaml")
        #expect(again == recipe)
        #expect(again.resolvedYAML == text)
        for key in [
            "on_error:", "repeats:", "drop_path:", "max_grad_norm:", "teacher:", "ema:",
            "three_augment:", "color_jitter:", "erasing:",
        ] {
            #expect(text.contains(key))
        }
    }

    @Test("view fields name what a view depends on, and nothing else")
    func viewFields() throws {
        let fields = try read().viewFields
        #expect(
            fields.map { "\($0.name)=\($0.value)" } == [
                "seed=42", "view.size=224", "view.crop.scale=[0.08, 1]",
                "view.crop.ratio=[0.75, 1.3333333333333333]", "view.interpolation=random",
                "view.flip=0.5", "view.randaugment=rand-m7-n2-mstd0.5-p0.5-inc0",
                "view.mean=[0.485, 0.456, 0.406]", "view.std=[0.229, 0.224, 0.225]",
                "view.mix=probability 1, mixup 0.2, cutmix 1, switch 0.5", "batch.size=1536",
                "batch.group=192", "batch.repeats=3",
            ])
        func values(_ override: String) throws -> [String] {
            try read(overrides: [override]).viewFields.map(\.value)
        }
        let plain = fields.map(\.value)
        for same in ["view.label_smoothing=0", "cache.epochs=3", "optimizer.lr=1", "loss.ce=1"] {
            #expect(try values(same) == plain)
        }
        for other in ["seed=1", "batch.repeats=1", "view.flip=0", "view.mix=none"] {
            #expect(try values(other) != plain)
        }
        // A transform adds its field; off, it has none, which keeps older caches valid.
        let jitter = "{brightness: 0.4, contrast: 0.4, saturation: 0.4}"
        let erasing = "{probability: 0.25, area: [0.02, 0.3333], aspect: [0.3, 3.3333], fill: mean}"
        let transformed = try read(
            overrides: [
                "view.randaugment=none", "view.three_augment=true", "view.color_jitter=\(jitter)",
                "view.erasing=\(erasing)",
            ])
        #expect(
            transformed.viewFields.filter { field in !fields.contains { $0.name == field.name } }
                .map { "\($0.name)=\($0.value)" } == [
                    "view.three_augment=true",
                    "view.color_jitter=brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0, "
                        + "probability: 1",
                    "view.erasing=probability: 0.25, area: [0.02, 0.3333], aspect: [0.3, 3.3333], "
                        + "count: [1, 1], fill: mean",
                ])
    }

    @Test("training epochs replay the cached ones cyclically")
    func viewEpochs() throws {
        let recipe = try read(overrides: ["cache.epochs=30"])
        #expect([0, 29, 30, 61].map(recipe.viewEpoch(forTrainingEpoch:)) == [0, 29, 0, 1])
        let without = try read(overrides: ["cache=none"])
        #expect(without.viewEpoch(forTrainingEpoch: 61) == 61)
    }
}

@Suite("Shipped recipes") struct ShippedRecipeTests {
    @Test("imagenet-resnet50-kd is the published recipe")
    func imagenet() throws {
        let recipe = try Recipe(
            contentsOf: "\(repository)/recipes/imagenet-resnet50-kd.yaml")
        var expected = try read()
        expected.name = "imagenet-resnet50-kd"
        // The publication knows no cache.
        expected.cache?.encoding = .bounded(maxKL: 0.01)
        expected.data.train = "\(repository)/data/imagenet/train"
        expected.data.val = "\(repository)/data/imagenet/val"
        expected.teachers[0].card = "\(repository)/teachers/beit_base_patch16_224.yaml"
        #expect(recipe == expected)
    }

    @Test(
        "the demo's recipes read, and their images are of one size",
        arguments: ["patches-teacher", "patches-labels", "patches-kd"])
    func patches(name: String) throws {
        let recipe = try Recipe(contentsOf: "\(repository)/recipes/\(name).yaml")
        #expect(recipe.name == name)
        // The teacher has seen more.
        let share = name == "patches-teacher" ? "" : "-students.txt"
        #expect(recipe.data.train == "\(repository)/.demo/patches/train\(share)")
        #expect(recipe.data.val == "\(repository)/.demo/patches/val\(share)")
        #expect(try Recipe(parsing: recipe.resolvedYAML, path: "r.yaml") == recipe)
        let student = try Recipe(contentsOf: "\(repository)/recipes/patches-kd.yaml")
        #expect(recipe.view.size == student.view.size)
        #expect(recipe.schedule.epochs >= recipe.cache?.epochs ?? 0)
    }

    @Test("the distilled and the labels-only student differ in teacher, cache and loss alone")
    func samebudget() throws {
        var labels = try Recipe(contentsOf: "\(repository)/recipes/patches-labels.yaml")
        let distilled = try Recipe(contentsOf: "\(repository)/recipes/patches-kd.yaml")
        #expect(labels.teachers.isEmpty && labels.cache == nil && !labels.loss.needsTeacher)
        labels.name = distilled.name
        labels.teachers = distilled.teachers
        labels.cache = distilled.cache
        labels.loss = distilled.loss
        #expect(labels == distilled)
    }

    @Test(
        "the textures recipes read, and share images and network",
        arguments: ["textures-teacher", "textures-kd"])
    func textures(name: String) throws {
        let recipe = try Recipe(contentsOf: "\(repository)/recipes/\(name).yaml")
        #expect(recipe.name == name)
        #expect(recipe.data.train == "\(repository)/.bench/textures/train")
        #expect(recipe.data.classes == 1000)
        #expect(recipe.model.name == "resnet18")
        #expect(try Recipe(parsing: recipe.resolvedYAML, path: "r.yaml") == recipe)
        #expect(recipe.teachers.isEmpty == (name == "textures-teacher"))
    }

    @Test("a recipe's teacher has a card that reads, with as many classes")
    func teachers() throws {
        for name in ["imagenet-resnet50-kd", "patches-kd", "textures-kd"] {
            let recipe = try Recipe(contentsOf: "\(repository)/recipes/\(name).yaml")
            let card = try TeacherCard(contentsOf: #require(recipe.teachers.first).card)
            #expect(card.classes == recipe.data.classes)
            #expect(card.network?.preprocessing.size == recipe.view.size)
        }
    }
}

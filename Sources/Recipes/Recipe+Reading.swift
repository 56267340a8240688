import Base
import StrictYAML

extension Recipe {
    /// Reads a recipe file.
    ///
    /// Every key is checked: what is unknown, missing, repeated, of the wrong type or out of range
    /// is an error with its position. `extends: FILE` lays the file over another one, mapping by
    /// mapping. Relative paths start at the folder of the file that names them.
    ///
    /// - Parameters:
    ///   - path: The YAML file.
    ///   - overrides: `key.key=value`, the value in YAML, laid over the file in order; relative
    ///     paths in them start at the working directory.
    /// - Throws: `YAMLError`, one line with the place.
    package init(contentsOf path: String, overrides: [String] = []) throws(YAMLError) {
        try self.init(.reading(path, overrides: overrides, noun: "recipe"))
    }

    /// Reads a recipe from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: `YAMLError`, one line with the place.
    package init(
        parsing text: String, path: String, overrides: [String] = []
    ) throws(YAMLError) {
        try self.init(.composing(text, path: path, overrides: overrides, noun: "recipe"))
    }

    private init(_ root: SourcedNode) throws(YAMLError) {
        let file = try SectionReader(
            root, noun: "recipe",
            known: [
                "name", "seed", "data", "view", "batch", "teacher", "teachers", "cache", "model",
                "loss", "optimizer", "schedule", "ema", "average", "validation", "precision",
                "checkpoint", "extends",
            ])
        name = try file.word("name")
        seed = try file.unsigned("seed")
        data = try Data(file)
        view = try View(file)
        batch = try Batch(file, isMixed: view.mix != nil)
        teachers = try Teacher.all(file)
        cache = try Cache(file, classes: data.classes)
        model = try Model(file)
        loss = try Loss(file)
        optimizer = try Optimizer(file)
        schedule = try file.section("schedule")
        ema = try EMA(file)
        average = try file.section("average")
        validation = try Validation(file)
        precision = try file.choice("precision")
        checkpoint = try Checkpoint(file)

        guard !teachers.isEmpty || cache == nil else {
            throw file.error("cache", "cache needs a teacher: add teacher: {card: FILE}")
        }
        guard !teachers.isEmpty || loss.kl == 0 else {
            throw file.error(
                "loss",
                "loss.kl is \(YAMLText.scalar(loss.kl)) but there is no teacher: "
                    + "add teacher: {card: FILE}, or set loss.kl to 0")
        }
    }
}

extension Recipe.Data {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section("data", known: ["train", "val", "classes", "on_error"])
        train = try section.path("train")
        val = try section.path("val")
        classes = try section.integer("classes", Recipe.Limits.classes)
        onError = try section.choice("on_error", default: .fail)
    }
}

extension Recipe.Batch {
    fileprivate init(_ file: SectionReader, isMixed: Bool) throws(YAMLError) {
        let section = try file.section("batch", known: ["size", "group", "repeats"])
        size = try section.integer("size", Recipe.Limits.batch)
        group = try section.integer("group", Recipe.Limits.batch)
        repeats = try section.integer("repeats", Recipe.Limits.batch, default: 1)
        guard size % group == 0 else {
            throw section.error("size", "batch.size \(size) is not a multiple of group \(group)")
        }
        guard group % 2 == 0 || !isMixed else {
            throw section.error(
                "group",
                "batch.group \(group) is odd: mixing pairs the members of a group from both ends")
        }
        guard repeats <= groups else {
            throw section.error(
                "repeats",
                "batch.repeats \(repeats) exceeds the \(groups) group(s) of a step: "
                    + "the copies of an image must fall in different groups")
        }
    }
}

extension Recipe.Teacher {
    /// The teacher of section `teacher`, those of the list `teachers`, or none.
    fileprivate static func all(_ file: SectionReader) throws(YAMLError) -> [Self] {
        let single = try file.optionalSection(
            "teacher", known: ["card", "precision"], mayBeAbsent: true)
        let several = try file.optionalSections(
            "teachers", atLeast: 2, known: ["card", "weight", "precision"])
        guard let several else {
            guard let single else { return [] }
            return [try Self(single, weight: 1)]
        }
        guard single == nil else {
            throw file.error(
                "teachers", "teachers takes the place of teacher: set one of the two to none")
        }
        return try mixture(several)
    }

    /// Several teachers, their weights divided by the sum.
    private static func mixture(_ sections: [SectionReader]) throws(YAMLError) -> [Self] {
        var teachers: [Self] = []
        for section in sections {
            // The bound keeps the sum finite.
            let weight = try section.number(
                "weight", NumberBounds(lower: 0, upper: 1e6, includesLower: false), default: 1)
            let teacher = try Self(section, weight: weight)
            if let index = teachers.firstIndex(where: { $0.card == teacher.card }) {
                throw section.error(
                    "card",
                    "\(section.dotted("card")) is the card of \(sections[index].path), too; name "
                        + "each teacher once, with its whole weight")
            }
            teachers.append(teacher)
        }
        let sum = teachers.reduce(0) { $0 + $1.weight }
        // What was divided already, in a resolved recipe, keeps its last bit.
        guard abs(sum - 1) > 1e-9 else { return teachers }
        for index in teachers.indices {
            teachers[index].weight /= sum
            guard teachers[index].weight > 0 else {
                throw sections[index].error(
                    "weight",
                    "\(sections[index].dotted("weight")) vanishes beside the others; leave this "
                        + "teacher out")
            }
        }
        return teachers
    }

    private init(_ section: SectionReader, weight: Double) throws(YAMLError) {
        card = try section.path("card")
        self.weight = weight
        precision = try section.choice("precision", default: .fp32)
    }
}

extension Recipe.Cache {
    fileprivate init?(_ file: SectionReader, classes: Int) throws(YAMLError) {
        let section = try file.optionalSection(
            "cache", known: ["epochs", "encoding", "top_k", "max_kl", "groups_per_part"],
            mayBeAbsent: true)
        guard let section else { return nil }
        epochs = try section.integer("epochs", Recipe.Limits.epochs)
        groupsPerPart = try section.integer(
            "groups_per_part", Recipe.Limits.groupsPerPart, default: 64)
        let kind = try section.choice(
            "encoding", of: ["dense", "topk", "bounded"], default: 2)
        if kind != 1 {
            try section.refuse(["top_k"], because: "means something with encoding topk only")
        }
        if kind != 2 {
            try section.refuse(["max_kl"], because: "means something with encoding bounded only")
        }
        guard classes <= ResponseBounds.classes else {
            throw file.error(
                "cache",
                "a cache holds at most \(ResponseBounds.classes) classes, not the \(classes) of "
                    + "data.classes")
        }
        switch kind {
        case 0: encoding = .dense
        case 1:
            let k = try section.integer("top_k", 1...ResponseBounds.classes - 1)
            guard k < classes else {
                throw section.error(
                    "top_k",
                    "cache.top_k \(k) is not below data.classes \(classes); lower it, or set "
                        + "cache.encoding to dense")
            }
            encoding = .topK(k)
        default:
            let bounds = ResponseBounds.maxKL
            encoding = .bounded(
                maxKL: try section.number(
                    "max_kl", NumberBounds(lower: bounds.lowerBound, upper: bounds.upperBound),
                    default: ResponseBounds.standardMaxKL))
        }
    }
}

extension Recipe.Model {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section("model", known: ["name", "init", "drop_path"])
        name = try section.word("name")
        initialization = try section.choice("init")
        dropPath = try section.number("drop_path", .belowOne, default: 0)
    }
}

extension Recipe.Loss {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section("loss", known: ["kl", "ce"])
        kl = try section.number("kl", .nonNegative)
        ce = try section.number("ce", .nonNegative)
        guard kl + ce > 0 else {
            throw section.error("kl", "loss.kl and loss.ce are both 0: nothing would be learnt")
        }
    }
}

extension Recipe.Optimizer {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section(
            "optimizer",
            known: [
                "name", "lr", "weight_decay", "betas", "eps", "momentum", "nesterov",
                "max_grad_norm",
            ])
        lr = try section.number("lr", .positive)
        weightDecay = try section.number("weight_decay", .nonNegative)
        maxGradNorm = try section.optionalNumber("max_grad_norm", .positive)
        let name = try section.choice("name", of: ["lamb", "adamw", "sgd"])
        if name == 2 {
            try section.refuse(["betas", "eps"], because: "means nothing to sgd")
            let momentum = try section.number("momentum", .belowOne)
            let nesterov = try section.boolean("nesterov", default: false)
            guard momentum > 0 || !nesterov else {
                throw section.error("nesterov", "optimizer.nesterov needs a momentum above 0")
            }
            rule = .sgd(momentum: momentum, nesterov: nesterov)
            return
        }
        try section.refuse(["momentum", "nesterov"], because: "means something to sgd only")
        let rates = try section.numbers("betas", count: 2, .belowOne)
        let betas = Betas(rates[0], rates[1])
        let eps = try section.number("eps", .positive)
        rule = name == 0 ? .lamb(betas: betas, eps: eps) : .adamw(betas: betas, eps: eps)
    }
}

extension Recipe.EMA {
    fileprivate init?(_ file: SectionReader) throws(YAMLError) {
        guard let section = try file.optionalSection("ema", known: ["decay", "beta"]) else {
            return nil
        }
        decay = try section.number("decay", .belowOne)
        beta = try section.number("beta", .positive)
    }
}

extension Recipe.Validation {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section(
            "validation", known: ["size", "resize", "interpolation", "batch"])
        size = try section.integer("size", Recipe.View.sides)
        resize = try section.integer("resize", Recipe.View.sides)
        interpolation = try section.choice("interpolation")
        batch = try section.integer("batch", Recipe.Limits.batch)
        guard resize >= size else {
            throw section.error(
                "resize", "validation.resize \(resize) is less than validation.size \(size)")
        }
    }
}

extension Recipe.Checkpoint {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section("checkpoint", known: ["every_steps"])
        everySteps = try section.integer("every_steps", Recipe.Limits.steps)
    }
}

import Testing

@testable import Recipes

@Suite("Recipe errors") struct RecipeErrorTests {
    @Test("an unknown key names its place, its section and the known keys")
    func unknownKey() {
        #expect(
            message("weight_decay: 0.02", "weigth_decay: 0.02")
                == "mine.yaml:22:3: unknown key 'weigth_decay' in optimizer; known: betas, eps, "
                + "head_lr, lr, max_grad_norm, momentum, name, nesterov, weight_decay")
        #expect(
            message("seed: 42", "seed: 42\nsede: 1")
                == "mine.yaml:3:1: unknown key 'sede' in the recipe; known: average, batch, cache, "
                + "checkpoint, data, ema, extends, loss, model, name, optimizer, precision, "
                + "schedule, seed, teacher, teachers, validation, view")
        #expect(
            message("scale: [0.08, 1.0]", "area: [0.08, 1.0]")
                == "mine.yaml:6:10: unknown key 'area' in view.crop; known: ratio, scale")
    }

    @Test("a missing key is named with what it takes")
    func missingKey() {
        #expect(
            message("data: {train: data/train, val: /srv/val, classes: 1000}\n", "")
                == "mine.yaml:1:1: missing key 'data' in the recipe: a mapping")
        #expect(
            message("val: /srv/val, ", "") == "mine.yaml:3:7: missing key 'val' in data: a text")
        #expect(
            message("{card: ../teachers/t.yaml}", "{}")
                == "mine.yaml:15:10: missing key 'card' in teacher: a text")
    }

    @Test("all that is wrong is told at once, from the top to the end")
    func all() {
        let text = """
            name: sample
            sede: 1
            data: {train: data/train, val: /srv/val, classes: one}
            view:
              size: 224.0
              three_augment: true
              randaugment: rand-m7
              mix: {mixup: 0, cutmix: 0}
            batch: {size: 1500, group: 191, repeats: 9}
            teachers: [{weight: 1}, {card: b.yaml, weight: 0}, c.yaml]
            cache: {epochs: 3, top_k: 5}
            optimizer: {name: lamp, betas: [1], lr: 1, lr_min: 0}
            schedule: {epochs: 12, warmup: 5, cooldown: 10}
            validation: {size: 224, resize: 200}
            loss: {kl: 0, ce: 0}
            """
        let told = message {
            try Recipe(
                parsing: text, path: "a.yaml", overrides: ["ema=yes"],
                data: .counted(Counted(imageCount: 9000)))
        }
        // What was found stands between quotes.
        let lines: [String] = told.split(separator: "\n").map { line in
            String(line.contains("'") ? line.prefix { $0 != "'" }.dropLast() : line)
        }
        let expected = """
            a.yaml:2:1: unknown key
            a.yaml:3:51: data.classes: expected a whole number from 2 to 1000000, found
            a.yaml:5:9: view.size: expected a whole number from 1 to 16384, found
            a.yaml:6:18: view.three_augment takes the place of view.randaugment: set randaugment \
            to none, or three_augment to false
            a.yaml:8:16: view.mix: mixup and cutmix are both 0; write mix: none
            a.yaml:9:15: batch.size 1500 is not a multiple of group 191: choose 1719
            a.yaml:9:28: batch.group 191 is odd: mixing pairs the members of a group from both ends; \
            choose 150, or set view.mix to none
            a.yaml:10:12: missing key
            a.yaml:10:48: teachers[1].weight: expected a number above 0 and at most 1000000, found
            a.yaml:10:52: teachers[2]: expected a mapping, found
            a.yaml:11:20: cache.top_k means something with encoding topk only; remove it, or set it \
            to none
            a.yaml:12:19: optimizer.name: expected one of lamb, adamw, sgd, found
            a.yaml:12:44: unknown key
            a.yaml:13:20: schedule.epochs 12 is less than warmup 5 + cooldown 10: raise it to 15, or \
            lower these
            a.yaml:14:33: validation.resize 200 is less than validation.size 224: raise it to 256, \
            or leave it out
            a.yaml:15:12: loss.kl and loss.ce are both 0: nothing would be learnt; set loss.ce to 1
            --set ema=yes: ema: expected a mapping or none, found
            """
        let expectedLines: [String] = expected.split(separator: "\n").map(String.init)
        #expect(lines == expectedLines)
    }

    @Test("what cannot be read leads to no second error")
    func noFollowUps() {
        // The size decides the validation's, the teachers the loss, the rule its constants.
        for (old, new) in [
            ("size: 224\n  crop", "size: big\n  crop"), ("{card: ../teachers/t.yaml}", "t.yaml"),
            ("name: lamb", "name: lamp"), ("epochs: 610, warmup", "epochs: many, warmup"),
            ("classes: 1000", "classes: 1"), ("group: 192", "group: -191"),
        ] {
            #expect(!message(old, new).contains("\n"), "\(message(old, new))")
        }
        #expect(
            message {
                try read("{size: 224, resize: 256", "{resize: 36", overrides: ["view.size=b"])
            }
            .split(separator: "\n").count == 1)
    }

    @Test("a repeated key is an error")
    func duplicateKey() {
        #expect(
            message("  eps: 1.0e-6", "  lr: 1.0e-6") == "mine.yaml:21:3: duplicate key 'lr'")
        #expect(
            message("  eps: 1.0e-6", "  \"lr\": 1.0e-6") == "mine.yaml:21:3: duplicate key 'lr'")
    }

    @Test(
        "a value of the wrong type says what was expected and found",
        arguments: [
            (
                "lr: 5.0e-3", "lr: fast",
                "21:7: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found 'fast'"
            ),
            (
                "lr: 5.0e-3", "lr: '5e-3'",
                "21:7: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found the text \"5e-3\""
            ),
            (
                "lr: 5.0e-3", "lr:",
                "21:6: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found nothing"
            ),
            (
                "lr: 5.0e-3", "lr: .inf",
                "21:7: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found '.inf'"
            ),
            (
                "lr: 5.0e-3", "lr: 0x1",
                "21:7: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found '0x1'"
            ),
            (
                "lr: 5.0e-3", "lr: [1]",
                "21:7: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found a list of 1"
            ),
            (
                "size: 224\n  crop", "size: 224.0\n  crop",
                "5:9: view.size: expected a whole number from 1 to 16384, found '224.0'"
            ),
            (
                "seed: 42", "seed: -1",
                "2:7: seed: expected a whole number from 0 to 18446744073709551615, found '-1'"
            ),
            (
                "seed: 42", "seed: 042",
                "2:7: seed: expected a whole number from 0 to 18446744073709551615, found '042'"
            ),
            (
                "ema: {decay: 0.9999, beta: 15}", "ema: yes",
                "27:6: ema: expected a mapping or none, found 'yes'"
            ),
            (
                "interpolation: random", "interpolation: nearest",
                "7:18: view.interpolation: expected one of bilinear, bicubic, random, "
                    + "found 'nearest'"
            ),
            ("name: sample", "name: none", "1:7: name: expected a text, found 'none'"),
            (
                "name: sample", "name: a/b",
                "1:7: name: expected a name of letters, digits, '.', '_' and '-', found 'a/b'"
            ),
            (
                "train: data/train", "train: none",
                "3:15: data.train is none, and so is data.unlabeled: no image to train on"
            ),
            (
                "train: data/train", "train: none, unlabeled: /more",
                "18:21: loss.ce is 0.2 but data.train is none, so that no image has a label: name "
                    + "labelled images, or set loss.ce to 0"
            ),
            (
                "val: /srv/val", "val: ~/val",
                "3:32: data.val: '~' is not expanded; write the path in full"
            ),
            (
                "betas: [0.9, 0.999]", "betas: [0.9]",
                "23:10: optimizer.betas: expected a list of 2, each a number of at least 0 and "
                    + "below 1, found a list of 1"
            ),
            (
                "betas: [0.9, 0.999]", "betas: [0.9, 1]",
                "23:16: optimizer.betas: expected a list of 2, each a number of at least 0 and "
                    + "below 1, found '1'"
            ),
        ])
    func wrongType(old: String, new: String, expected: String) {
        #expect(message(old, new) == "mine.yaml:\(expected)")
    }

    @Test(
        "a name that YAML takes for something else has to be put in quotes",
        arguments: [
            "384", "2024", "nan", ".nan", "on", "y", "No", "1_000", "1e3", "0x10", "0o17", "0b11",
            "-.inf", "2024-01-31",
        ])
    func ambiguousName(name: String) throws {
        #expect(
            message("name: sample", "name: \(name)")
                == "mine.yaml:1:7: name: expected a text, found '\(name)': put it in quotes")
        if !"-.".contains(name.prefix(1)) {
            #expect(try read("name: sample", "name: '\(name)'").name == name)
        }
    }

    @Test(
        "a number is decimal, as every reader takes it",
        arguments: ["1_536", "0x600", "0o3000", "1536.0", "1.536e3", "+1536", "01536", "1 536"])
    func notWhole(number: String) {
        let text = message("size: 1536", "size: \(number)")
        #expect(
            text.hasSuffix(
                "batch.size: expected a whole number from 1 to 1000000, found '\(number)'"),
            "\(text)")
    }

    @Test(
        "a value out of range, alone or beside another, is an error at its place",
        arguments: [
            (
                "flip: 0.5", "flip: 1.5",
                "8:9: view.flip: expected a number from 0 to 1, found '1.5'"
            ),
            (
                "scale: [0.08, 1.0]", "scale: [0, 1.0]",
                "6:18: view.crop.scale: expected a list of 2, each a number above 0 and at most 1, "
                    + "found '0'"
            ),
            (
                "scale: [0.08, 1.0]", "scale: [1, 0.5]",
                "6:17: view.crop.scale: the first number must not exceed the second"
            ),
            (
                "mixup: 0.2, cutmix: 1.0", "mixup: 0, cutmix: 0",
                "12:34: view.mix: mixup and cutmix are both 0; write mix: none"
            ),
            (
                "mixup: 0.2", "mixup: 1e-9",
                "12:34: view.mix.mixup: expected 0, or a number from 0.001 to 1000"
            ),
            (
                "size: 1536", "size: 1500",
                "14:15: batch.size 1500 is not a multiple of group 192: choose 1344 or 1536"
            ),
            (
                "{size: 1536, group: 192", "{size: 1528, group: 191",
                "14:28: batch.group 191 is odd: mixing pairs the members of a group from both ends; "
                    + "choose 8, or set view.mix to none"
            ),
            (
                "repeats: 3", "repeats: 9",
                "14:42: batch.repeats 9 exceeds the 8 group(s) of a step, and the copies of an image "
                    + "must fall in different groups: lower it to 8"
            ),
            (
                "teacher: {card: ../teachers/t.yaml}", "teacher: none",
                "16:8: cache needs a teacher: set teacher to {card: FILE}, or cache to none"
            ),
            (
                "lr: 5.0e-3", "lr: 1e300",
                "21:7: optimizer.lr: expected a number from 1.0e-30 to 1.0e+30, found '1e300'"
            ),
            (
                "weight_decay: 0.02", "weight_decay: 1e300",
                "22:17: optimizer.weight_decay: expected a number from 0 to 1.0e+30, found "
                    + "'1e300'"
            ),
            (
                "top_k: 50", "top_k: 1000",
                "16:45: cache.top_k 1000 is not below data.classes 1000; lower it to 999 or less, or "
                    + "set it to none and cache.encoding to dense"
            ),
            (
                "encoding: topk", "encoding: dense",
                "16:39: cache.top_k means something with encoding topk only; remove it, or set it to none"
            ),
            (
                "classes: 1000", "classes: 70000",
                "16:8: a cache holds at most 65536 classes, not the 70000 of data.classes"
            ),
            (
                "kl: 0.8, ce: 0.2", "kl: 0, ce: 0",
                "18:12: loss.kl and loss.ce are both 0: nothing would be learnt; set loss.ce to 1"
            ),
            (
                "name: lamb", "name: sgd",
                "23:3: optimizer.betas means nothing to sgd; remove it, or set it to none"
            ),
            (
                "name: lamb", "name: lamb\n  nesterov: true",
                "21:3: optimizer.nesterov means something to sgd only; remove it, or set it to none"
            ),
            (
                "epochs: 610, warmup", "epochs: 12, warmup",
                "26:20: schedule.epochs 12 is less than warmup 5 + cooldown 10: raise it to 15, or "
                    + "lower these"
            ),
            (
                "resize: 256", "resize: 200",
                "29:33: validation.resize 200 is less than validation.size 224: raise it to 256, or "
                    + "leave it out"
            ),
        ])
    func outOfRange(old: String, new: String, expected: String) {
        // A teacher that is taken away, and another rule, make several keys mean nothing.
        #expect(message(old, new).split(separator: "\n").first == "mine.yaml:\(expected)")
    }

    @Test(
        "a named transform that cannot be is an error at its place",
        arguments: [
            (
                "three_augment: yes",
                "14:18: view.three_augment: expected true or false, found 'yes'"
            ),
            (
                "three_augment: true",
                "14:18: view.three_augment takes the place of view.randaugment: set randaugment "
                    + "to none, or three_augment to false"
            ),
            (
                "color_jitter: 0.4",
                "14:17: view.color_jitter: expected a mapping or none, found '0.4'"
            ),
            (
                "color_jitter: {}",
                "14:17: view.color_jitter: brightness, contrast, saturation and hue are all 0; "
                    + "write color_jitter: none"
            ),
            (
                "color_jitter: {brightness: 0, contrast: 0, saturation: 0, hue: 0.6}",
                "14:66: view.color_jitter.hue: expected a number from 0 to 0.5, found '0.6'"
            ),
            (
                "color_jitter: {brightness: 0, contrast: 0, saturation: 0}",
                "14:30: view.color_jitter: brightness, contrast, saturation and hue are all 0; "
                    + "write color_jitter: none"
            ),
            (
                "color_jitter: {brightnes: 0.4}",
                "14:18: unknown key 'brightnes' in view.color_jitter; known: brightness, contrast, "
                    + "hue, probability, saturation"
            ),
            (
                "erasing: {probability: 0.25, area: [0, 0.3], aspect: [0.3, 3], fill: mean}",
                "14:39: view.erasing.area: expected a list of 2, each a number above 0 and at most "
                    + "1, found '0'"
            ),
            (
                "erasing: {probability: 0.25, area: [0.1, 0.3], aspect: [3, 0.3], fill: mean}",
                "14:58: view.erasing.aspect: the first number must not exceed the second"
            ),
            (
                "erasing: {probability: 0.25, area: [0.1, 0.3], aspect: [0.3, 3], fill: black}",
                "14:74: view.erasing.fill: expected one of mean, channel, pixel, found 'black'"
            ),
            (
                "erasing: {probability: 1, area: [0.1, 0.3], aspect: [1, 1], count: 0, fill: mean}",
                "14:70: view.erasing.count: expected a whole number from 1 to 100, or a list of "
                    + "two, found '0'"
            ),
            (
                "erasing: {probability: 1, area: [0.1, 0.3], aspect: [1, 1], count: [2], fill: mean}",
                "14:70: view.erasing.count: expected a whole number from 1 to 100, or a list of "
                    + "two, found a list of 1"
            ),
            (
                "erasing: {probability: 1, area: [1, 1], aspect: [1, 1], count: [2, 1], fill: mean}",
                "14:66: view.erasing.count: the first number must not exceed the second"
            ),
        ])
    func transforms(line: String, expected: String) {
        #expect(
            message("  label_smoothing: 0.1", "  label_smoothing: 0.1\n  \(line)")
                == "mine.yaml:\(expected)")
    }

    @Test("a part of RandAugment that is not taken is an error with the place")
    func randAugment() {
        #expect(
            message("rand-m7-mstd0.5", "rand-q7")
                == "mine.yaml:9:16: view.randaugment: unknown part 'q7' in 'rand-q7'; "
                + "known: m, n, mstd, p, inc")
    }

    @Test("a divergence without a teacher says both ways out")
    func lossWithoutTeacher() {
        let old =
            "teacher: {card: ../teachers/t.yaml}\ncache: {epochs: 610, encoding: topk, top_k: 50}\n"
        #expect(
            message(old, "")
                == "mine.yaml:16:7: loss.kl is 0.8 but there is no teacher: set teacher to "
                + "{card: FILE}, or loss.kl to 0")
    }

    @Test("images without labels and no teacher: what is advised is a recipe")
    func neitherLabelsNorTeacher() throws {
        let text = "data: {train: none, unlabeled: /more, val: /val, classes: 2}\nteacher: none\n"
        func recipe(_ overrides: [String]) throws -> Recipe {
            try Recipe(
                parsing: text, path: "a.yaml", overrides: overrides,
                data: .counted(Counted(imageCount: 9000)))
        }
        #expect(
            message { try recipe([]) }
                == "a.yaml:1:1: loss.ce is 1 but data.train is none, so that no image has a label: name "
                + "labelled images, or set teacher to {card: FILE} and loss to {kl: 1, ce: 0}")
        #expect(
            message { try recipe(["teacher={card: t.yaml}", "loss={kl: 0, ce: 0}"]) }
                == "--set loss={kl: 0, ce: 0}: loss.kl and loss.ce are both 0: nothing would be learnt; "
                + "set loss to {kl: 1, ce: 0}")
        let told = try recipe(["teacher={card: t.yaml}", "loss={kl: 1, ce: 0}"])
        #expect(told.teachers.count == 1)
        #expect(
            message { try recipe(["teacher={card: t.yaml}", "loss={kl: 0, ce: 1}"]) }
                .hasSuffix("name labelled images, or set loss to {kl: 1, ce: 0}"))
    }

    @Test(
        "what is to be set fits a file that says none of it, which may not have a key twice",
        arguments: ["{epochs: 610, encoding: topk, top_k: 50}", "none"])
    func isNone(cache: String) throws {
        let text = sample.replacingOccurrences(
            of: "{epochs: 610, encoding: topk, top_k: 50}", with: cache)
        let without = text.replacingOccurrences(of: "{card: ../teachers/t.yaml}", with: "none")
        let told = message { try Recipe(parsing: without, path: "a.yaml") }
        #expect(told.contains("set teacher to {card: FILE}") && !told.contains("add"), "\(told)")
        #expect(try Recipe(parsing: text, path: "a.yaml").teachers.count == 1)
    }

    @Test("what is not YAML, or not a mapping, is an error with its place")
    func notYAML() {
        #expect(
            message("betas: [0.9, 0.999]", "betas: [0.9, 0.999")
                .hasPrefix("mine.yaml:24:6: not valid YAML: "))
        #expect(
            message { try Recipe(parsing: "", path: "a.yaml") } == "a.yaml:1:1: is empty")
        #expect(
            message { try Recipe(parsing: "- 1\n- 2", path: "a.yaml") }
                == "a.yaml:1:1: a recipe is a mapping of keys, found a list of 2")
        #expect(
            message { try Recipe(parsing: "? [a]\n: 1", path: "a.yaml") }
                == "a.yaml:1:3: a key must be a word")
        #expect(
            message { try Recipe(parsing: "a: 1\n---\nb: 2", path: "a.yaml") }
                .hasPrefix("a.yaml:2:1: not valid YAML: "))
    }

    @Test("a message is one line whatever the value holds")
    func oneLine() {
        let text = message(
            "lr: 5.0e-3", "lr: \"a\\nb\\e[31m" + String(repeating: "x", count: 200) + "\"")
        #expect(text.contains("a·b·[31mxxx"))
        #expect(text.hasSuffix("xxx…\""))
        #expect(!text.contains("\n"))
    }

    @Test("an alias bomb ends in an error, not in memory or time", arguments: [10, 1])
    func aliasBomb(uses: Int) {
        // Where it is a key, the YAML library itself would go through all of it.
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in 1...9 {
            let each = Array(repeating: "*a\(i - 1)", count: uses).joined(separator: ", ")
            text += "a\(i): &a\(i) [\(each)]\n"
        }
        for ending in ["", "*a9 : 1\n", "? [*a9]\n: 1\n"] {
            #expect(
                message { try Recipe(parsing: text + ending, path: "a.yaml") }
                    .hasPrefix(
                        uses == 10
                            ? "a.yaml:1:1: more than 16 aliases: this is not a recipe"
                            : ending == "" ? "a.yaml:1:1: unknown key 'a0'" : "a.yaml:1"))
        }
    }

    @Test("stars in texts and comments are no aliases") func stars() throws {
        let bold = String(repeating: "**word** 2*3 * ", count: 40)
        #expect(
            message { try Recipe(parsing: "# \(bold)\nnam: '\(bold)'\n", path: "a.yaml") }
                .hasPrefix("a.yaml:2:1: unknown key 'nam'"))
    }

    @Test("nested or long beyond reason ends in an error")
    func deepNesting() {
        for text in [
            String(repeating: "[", count: 500_000), String(repeating: "a: {", count: 100_000),
            String(repeating: "- ", count: 400_000), String(repeating: "? ", count: 400_000),
            "a: [" + String(repeating: "x, ", count: 100_000) + "]",
        ] {
            let text = message { try Recipe(parsing: text, path: "a.yaml") }
            #expect(text.hasPrefix("a.yaml:"))
            #expect(!text.contains("\n") && text.count < 200, "\(text)")
        }
    }
}

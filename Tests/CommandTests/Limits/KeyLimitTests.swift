import Foundation
import Recipes
import StrictYAML
import Testing

@testable import understudy

@Suite("Recipe keys at their limits") struct KeyLimitTests {
    private static let values = [
        "0", "-1", "-0", "1", "2147483648", "4294967296", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "nan", ".nan", ".inf", "1e300", "-1e300",
        "1e-300", "''", "none", "true", "[]", "{}", "[1e300, 1e300]", "[9223372036854775807]",
    ]

    /// Recipes that have every key among them.
    private static let samples: [String] = {
        let first = """
            name: first
            seed: 1
            data: {train: /a, val: /b, classes: 10, on_error: fail}
            view:
              size: 32
              crop: {scale: [0.5, 1.0], ratio: [0.75, 1.3]}
              interpolation: random
              flip: 0.5
              randaugment: rand-m7-n2-mstd0.5-p0.5-inc0
              color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 1}
              erasing: {probability: 0.25, area: [0.1, 0.3], aspect: [0.3, 3.3], count: [1, 2], fill: mean}
              mean: [0.5, 0.5, 0.5]
              std: [0.5, 0.5, 0.5]
              mix: {probability: 1, mixup: 0.2, cutmix: 1, switch: 0.5}
              label_smoothing: 0.1
            batch: {size: 24, group: 12, repeats: 2}
            teacher: {card: t.yaml, precision: fp32}
            cache: {epochs: 4, encoding: bounded, max_kl: 0.01, groups_per_part: 8}
            model: {name: resnet18, init: pytorch, drop_path: 0.1}
            loss: {kl: 0.8, ce: 0.2}
            optimizer: {name: lamb, lr: 5.0e-3, weight_decay: 0.02, betas: [0.9, 0.999], eps: 1.0e-6, max_grad_norm: 1.0}
            schedule: {epochs: 8, warmup: 1, cooldown: 1, final_ratio: 0.01}
            ema: {decay: 0.9, beta: 15}
            average: {keep: 2}
            validation: {size: 32, resize: 36, interpolation: bilinear, batch: 7}
            precision: fp32
            checkpoint: {every_steps: 3}

            """
        let second =
            first
            .replacing(
                "teacher: {card: t.yaml, precision: fp32}",
                with: """
                    teachers:
                      - {card: t.yaml, weight: 0.5, precision: fp32}
                      - {card: u.yaml, weight: 0.5, precision: bf16}
                    """
            )
            .replacing("train: /a,", with: "train: /a, unlabeled: /c,")
            .replacing("encoding: bounded, max_kl: 0.01", with: "encoding: topk, top_k: 5")
            .replacing("name: lamb", with: "name: sgd, momentum: 0.9, nesterov: true")
            .replacing("betas: [0.9, 0.999], eps: 1.0e-6, ", with: "")
            .replacing(
                "randaugment: rand-m7-n2-mstd0.5-p0.5-inc0",
                with: "randaugment: none\n  three_augment: true")
        return [first, second]
    }()

    /// Every key that a recipe knows, dotted.
    private func known(_ keys: [KeyDescription], under path: String = "") -> [String] {
        keys.flatMap { ["\(path)\($0.name)"] + known($0.section, under: "\(path)\($0.name).") }
    }

    /// The keys that a recipe has, dotted.
    private func present(_ entries: [YAMLValue.Entry], under path: String = "") -> [String] {
        entries.flatMap { entry in
            let name = "\(path)\(entry.key)"
            return switch entry.value {
            case .text, .list: [name]
            case .flow(let inner), .block(let inner): [name] + present(inner, under: "\(name).")
            }
        }
    }

    @Test("are refused in a line, or give a recipe whose plan can be told")
    func everyKey() throws {
        let keys = known(Recipe.descriptions).filter { !$0.hasPrefix("teachers.") }
        #expect(keys.count > 60)
        var found: Set<String> = []
        for sample in Self.samples {
            found.formUnion(present(try Recipe(parsing: sample, path: "/r/a.yaml").entries()))
            for key in keys {
                for value in Self.values { try check(sample, "\(key)=\(value)") }
            }
        }
        // Where its section is missing, a key is not tried out.
        #expect(keys.filter { !found.contains($0) } == [])
    }

    private func refusal(_ sample: String, _ override: String) -> String? {
        do {
            _ = try Recipe(parsing: sample, path: "/r/a.yaml", overrides: [override])
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func check(_ sample: String, _ override: String) throws {
        if let text = refusal(sample, override) {
            for line in text.split(separator: "\n") { #expect(line.count < 400, "\(line)") }
            return
        }
        let recipe = try Recipe(parsing: sample, path: "/r/a.yaml", overrides: [override])
        #expect(
            try Recipe(parsing: recipe.resolvedYAML, path: "/r/b.yaml") == recipe, "\(override)")
        for images in [48, Int(UInt32.max)] {
            do {
                let speeds = PlanFigures(
                    studentSpeed: 1, teacherSpeed: 1, teachers: recipe.teachers.count)
                let plan = try Plan(recipe: recipe, images: images, figures: speeds)
                #expect(plan.text.contains("steps"))
                _ = try plan.json()
            } catch {
                #expect(!"\(error)".contains("\n"), "\(override), \(images): \(error)")
            }
        }
    }
}

import StrictYAML

extension Recipe {
    /// The recipe as one file that stands alone: every key present, every path absolute.
    ///
    /// Reading it back gives an equal recipe.
    package var resolvedYAML: String {
        """
        name: \(YAMLText.scalar(name))
        seed: \(seed)
        data:
          train: \(YAMLText.scalar(data.train))
          val: \(YAMLText.scalar(data.val))
          classes: \(data.classes)
          on_error: \(data.onError.rawValue)
        view:
          size: \(view.size)
          crop:
            scale: \(YAMLText.list([view.crop.scale.lowerBound, view.crop.scale.upperBound]))
            ratio: \(YAMLText.list([view.crop.ratio.lowerBound, view.crop.ratio.upperBound]))
          interpolation: \(view.interpolation.rawValue)
          flip: \(YAMLText.scalar(view.flip))
          randaugment: \(view.randaugment?.description ?? "none")
        \(transformLines)
          mean: \(YAMLText.list(view.mean))
          std: \(YAMLText.list(view.std))
        \(mixLines)
          label_smoothing: \(YAMLText.scalar(view.labelSmoothing))
        batch:
          size: \(batch.size)
          group: \(batch.group)
          repeats: \(batch.repeats)
        \(teacherLines)
        \(cacheLines)
        model:
          name: \(YAMLText.scalar(model.name))
          init: \(model.initialization.rawValue)
          drop_path: \(YAMLText.scalar(model.dropPath))
        loss:
          kl: \(YAMLText.scalar(loss.kl))
          ce: \(YAMLText.scalar(loss.ce))
        \(optimizerLines)
        \(lines("schedule", schedule))
        \(emaLines)
        \(lines("average", average))
        validation:
          size: \(validation.size)
          resize: \(validation.resize)
          interpolation: \(validation.interpolation.rawValue)
          batch: \(validation.batch)
        precision: \(precision.rawValue)
        checkpoint:
          every_steps: \(checkpoint.everySteps)

        """
    }

    private func lines(_ key: String, _ section: some Section) -> String {
        String([YAMLValue.Entry(key, .block(section.entries()))].yaml.dropLast())
    }

    private var transformLines: String {
        """
          three_augment: \(view.threeAugment)
          color_jitter: \(view.colorJitter.map { "{\($0.text)}" } ?? "none")
          erasing: \(view.erasing.map { "{\($0.text)}" } ?? "none")
        """
    }

    private var mixLines: String {
        guard let mix = view.mix else { return "  mix: none" }
        return """
              mix:
                probability: \(YAMLText.scalar(mix.probability))
                mixup: \(YAMLText.scalar(mix.mixup))
                cutmix: \(YAMLText.scalar(mix.cutmix))
                switch: \(YAMLText.scalar(mix.switch))
            """
    }

    private var teacherLines: String {
        guard let first = teachers.first else { return "teacher: none" }
        guard teachers.count > 1 else {
            return """
                teacher:
                  card: \(YAMLText.scalar(first.card))
                  precision: \(first.precision.rawValue)
                """
        }
        let items = teachers.map { teacher in
            """
              - card: \(YAMLText.scalar(teacher.card))
                weight: \(YAMLText.scalar(teacher.weight))
                precision: \(teacher.precision.rawValue)
            """
        }
        return (["teachers:"] + items).joined(separator: "\n")
    }

    private var cacheLines: String {
        guard let cache else { return "cache: none" }
        let encoding =
            switch cache.encoding {
            case .dense: "dense"
            case .topK(let k): "topk\n  top_k: \(k)"
            case .bounded(let maxKL): "bounded\n  max_kl: \(YAMLText.scalar(maxKL))"
            }
        return """
            cache:
              epochs: \(cache.epochs)
              encoding: \(encoding)
              groups_per_part: \(cache.groupsPerPart)
            """
    }

    private var optimizerLines: String {
        let constants =
            switch optimizer.rule {
            case .lamb(let betas, let eps), .adamw(let betas, let eps):
                """
                  betas: \(YAMLText.list([betas.first, betas.second]))
                  eps: \(YAMLText.scalar(eps))
                """
            case .sgd(let momentum, let nesterov):
                """
                  momentum: \(YAMLText.scalar(momentum))
                  nesterov: \(nesterov)
                """
            }
        return """
            optimizer:
              name: \(optimizer.name)
              lr: \(YAMLText.scalar(optimizer.lr))
              weight_decay: \(YAMLText.scalar(optimizer.weightDecay))
            \(constants)
              max_grad_norm: \(optimizer.maxGradNorm.map { YAMLText.scalar($0) } ?? "none")
            """
    }

    private var emaLines: String {
        guard let ema else { return "ema: none" }
        return """
            ema:
              decay: \(YAMLText.scalar(ema.decay))
              beta: \(YAMLText.scalar(ema.beta))
            """
    }
}

extension Recipe {
    /// Every value of the recipe that determines a view's pixels or its mixing, in a stable text.
    ///
    /// They are the recipe's share of a cache's fingerprint. `view.label_smoothing` is not among
    /// them: it changes a target, never what the teacher saw. Neither is `cache.epochs`, which says
    /// how many views are stored and not what they are. A transform that is off has no field, so
    /// that caches which are older than it stay valid.
    package var viewFields: [(name: String, value: String)] {
        let crop = view.crop
        let mix =
            view.mix.map {
                "probability \(YAMLText.scalar($0.probability)), "
                    + "mixup \(YAMLText.scalar($0.mixup)), cutmix \(YAMLText.scalar($0.cutmix)), switch \(YAMLText.scalar($0.switch))"
            } ?? "none"
        let fields: [(name: String, value: String)] = [
            ("seed", "\(seed)"),
            ("batch.size", "\(batch.size)"),
            ("batch.group", "\(batch.group)"),
            ("batch.repeats", "\(batch.repeats)"),
            ("views.size", "\(view.size)"),
            ("views.crop.scale", YAMLText.list([crop.scale.lowerBound, crop.scale.upperBound])),
            ("views.crop.ratio", YAMLText.list([crop.ratio.lowerBound, crop.ratio.upperBound])),
            ("views.interpolation", view.interpolation.rawValue),
            ("views.flip", YAMLText.scalar(view.flip)),
            ("views.randaugment", view.randaugment?.description ?? "none"),
            ("views.mean", YAMLText.list(view.mean)),
            ("views.std", YAMLText.list(view.std)),
            ("views.mix", mix),
        ]
        let transforms: [(name: String, value: String?)] = [
            ("views.three_augment", view.threeAugment ? "true" : nil),
            ("views.color_jitter", view.colorJitter?.text),
            ("views.erasing", view.erasing?.text),
        ]
        return fields + transforms.compactMap { field in field.value.map { (field.name, $0) } }
    }
}

extension Recipe.ColorJitter {
    /// Every key with its value, as in a flow mapping of YAML.
    fileprivate var text: String {
        "brightness: \(YAMLText.scalar(brightness)), contrast: \(YAMLText.scalar(contrast)), "
            + "saturation: \(YAMLText.scalar(saturation)), hue: \(YAMLText.scalar(hue)), "
            + "probability: \(YAMLText.scalar(probability))"
    }
}

extension Recipe.Erasing {
    /// Every key with its value, as in a flow mapping of YAML.
    fileprivate var text: String {
        "probability: \(YAMLText.scalar(probability)), "
            + "area: \(YAMLText.list([area.lowerBound, area.upperBound])), "
            + "aspect: \(YAMLText.list([aspect.lowerBound, aspect.upperBound])), "
            + "count: [\(count.lowerBound), \(count.upperBound)], fill: \(fill.rawValue)"
    }
}

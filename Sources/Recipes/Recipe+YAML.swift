extension Recipe {
    /// The recipe as one file that stands alone: every key present, every path absolute.
    ///
    /// Reading it back gives an equal recipe.
    public var resolvedYAML: String {
        """
        name: \(Scalar.text(name))
        seed: \(seed)
        data:
          train: \(Scalar.text(data.train))
          val: \(Scalar.text(data.val))
          classes: \(data.classes)
          on_error: \(data.onError.rawValue)
        view:
          size: \(view.size)
          crop:
            scale: \(Scalar.text([view.crop.scale.lowerBound, view.crop.scale.upperBound]))
            ratio: \(Scalar.text([view.crop.ratio.lowerBound, view.crop.ratio.upperBound]))
          interpolation: \(view.interpolation.rawValue)
          flip: \(Scalar.text(view.flip))
          randaugment: \(view.randaugment?.description ?? "none")
        \(transformLines)
          mean: \(Scalar.text(view.mean))
          std: \(Scalar.text(view.std))
        \(mixLines)
          label_smoothing: \(Scalar.text(view.labelSmoothing))
        batch:
          size: \(batch.size)
          group: \(batch.group)
          repeats: \(batch.repeats)
        \(teacherLines)
        \(cacheLines)
        model:
          name: \(Scalar.text(model.name))
          init: \(model.initialization.rawValue)
          drop_path: \(Scalar.text(model.dropPath))
        loss:
          kl: \(Scalar.text(loss.kl))
          ce: \(Scalar.text(loss.ce))
        \(optimizerLines)
        schedule:
          epochs: \(schedule.epochs)
          warmup: \(schedule.warmup)
          cooldown: \(schedule.cooldown)
          final_ratio: \(Scalar.text(schedule.finalRatio))
        \(emaLines)
        average:
          keep: \(average.keep)
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
                probability: \(Scalar.text(mix.probability))
                mixup: \(Scalar.text(mix.mixup))
                cutmix: \(Scalar.text(mix.cutmix))
                switch: \(Scalar.text(mix.switch))
            """
    }

    private var teacherLines: String {
        guard let first = teachers.first else { return "teacher: none" }
        guard teachers.count > 1 else {
            return """
                teacher:
                  card: \(Scalar.text(first.card))
                  precision: \(first.precision.rawValue)
                """
        }
        let items = teachers.map { teacher in
            """
              - card: \(Scalar.text(teacher.card))
                weight: \(Scalar.text(teacher.weight))
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
            case .bounded(let maxKL): "bounded\n  max_kl: \(Scalar.text(maxKL))"
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
                  betas: \(Scalar.text([betas.first, betas.second]))
                  eps: \(Scalar.text(eps))
                """
            case .sgd(let momentum, let nesterov):
                """
                  momentum: \(Scalar.text(momentum))
                  nesterov: \(nesterov)
                """
            }
        return """
            optimizer:
              name: \(optimizer.name)
              lr: \(Scalar.text(optimizer.lr))
              weight_decay: \(Scalar.text(optimizer.weightDecay))
            \(constants)
              max_grad_norm: \(optimizer.maxGradNorm.map { Scalar.text($0) } ?? "none")
            """
    }

    private var emaLines: String {
        guard let ema else { return "ema: none" }
        return """
            ema:
              decay: \(Scalar.text(ema.decay))
              beta: \(Scalar.text(ema.beta))
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
    public var viewFields: [(name: String, value: String)] {
        let crop = view.crop
        let mix =
            view.mix.map {
                "probability \(Scalar.text($0.probability)), mixup \(Scalar.text($0.mixup)), "
                    + "cutmix \(Scalar.text($0.cutmix)), switch \(Scalar.text($0.switch))"
            } ?? "none"
        let fields: [(name: String, value: String)] = [
            ("seed", "\(seed)"),
            ("batch.size", "\(batch.size)"),
            ("batch.group", "\(batch.group)"),
            ("batch.repeats", "\(batch.repeats)"),
            ("views.size", "\(view.size)"),
            ("views.crop.scale", Scalar.text([crop.scale.lowerBound, crop.scale.upperBound])),
            ("views.crop.ratio", Scalar.text([crop.ratio.lowerBound, crop.ratio.upperBound])),
            ("views.interpolation", view.interpolation.rawValue),
            ("views.flip", Scalar.text(view.flip)),
            ("views.randaugment", view.randaugment?.description ?? "none"),
            ("views.mean", Scalar.text(view.mean)),
            ("views.std", Scalar.text(view.std)),
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
        "brightness: \(Scalar.text(brightness)), contrast: \(Scalar.text(contrast)), "
            + "saturation: \(Scalar.text(saturation)), hue: \(Scalar.text(hue)), "
            + "probability: \(Scalar.text(probability))"
    }
}

extension Recipe.Erasing {
    /// Every key with its value, as in a flow mapping of YAML.
    fileprivate var text: String {
        "probability: \(Scalar.text(probability)), "
            + "area: \(Scalar.text([area.lowerBound, area.upperBound])), "
            + "aspect: \(Scalar.text([aspect.lowerBound, aspect.upperBound])), "
            + "count: [\(count.lowerBound), \(count.upperBound)], fill: \(fill.rawValue)"
    }
}

import Testing

@testable import Recipes

@Suite("Values of a resolved recipe") struct ResolvedValuesTests {
    /// Each differs from the sample and from every default, so that a value which is written down
    /// for good, and not taken from the recipe, shows.
    @Test(
        "none is a constant",
        arguments: [
            "name=other", "seed=7", "data.classes=77", "data.unlabeled=/more", "view.size=96",
            "view.crop.scale=[0.2, 0.9]",
            "view.crop.ratio=[0.5, 2.5]", "view.interpolation=bicubic", "view.flip=0.25",
            "view.randaugment=rand-m3-mstd0.25", "view.mean=[0.1, 0.2, 0.3]",
            "view.std=[0.7, 0.8, 0.9]", "view.mix.probability=0.375", "view.mix.mixup=0.7",
            "view.mix.cutmix=0.6", "view.mix.switch=0.375", "view.label_smoothing=0.375",
            "batch.size=768", "batch.group=96", "batch.repeats=2", "model.name=resnet34",
            "model.init=timm", "model.drop_path=0.375", "loss.kl=0.375", "loss.ce=0.625",
            "optimizer.lr=0.375", "optimizer.weight_decay=0.375", "optimizer.betas=[0.5, 0.75]",
            "optimizer.eps=0.375", "optimizer.max_grad_norm=3.5", "schedule.epochs=77",
            "schedule.warmup=7", "schedule.cooldown=7", "schedule.final_ratio=0.375",
            "ema.decay=0.375", "ema.beta=3.5", "average.keep=7", "validation.size=96",
            "validation.resize=777", "validation.interpolation=bicubic", "validation.batch=77",
            "precision=fp32", "checkpoint.every_steps=77", "cache.epochs=7",
            "cache.encoding=dense", "cache.groups_per_part=7", "teacher.precision=bf16",
        ])
    func value(override: String) throws {
        var overrides = [override]
        if override == "cache.encoding=dense" { overrides.append("cache.top_k=none") }
        let (plain, recipe) = (try read(), try read(overrides: overrides))
        #expect(recipe != plain)
        #expect(try Recipe(parsing: recipe.resolvedYAML, path: "/elsewhere/r.yaml") == recipe)
    }
}

import Loading
import Recipes
import Torch
import Views

extension DeviceCheck {
    func compareMixing(
        on device: Device, with made: SyntheticExperiment
    ) throws -> [DeviceComparison] {
        try SyntheticImages.write(count: 48, to: "\(made.path)/images")
        let recipe = try made.recipe(
            data: "\(made.path)/images",
            settings: ["teacher=none", "cache=none", "loss.kl=0", "loss.ce=1"])
        // Room for two groups: every later one lies in memory that an earlier one was copied from.
        let groupBytes = recipe.batch.group * recipe.view.size * recipe.view.size * 3
        let loader = try ViewLoader(
            recipe: recipe,
            options: LoadingOptions(
                workers: 2, budget: 2 * groupBytes, pinned: device != .cpu))
        let (there, here) = (
            Mixer(recipe: recipe, device: device), Mixer(recipe: recipe, device: .cpu)
        )
        var worst: [String: (images: DeviceComparison, targets: DeviceComparison)] = [:]
        for epoch in 0..<4 {
            let views = loader.prefetch(
                (0..<loader.plan.groupsPerEpoch).map { (epoch, $0) }, sizes: [recipe.view.size])
            while let group = try views.next() {
                let pixels = group.pixels(size: recipe.view.size)
                let draw = loader.plan.mix(epoch: epoch, group: group.group)
                let found = try there.batch(pixels, labels: group.labels, draw: draw)
                let expected = try here.batch(pixels, labels: group.labels, draw: draw)
                let name = draw.resolved(size: recipe.view.size).name
                let images = try DeviceComparison.largest(
                    "\(name) images", found.images.floats(), to: expected.images.floats(),
                    tolerance: 2e-6)
                let targets = try DeviceComparison.largest(
                    "\(name) targets", found.targets.floats(), to: expected.targets.floats(),
                    tolerance: 1e-6)
                if let known = worst[name] {
                    worst[name] = (
                        known.images.difference >= images.difference ? known.images : images,
                        known.targets.difference >= targets.difference ? known.targets : targets
                    )
                } else {
                    worst[name] = (images, targets)
                }
            }
        }
        return worst.sorted { $0.key < $1.key }.flatMap { [$0.value.images, $0.value.targets] }
    }
}

extension Mix {
    fileprivate var name: String {
        switch self {
        case .none: "unmixed"
        case .mixup: "mixup"
        case .cutmix: "cutmix"
        }
    }
}

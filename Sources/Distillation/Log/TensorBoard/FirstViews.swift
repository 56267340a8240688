import Foundation
import Imaging
import Loading
import Torch

extension ViewLoader {
    /// Most views that the sheet shows.
    private static var shownViews: Int { 8 }

    /// A sheet of the first views that the student is given: each alone, its partner, both mixed.
    ///
    /// - Throws: as `load` of the first group, and for want of memory.
    func firstViews() throws -> Image {
        let size = recipe.view.size
        let views = try load(epoch: 0, group: 0, sizes: [size])
        let pixels = views.pixels(size: size)
        let isMixed = recipe.view.mix != nil
        var sheet = ContactSheet(
            cell: min(max(size, 96), 224),
            titles: isMixed ? ["view", "partner", "mixed"] : ["view"]
        )
        let count = min(Self.shownViews, plan.groupSize)
        let mixed = isMixed ? try mixedImages(of: views, count: count) : []
        func picture(_ member: Int) -> Image {
            let bytes = size * size * 3
            return Image(
                width: size, height: size,
                pixels: pixels.withBytes { [UInt8]($0[member * bytes..<(member + 1) * bytes]) })
        }
        func stage(_ member: Int) -> ContactSheet.Stage {
            .init(picture(member), dataset.className(of: views.labels[member]), "slot \(member)")
        }
        let mix = plan.mixRecord(epoch: 0, group: 0, size: size)
        let share = String(format: "lambda %.3f", mix.lambda)
        for member in 0..<count {
            var stages: [ContactSheet.Stage?] = [stage(member)]
            if isMixed {
                stages += [
                    stage(plan.groupSize - 1 - member),
                    .init(mixed[member], mix.mode, share, frame: mix.box),
                ]
            }
            try sheet.add(title: "epoch 0, slot \(member)", stages)
        }
        return sheet.image()
    }

    /// The first images of a group as they are mixed, back in 8 bits.
    private func mixedImages(of views: ViewGroup, count: Int) throws -> [Image] {
        let size = recipe.view.size
        let batch = try Mixer(recipe: recipe, device: .cpu).batch(
            views.pixels(size: size), labels: views.labels,
            draw: plan.mix(epoch: views.epoch, group: views.group))
        let normalization = try Normalization(
            mean: recipe.view.mean, std: recipe.view.std, device: .cpu)
        let shown = try batch.images.narrowed(dimension: 0, start: 0, count: count)
        let bytes = try (normalization.inverse(shown).clamped(min: 0, max: 1) * 255 + 0.5)
            .to(.uint8).permuted([0, 2, 3, 1]).contiguous().bytes()
        let length = size * size * 3
        return (0..<count).map { index in
            Image(
                width: size, height: size,
                pixels: Array(bytes[index * length..<(index + 1) * length]))
        }
    }
}

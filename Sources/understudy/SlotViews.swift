import Base
import Foundation
import Imaging
import Loading
import Recipes
import Torch
import Views

/// The views of a range of slots: pixels, mixed images, targets and parameters.
struct SlotViews {
    let recipe: Recipe
    let loader: ViewLoader
    let epoch: Int
    let slots: Range<Int>
    let pixels: Tensor
    let mixed: Tensor
    let targets: Tensor
    /// Each slot's partner as it was mixed in, in the order of `slots`.
    private var partners: [Image] = []
    /// The images that stand in for unreadable ones, by slot; whole groups.
    private var substitutes: [Int: Int] = [:]

    init(recipe: Recipe, loader: ViewLoader, epoch: Int, slots: Range<Int>) throws {
        self.recipe = recipe
        self.loader = loader
        self.epoch = epoch
        self.slots = slots
        let members = loader.plan.groupSize
        let size = recipe.view.size
        // Pixels, partners and mixed images of every slot, the latter in float32 and put together
        // once more.
        let (bytes, overflow) = slots.count.multipliedReportingOverflow(by: size * size * 3 * 10)
        guard !overflow, SystemMemory.canAllocate(bytes) else {
            throw CommandError(
                "no memory for \(slots.count) views of \(size)x\(size) pixels at once; choose fewer "
                    + "--slots")
        }
        let mixer = Mixer(recipe: recipe, device: .cpu)
        var parts: [(pixels: Tensor, mixed: Tensor, targets: Tensor)] = []
        // A view is mixed with its partner, so whole groups are rendered and then cut to the range.
        for group in slots.lowerBound / members...(slots.upperBound - 1) / members {
            let views = try loader.load(epoch: epoch, group: group, sizes: [size])
            let raw = views.pixels(size: size)
            let batch = try mixer.batch(
                raw, labels: views.labels,
                draw: loader.plan.mix(epoch: epoch, group: group))
            let whole = loader.plan.slots(ofGroup: group)
            let range = slots.clamped(to: whole)
            func cut(_ tensor: Tensor) throws -> Tensor {
                try tensor.narrowed(
                    dimension: 0, start: range.lowerBound - whole.lowerBound, count: range.count)
            }
            parts.append(
                (
                    try cut(
                        raw.withTensor { pixels throws(TorchError) in
                            try pixels.permuted([0, 3, 1, 2]).contiguous()
                        }),
                    try cut(batch.images), try cut(batch.targets)
                ))
            let bytes = size * size * 3
            for slot in range {
                let start = (loader.plan.partner(of: slot) - whole.lowerBound) * bytes
                let pixels = raw.withBytes { [UInt8]($0[start..<start + bytes]) }
                partners.append(Image(width: size, height: size, pixels: pixels))
            }
            for (member, image) in views.substitutions {
                substitutes[whole.lowerBound + member] = image
            }
        }
        pixels = try Tensor.concatenated(parts.map(\.pixels), dimension: 0).contiguous()
        mixed = try Tensor.concatenated(parts.map(\.mixed), dimension: 0).contiguous()
        targets = try Tensor.concatenated(parts.map(\.targets), dimension: 0).contiguous()
    }

    var tensors: [(String, Tensor)] {
        [("pixels", pixels), ("mixed", mixed), ("targets", targets)]
    }

    /// What a dump of the tensors says of them.
    var metadata: [String: String] { ["recipe": recipe.name, "epoch": "\(epoch)"] }

    /// Whether a file is a dump of such tensors.
    static func isDump(_ file: SafetensorsFile) -> Bool {
        Set(file.names) == ["pixels", "mixed", "targets"]
            && Set(file.metadata.keys) == ["recipe", "epoch"]
    }

    /// The view that a slot shows, of its own image or of the one that stands in for it.
    private func view(at slot: Int) -> View {
        guard let substitute = substitutes[slot] else {
            return loader.plan.view(epoch: epoch, slot: slot)
        }
        return loader.plan.view(epoch: epoch, slot: slot, substituting: substitute)
    }

    /// The name of the class that a slot's image belongs to.
    private func className(at slot: Int) -> String {
        loader.dataset.classes[loader.dataset.samples[view(at: slot).imageIndex].label]
    }

    /// Everything that was drawn, resolved at the recipe's size.
    func parameters() throws -> ViewParameters {
        let plan = loader.plan
        let size = recipe.view.size
        let slots = try slots.map { slot in
            let view = view(at: slot)
            let sample = loader.dataset.samples[view.imageIndex]
            let original = try loader.dataset.bounds(of: view.imageIndex)
            return ViewParameters.Slot(
                path: loader.dataset.location(of: view.imageIndex), label: sample.label,
                width: original.width, height: original.height, group: slot / plan.groupSize,
                view: view.record(width: original.width, height: original.height, size: size))
        }
        let groups = Set(slots.map(\.group)).sorted().map {
            plan.mixRecord(epoch: epoch, group: $0, size: size)
        }
        let fill = Colour(mean: recipe.view.mean)
        return ViewParameters(
            recipe: recipe.name, seed: recipe.seed, epoch: epoch, size: size,
            mean: recipe.view.mean,
            std: recipe.view.std, fill: [fill.red, fill.green, fill.blue], slots: slots,
            groups: groups)
    }
}

extension SlotViews {
    /// A sheet with a row for each view and a column for each stage.
    ///
    /// - Parameter cell: The side of a picture, pixels.
    func contactSheet(cell: Int) throws -> Image {
        let size = recipe.view.size
        let normalisation = try Normalisation(
            mean: recipe.view.mean, std: recipe.view.std, device: .cpu)
        let shown = try (normalisation.inverse(mixed).clamped(min: 0, max: 1) * 255 + 0.5)
            .to(.uint8).permuted([0, 2, 3, 1]).contiguous()
        var rows: [(title: String, start: [ContactSheet.Stage?], middle: [ContactSheet.Stage])] = []
        for slot in slots {
            let view = view(at: slot)
            let original = try loader.dataset.image(view.imageIndex)
            let stages = try stages(of: view, original: original)
            rows.append((title(of: slot, view: view, original), stages.start, stages.middle))
        }
        // Every slot has as many columns for operations as the one with most.
        let most = rows.map(\.middle.count).max() ?? 0
        var titles = ["original, crop", "resized"]
        if recipe.view.flip > 0 { titles.append("flip") }
        titles += most == 1 ? ["operation"] : (0..<most).map { "operation \($0 + 1)" }
        titles.append("view")
        if recipe.view.mix != nil { titles += ["partner", "mixed"] }
        var sheet = ContactSheet(cell: cell, titles: titles)
        try sheet.checkMemory(rows: rows.count)
        for (index, row) in rows.enumerated() {
            let slot = slots.lowerBound + index
            var pictures = row.start + row.middle.map(Optional.some)
            pictures += Array(repeating: nil, count: most - row.middle.count)
            let pixels = try pixels.selected(dimension: 0, index: index)
                .permuted([1, 2, 0]).contiguous().bytes()
            pictures.append(
                .init(
                    Image(width: size, height: size, pixels: pixels), className(at: slot),
                    "\(size)x\(size)"))
            if recipe.view.mix != nil {
                let bytes = try shown.selected(dimension: 0, index: index).contiguous().bytes()
                pictures += mixedStages(
                    slot, partner: partners[index],
                    mixed: Image(width: size, height: size, pixels: bytes))
            }
            try sheet.add(title: row.title, pictures)
        }
        return sheet.image()
    }

    private func title(of slot: Int, view: View, _ original: Image) -> String {
        let sample = loader.dataset.samples[view.imageIndex]
        let substituted = substitutes[slot] == nil ? "" : ", in place of an unreadable image"
        return "slot \(slot)   \(sample.path)   \(original.width)x\(original.height)\(substituted)"
    }

    /// The stages before the operations, and the operations that apply.
    private func stages(
        of view: View, original: Image
    ) throws -> (start: [ContactSheet.Stage?], middle: [ContactSheet.Stage]) {
        let size = recipe.view.size
        let crop = view.crop(width: original.width, height: original.height)
        let share = 100 * crop.width * crop.height / (original.width * original.height)
        var image = try original.cropped(to: crop).resized(
            width: size, height: size, interpolation: view.interpolation)
        var start: [ContactSheet.Stage?] = [
            .init(original, "\(crop)", "\(share) % of it", frame: crop),
            .init(image, view.interpolation.rawValue, "to \(size)x\(size)"),
        ]
        if view.flip { image = image.flippedHorizontally() }
        if recipe.view.flip > 0 {
            start.append(view.flip ? .init(image, "flipped", "") : nil)
        }
        var middle: [ContactSheet.Stage] = []
        for operation in view.namedOperations(size: size) {
            image.apply(operation.operation, fill: view.fill)
            middle.append(.init(image, operation.title, operation.argumentText))
        }
        let erasures = view.erasures(size: size)
        if let first = erasures.first {
            for erasure in erasures {
                image.apply(.erase(erasure.box, erasure.paint), fill: view.fill)
            }
            let boxes = erasures.count == 1 ? "\(first.box)" : "\(erasures.count) boxes"
            middle.append(.init(image, "Erase", boxes))
        }
        return (start, middle)
    }

    private func mixedStages(
        _ slot: Int, partner: Image, mixed: Image
    ) -> [ContactSheet.Stage?] {
        let plan = loader.plan
        let mix = plan.mixRecord(
            epoch: epoch, group: slot / plan.groupSize, size: recipe.view.size)
        guard mix.mode != "none" else {
            return [nil, .init(mixed, "not mixed", "")]
        }
        let other = plan.partner(of: slot)
        return [
            .init(partner, className(at: other), "slot \(other)"),
            .init(
                mixed, mix.mode, String(format: "lambda %.3f", mix.lambda), frame: mix.box),
        ]
    }
}

extension ViewPlan {
    /// The slot whose view is mixed into this one's: the group's members pair from both ends.
    fileprivate func partner(of slot: Int) -> Int {
        let group = slots(ofGroup: slot / groupSize)
        return group.lowerBound + group.upperBound - 1 - slot
    }
}

import ArgumentParser
import Distillation
import Foundation
import Imaging
import Loading
import Recipes
import Torch
import Views

/// `understudy views`.
struct ViewsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "views",
        abstract: "Shows the augmented views that teacher and student are given.",
        discussion: """
            --sheet draws them; --dump and --params write them with all parameters, so that they \
            can be replayed elsewhere.

            Example:
              understudy views --recipe recipes/digits-kd.yaml --epoch 0 --slots '0..<8' \\
                --sheet views.png
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(name: .long, help: "The epoch, from 0.")
    var epoch = 0

    @Option(name: .long, help: "The slots, A..<B.")
    var slots: SlotRange

    @Option(name: .long, help: "Write a contact sheet, a PNG.")
    var sheet: String?

    @Option(
        name: .long,
        help: "Write pixels, mixed images and targets to this safetensors file.")
    var dump: String?

    @Option(name: .long, help: "Write every view's parameters to this JSON file.")
    var params: String?

    @Option(name: .long, help: "Threads that render views.")
    var workers = ProcessInfo.processInfo.activeProcessorCount

    func validate() throws {
        guard sheet != nil || dump != nil || params != nil else {
            throw ValidationError("name an output: --sheet PNG, --dump FILE or --params FILE")
        }
        guard epoch >= 0, workers >= 1 else {
            throw ValidationError("--epoch must not be negative, --workers at least 1")
        }
    }

    func run() throws {
        let recipe = try recipe.read()
        let loader = try ViewLoader(recipe: recipe, workers: workers)
        guard slots.range.upperBound <= loader.plan.slotsPerEpoch else {
            throw ValidationError(
                "--slots ends at \(slots.range.upperBound), an epoch of this recipe has "
                    + "\(loader.plan.slotsPerEpoch)")
        }
        let views = try SlotViews(
            recipe: recipe, loader: loader, epoch: epoch, slots: slots.range)
        if let dump {
            try SafetensorsFile.write(
                views.tensors, metadata: ["recipe": recipe.name, "epoch": "\(epoch)"], to: dump)
        }
        if let params {
            try AtomicFile.write(Data(views.parameters().json(pretty: true).utf8), to: params)
        }
        if let sheet {
            try AtomicFile.write(Data(ImageEncoder.png(views.contactSheet())), to: sheet)
        }
        let outputs = [dump, params, sheet].compactMap { $0 }.joined(separator: ", ")
        print("\(slots.range.count) views of epoch \(epoch): \(outputs)")
    }
}

/// The views of a range of slots: pixels, mixed images, targets and parameters.
private struct SlotViews {
    let recipe: Recipe
    let loader: ViewLoader
    let epoch: Int
    let slots: Range<Int>
    let pixels: Tensor
    let mixed: Tensor
    let targets: Tensor

    init(recipe: Recipe, loader: ViewLoader, epoch: Int, slots: Range<Int>) throws {
        self.recipe = recipe
        self.loader = loader
        self.epoch = epoch
        self.slots = slots
        let members = loader.plan.groupSize
        let size = recipe.view.size
        let mixer = try Mixer(recipe: recipe, device: .cpu)
        var parts: [(pixels: Tensor, mixed: Tensor, targets: Tensor)] = []
        // A view is mixed with its partner, so whole groups are rendered and then cut to the range.
        for group in slots.lowerBound / members...(slots.upperBound - 1) / members {
            let views = try loader.load(epoch: epoch, group: group, sizes: [size])
            let raw = views.pixels[size] ?? []
            let batch = try mixer.batch(
                pixels: raw, labels: views.labels, size: size,
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
                        Tensor(raw, shape: [members, size, size, 3]).permuted([0, 3, 1, 2])),
                    try cut(batch.images), try cut(batch.targets)
                ))
        }
        pixels = try Tensor.concatenated(parts.map(\.pixels), dimension: 0).contiguous()
        mixed = try Tensor.concatenated(parts.map(\.mixed), dimension: 0).contiguous()
        targets = try Tensor.concatenated(parts.map(\.targets), dimension: 0).contiguous()
    }

    var tensors: [(String, Tensor)] {
        [("pixels", pixels), ("mixed", mixed), ("targets", targets)]
    }

    /// Everything that was drawn, resolved at the recipe's size.
    func parameters() throws -> ViewParameters {
        let plan = loader.plan
        let size = recipe.view.size
        let slots = try slots.map { slot in
            let view = plan.view(epoch: epoch, slot: slot)
            let sample = loader.dataset.samples[view.imageIndex]
            let original = try loader.dataset.bounds(of: view.imageIndex)
            return ViewParameters.Slot(
                path: loader.dataset.location(of: view.imageIndex), label: sample.label,
                width: original.width, height: original.height, group: slot / plan.groupSize,
                view: view.record(width: original.width, height: original.height))
        }
        let groups = Set(slots.map(\.group)).sorted().map {
            plan.mixRecord(epoch: epoch, group: $0, size: size)
        }
        return ViewParameters(
            recipe: recipe.name, seed: recipe.seed, epoch: epoch, size: size, slots: slots,
            groups: groups)
    }

    /// A sheet with a column for each view: the original with its crop, the view, the mixed image.
    func contactSheet() throws -> Image {
        let plan = loader.plan
        let size = recipe.view.size
        let normalisation = try Normalisation(
            mean: recipe.view.mean, std: recipe.view.std, device: .cpu)
        let shown = try (normalisation.inverse(mixed).clamped(min: 0, max: 1) * 255 + 0.5)
            .to(.uint8).permuted([0, 2, 3, 1]).contiguous()
        var sheet = ContactSheet(cell: max(size, 96), columns: slots.count)
        for (row, slot) in slots.enumerated() {
            let view = plan.view(epoch: epoch, slot: slot)
            let sample = loader.dataset.samples[view.imageIndex]
            let original = try loader.dataset.image(view.imageIndex)
            let pixels = try self.pixels.selected(dimension: 0, index: row)
                .permuted([1, 2, 0]).contiguous().bytes()
            let mixedPixels = try shown.selected(dimension: 0, index: row).contiguous().bytes()
            let mix = plan.mixRecord(epoch: epoch, group: slot / plan.groupSize, size: size)
            sheet.add(
                original: original,
                crop: view.crop(width: original.width, height: original.height),
                view: Image(width: size, height: size, pixels: pixels),
                mixed: Image(width: size, height: size, pixels: mixedPixels),
                captions: [
                    "slot \(slot)", loader.dataset.classes[sample.label],
                    view.interpolation.rawValue + (view.flip ? ", flip" : ""),
                ] + view.augmentations.map(\.caption) + [mix.caption])
        }
        return sheet.image()
    }
}

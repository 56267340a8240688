import Base
import Foundation
import Imaging
import Loading
import Recipes
import Torch
import Views

/// The views of a range of slots: pixels, mixed images, targets and parameters.
struct RenderedViews {
    let recipe: Recipe
    let loader: ViewLoader
    let epoch: Int
    let slots: Range<Int>
    let pixels: Tensor
    let mixed: Tensor
    let targets: Tensor
    /// Each slot's partner as it was mixed in, in the order of `slots`.
    private(set) var partners: [Image] = []
    /// The images that stand in for unreadable ones, by slot; whole groups.
    private(set) var substitutes: [Int: Int] = [:]

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
                let start = (Self.partner(of: slot, in: loader.plan) - whole.lowerBound) * bytes
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
    func view(at slot: Int) -> View {
        guard let substitute = substitutes[slot] else {
            return loader.plan.view(epoch: epoch, slot: slot)
        }
        return loader.plan.view(epoch: epoch, slot: slot, substituting: substitute)
    }

    /// The name of the class that a slot's image belongs to.
    func className(at slot: Int) -> String {
        let label = loader.dataset.samples[view(at: slot).imageIndex].label
        return loader.dataset.className(of: label)
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
        let fill = Color(mean: recipe.view.mean)
        return ViewParameters(
            recipe: recipe.name, seed: recipe.seed, epoch: epoch, size: size,
            mean: recipe.view.mean,
            std: recipe.view.std, fill: [fill.red, fill.green, fill.blue], slots: slots,
            groups: groups)
    }

    /// The slot whose view is mixed into this one's: the group's members pair from both ends.
    static func partner(of slot: Int, in plan: ViewPlan) -> Int {
        let group = plan.slots(ofGroup: slot / plan.groupSize)
        return group.lowerBound + group.upperBound - 1 - slot
    }
}

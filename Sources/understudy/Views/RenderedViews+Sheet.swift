import Foundation
import Imaging
import Loading
import Torch
import Views

extension RenderedViews {
    /// A sheet with a row for each view and a column for each stage.
    ///
    /// - Parameter cell: The side of a picture, pixels.
    func contactSheet(cell: Int) throws -> Image {
        let size = recipe.view.size
        let normalization = try Normalization(
            mean: recipe.view.mean, std: recipe.view.std, device: .cpu)
        let shown = try (normalization.inverse(mixed).clamped(min: 0, max: 1) * 255 + 0.5)
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
        do throws(ImageError) { try sheet.checkMemory(rows: rows.count) } catch {
            throw CommandError("\(error); choose fewer slots")
        }
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
        let other = Self.partner(of: slot, in: plan)
        return [
            .init(partner, className(at: other), "slot \(other)"),
            .init(
                mixed, mix.mode, String(format: "lambda %.3f", mix.lambda), frame: mix.box),
        ]
    }
}

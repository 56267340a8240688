import Foundation
import Imaging
import Recipes
import Views

/// The rendered views of one group, before normalising and mixing.
public struct ViewGroup: Sendable {
    /// The epoch the views belong to.
    public let epoch: Int
    /// The group's index within the epoch; its slots are `group * size ..< (group + 1) * size`.
    public let group: Int
    /// The pixels at each size asked for: `[members, size, size, 3]`, uint8 RGB.
    public let pixels: [Int: [UInt8]]
    /// The label of each member.
    public let labels: [Int]
    /// Members whose own image could not be decoded, and the image that stands in for it.
    public let substitutions: [Int: Int]
}

/// Renders views: reads and decodes images, crops, resizes, flips and applies the drawn operations.
public struct ViewLoader: Sendable {
    /// The draws.
    public let plan: ViewPlan
    /// The images.
    public let dataset: ImageDataset
    /// Threads that render the members of a group.
    public let workers: Int
    private let substitutes: Bool

    /// Images tried in place of one that cannot be decoded.
    private static let substitutionTries = 16

    /// Makes a loader over a data set.
    ///
    /// - Throws: `DatasetError` if the data set does not fit the recipe, `RecipeError` if the recipe's
    ///   batch does not fit the data set.
    public init(
        recipe: Recipe, workers: Int = ProcessInfo.processInfo.activeProcessorCount
    ) throws {
        dataset = try ImageDataset(
            recipe.data.train, expectedClasses: recipe.data.classes)
        plan = try ViewPlan(recipe: recipe, imageCount: dataset.samples.count)
        substitutes = recipe.data.onError == .substitute
        self.workers = workers
    }

    /// Renders groups in order on a background thread, a few ahead of their use.
    ///
    /// - Parameters:
    ///   - groups: (epoch, group within the epoch) of each.
    ///   - sizes: the sides at which each view is rendered, in pixels.
    public func prefetch(
        _ groups: [(epoch: Int, group: Int)], sizes: [Int]
    ) -> Prefetcher<ViewGroup> {
        Prefetcher(count: groups.count) { index in
            try load(epoch: groups[index].epoch, group: groups[index].group, sizes: sizes)
        }
    }

    /// Renders the views of one group.
    ///
    /// - Throws: `DatasetError` with the path of an image that cannot be read or decoded, unless the
    ///   recipe says `on_error: substitute`.
    public func load(epoch: Int, group: Int, sizes: [Int]) throws -> ViewGroup {
        let members = plan.groupSize
        let sizes = Set(sizes).sorted()
        let buffers = sizes.map { size in
            UnsafeMutableBufferPointer<UInt8>.allocate(capacity: members * size * size * 3)
        }
        let used = UnsafeMutableBufferPointer<Int>.allocate(capacity: members)
        defer {
            buffers.forEach { $0.deallocate() }
            used.deallocate()
        }
        // Members write disjoint ranges of the buffers, which outlive the loop.
        nonisolated(unsafe) let (targets, images) = (buffers, used)
        try forEachIndex(members, workers: workers) { member in
            let view = plan.view(epoch: epoch, slot: group * members + member)
            let (index, renderings) = try renderings(of: view, sizes: sizes)
            images[member] = index
            for (target, image) in zip(targets, renderings) {
                let bytes = image.pixels.count
                _ = target[member * bytes..<(member + 1) * bytes].update(from: image.pixels)
            }
        }
        var substitutions: [Int: Int] = [:]
        for member in 0..<members {
            let drawn = plan.imageIndex(epoch: epoch, slot: group * members + member)
            if used[member] != drawn { substitutions[member] = used[member] }
        }
        return ViewGroup(
            epoch: epoch, group: group,
            pixels: Dictionary(
                uniqueKeysWithValues: zip(sizes, buffers).map { ($0, [UInt8]($1)) }),
            labels: used.map { dataset.samples[$0].label }, substitutions: substitutions)
    }

    /// A view at each size, of its own image or, where the recipe allows it, of a substitute.
    ///
    /// - Returns: the index of the image shown, and its renderings in the order of `sizes`.
    private func renderings(of view: View, sizes: [Int]) throws -> (Int, [Image]) {
        do {
            return (view.imageIndex, try render(view, sizes: sizes))
        } catch {
            guard substitutes else { throw error }
            for attempt in 0..<Self.substitutionTries {
                let index = plan.substituteIndex(
                    epoch: view.epoch, slot: view.slot, attempt: attempt)
                let other = plan.view(
                    epoch: view.epoch, slot: view.slot, substituting: index)
                if let images = try? render(other, sizes: sizes) { return (index, images) }
            }
            throw DatasetError(
                "\(error); \(Self.substitutionTries) other images cannot be decoded either")
        }
    }

    /// Renders a view of its image: the crop resized, flipped and put through the operations.
    ///
    /// - Returns: one image of `size` x `size` pixels for each size.
    /// - Throws: `DatasetError` naming the image's path.
    public func render(_ view: View, sizes: [Int]) throws(DatasetError) -> [Image] {
        try dataset.decoding(view.imageIndex) { bytes in
            let original = try ImageDecoder.size(of: bytes)
            let crop = view.crop(width: original.width, height: original.height)
            let region = try ImageDecoder.decode(bytes, region: crop)
            return sizes.map { size in
                var image = region.resized(
                    width: size, height: size, interpolation: view.interpolation)
                if view.flip { image = image.flippedHorizontally() }
                for operation in view.operations(size: size) { image.apply(operation) }
                return image
            }
        }
    }
}

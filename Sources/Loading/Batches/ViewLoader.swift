import Foundation
import Imaging
import Recipes
import StrictYAML
import Torch
import Views

/// Groups of views, rendered ahead of their use.
package typealias ViewPipeline = BatchPipeline<ViewDraft, ViewGroup>

/// Renders views: reads and decodes images, crops, resizes, flips and applies the drawn operations.
package struct ViewLoader: Sendable {
    /// A step in the rendering of a view.
    package enum Stage: String, Sendable, CaseIterable, Codable {
        /// Reading the file.
        case read
        /// Decoding the crop's region.
        case decode
        /// Resizing it, mirrored where the view is flipped.
        case resize
        /// The drawn operations.
        case augment
    }

    package let recipe: Recipe
    /// The draws.
    package let plan: ViewPlan
    /// The images.
    package let dataset: ImageDataset
    private let options: LoadingOptions
    private let substitutes: Bool
    private let checksum: (@Sendable (UnsafeRawBufferPointer) -> UInt32)?

    /// Images tried in place of one that cannot be decoded.
    private static let substitutionTries = 16

    /// Makes a loader over a data set.
    ///
    /// - Parameter checksum: taken of each group's pixels at the recipe's size, on the threads that
    ///   render.
    /// - Throws: `DatasetError` if the data set does not fit the recipe, `YAMLError` if the
    ///   recipe's batch does not fit the data set.
    package init(
        recipe: Recipe, options: LoadingOptions,
        checksum: (@Sendable (UnsafeRawBufferPointer) -> UInt32)? = nil
    ) throws {
        dataset = try (options.listed ?? ListedData()).dataset(recipe.data)
        plan = try ViewPlan(recipe: recipe, imageCount: dataset.samples.count)
        self.recipe = recipe
        substitutes = recipe.data.onError == .substitute
        self.options = options
        self.checksum = checksum
    }

    /// The memory of what is rendered, which all pipelines with the same options share.
    package var pool: BufferPool { options.pool }

    /// The memory of a group rendered at some sizes.
    package func bytes(sizes: Set<Int>) -> Int {
        sizes.reduce(0) { $0 + plan.groupSize * $1 * $1 * 3 }
    }

    /// Checks that a group of views can fit into memory at all, before anything is begun.
    ///
    /// - Parameter sizes: the sides that it is to be rendered at.
    /// - Throws: `DatasetError`.
    package func checkMemory(sizes: [Int], on device: Device) throws(DatasetError) {
        try PixelMemory(images: plan.groupSize, sizes: Set(sizes), device: device)
            .check("a group", keys: "batch.group or view.size")
    }

    /// Renders groups in order on background threads, ahead of their use.
    ///
    /// - Parameters:
    ///   - groups: (epoch, group within the epoch) of each.
    ///   - sizes: the sides at which each view is rendered, in pixels.
    /// - Returns: what yields the groups; it throws `DatasetError` with the path of an image that
    ///   cannot be read, or that cannot be decoded unless the recipe says `on_error: substitute`.
    package func prefetch(
        _ groups: [(epoch: Int, group: Int)], sizes: [Int]
    ) -> ViewPipeline {
        let bytes = bytes(sizes: Set(sizes))
        let sizes = Set(sizes).sorted()
        let (members, pool) = (plan.groupSize, options.pool)
        let work = BatchWork<ViewDraft>(
            count: groups.count, hasRoom: { _ in pool.hasRoom(bytes) },
            begin: { index in
                let (epoch, group) = groups[index]
                let pixels = try sizes.map { size throws(TorchError) in
                    try PixelBatch(count: members, size: size, from: pool)
                }
                let draft = ViewDraft(epoch: epoch, group: group, members: members, pixels: pixels)
                return (draft, members)
            },
            make: { draft, member, worker in try render(member, of: draft, with: worker) },
            complete: { [checksum, size = plan.settings.size] draft in
                guard let checksum else { return }
                draft.checksum = draft.pixels.first { $0.size == size }?.withBytes(checksum)
            })
        return BatchPipeline(work, workers: options.workers) { draft in finish(draft) }
    }

    /// Renders the views of one group.
    ///
    /// - Throws: `DatasetError` as `prefetch`.
    package func load(epoch: Int, group: Int, sizes: [Int]) throws -> ViewGroup {
        guard let views = try prefetch([(epoch, group)], sizes: sizes).next() else {
            preconditionFailure("a pipeline of one group yields one")
        }
        return views
    }

    /// Renders a view of its image: the crop resized, flipped and put through the operations.
    ///
    /// - Parameters:
    ///   - target: where the rendering of each size goes, `size * size * 3` bytes.
    ///   - lap: called at the end of each stage.
    /// - Throws: `DatasetError` naming the image's path.
    package func render(
        _ view: View, sizes: [Int], with worker: RenderWorker,
        into target: (_ index: Int) -> UnsafeMutablePointer<UInt8>,
        lap: (Stage) -> Void = { _ in }
    ) throws(DatasetError) {
        let renderer = worker.renderer
        try dataset.reading(view.imageIndex, into: worker.file) { bytes in
            lap(.read)
            try renderer.decode(bytes) { width, height in
                view.crop(width: width, height: height)
            }
            lap(.decode)
            for (index, size) in sizes.enumerated() {
                let pixels = target(index)
                try renderer.resize(
                    size: size, interpolation: view.interpolation, mirrored: view.flip,
                    into: pixels)
                lap(.resize)
                try renderer.apply(
                    view.operations(size: size), size: size, fill: view.fill, to: pixels)
                lap(.augment)
            }
        }
    }

    /// Renders a member, of its own image or, where the recipe allows it, of a substitute.
    private func render(_ member: Int, of draft: ViewDraft, with worker: RenderWorker) throws {
        let slot = draft.group * plan.groupSize + member
        let view = plan.view(epoch: draft.epoch, slot: slot)
        func render(_ view: View) throws(DatasetError) {
            try self.render(view, sizes: draft.sizes, with: worker) {
                draft.pixels[$0].image(member)
            }
            draft.images[member] = view.imageIndex
        }
        do throws(DatasetError) {
            try render(view)
        } catch {
            // Only what will be the same at every reading: a cache holds the substitute's response.
            guard error.isUndecodable else { throw error }
            guard substitutes else { throw error.advising("set data.on_error: substitute") }
            for attempt in 0..<Self.substitutionTries {
                let index = plan.substituteIndex(epoch: view.epoch, slot: slot, attempt: attempt)
                let other = plan.view(epoch: view.epoch, slot: slot, substituting: index)
                do throws(DatasetError) {
                    return try render(other)
                } catch {
                    guard error.isUndecodable else { throw error }
                }
            }
            throw DatasetError(
                "\(error); \(Self.substitutionTries) other images cannot be decoded either",
                cause: error.cause)
        }
    }

    private func finish(_ draft: ViewDraft) -> ViewGroup {
        let drawn = plan.imageIndices(
            epoch: draft.epoch, slots: plan.slots(ofGroup: draft.group))
        var substitutions: [Int: Int] = [:]
        for (member, index) in draft.images.enumerated() where index != drawn[member] {
            substitutions[member] = index
        }
        return ViewGroup(
            epoch: draft.epoch, group: draft.group,
            renderings: draft.pixels,
            labels: draft.images.map { dataset.samples[$0].label }, substitutions: substitutions,
            checksum: draft.checksum)
    }
}

/// A group while its members are rendered.
///
/// Sendable: each member writes its own places in `pixels` and `images`, and they are read when
/// all have, first by the one thread that writes `checksum`.
package final class ViewDraft: @unchecked Sendable {
    let epoch: Int
    let group: Int
    let pixels: [PixelBatch]
    /// The image that each member shows.
    let images: UnsafeMutableBufferPointer<Int>
    /// The checksum of the pixels at the recipe's size.
    var checksum: UInt32?

    /// The sides of the renderings, in pixels.
    let sizes: [Int]

    init(epoch: Int, group: Int, members: Int, pixels: [PixelBatch]) {
        self.epoch = epoch
        self.group = group
        self.pixels = pixels
        sizes = pixels.map(\.size)
        images = .allocate(capacity: members)
        images.initialize(repeating: 0)
    }

    deinit { images.deallocate() }
}

/// The rendered views of one group, before normalizing and mixing.
package struct ViewGroup: Sendable {
    /// The epoch the views belong to.
    package let epoch: Int
    /// The group's index within the epoch; its slots are `group * size ..< (group + 1) * size`.
    package let group: Int
    /// The pixels at each size asked for.
    let renderings: [PixelBatch]
    /// The label of each member; nil of one that has none.
    package let labels: [Int?]
    /// Members whose own image could not be decoded, and the image that stands in for it.
    package let substitutions: [Int: Int]
    /// The checksum of the pixels at the recipe's size; nil where the loader takes none.
    package let checksum: UInt32?

    /// The memory that the pixels take.
    package var bytes: Int { renderings.reduce(0) { $0 + $1.bytes } }

    /// The sides that it was rendered at, in pixels.
    package var sizes: [Int] { renderings.map(\.size) }

    /// The same group with the pixels at one of its sizes only; the others' memory is given back as
    /// soon as nobody has the whole group any more.
    package func only(size: Int) -> ViewGroup {
        ViewGroup(
            epoch: epoch, group: group, renderings: [pixels(size: size)], labels: labels,
            substitutions: substitutions, checksum: checksum)
    }

    /// The members' pixels at one of the sizes asked for.
    package func pixels(size: Int) -> PixelBatch {
        guard let found = renderings.first(where: { $0.size == size }) else {
            preconditionFailure("the group was not rendered at \(size) pixels")
        }
        return found
    }
}

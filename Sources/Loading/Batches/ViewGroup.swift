/// The rendered views of one group, before normalising and mixing.
package struct ViewGroup: Sendable {
    /// The epoch the views belong to.
    package let epoch: Int
    /// The group's index within the epoch; its slots are `group * size ..< (group + 1) * size`.
    package let group: Int
    /// The pixels at each size asked for.
    let renderings: [PixelBatch]
    /// The label of each member.
    package let labels: [Int]
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

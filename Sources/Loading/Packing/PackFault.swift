/// What keeps a pack from being written or used, for whoever can say what to do about it.
package enum PackFault: Equatable, Sendable {
    /// The place for the pack is, holds or lies in something else.
    case placeTaken
    /// The folder for the pack holds another one.
    case otherPack(PackDifference, in: String)
    /// A shard of a whole pack is damaged, and the images are no longer those that were packed.
    case imagesChanged
    /// Not all shards are written.
    case unfinished
    /// Shards are not what was written.
    case damagedShards
    /// The classes' names are not what was written.
    case damagedClassNames
}

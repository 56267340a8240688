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

/// In what a pack that is there differs from the one that was to be written.
package enum PackDifference: Equatable, Sendable, CustomStringConvertible {
    /// Something beside the images that determines the bytes, by its name in `pack.json`.
    package enum Setting: String, Sendable, CaseIterable {
        case samplesPerShard = "samples_per_shard"
        case maxShortSide = "max_short_side"
        case quality
    }

    case samples(there: Int, here: Int)
    /// The images or their classes are others.
    case images
    case setting(Setting, there: Int?, here: Int?)

    package var description: String {
        switch self {
        case .samples(let there, let here): "\(there) samples there, \(here) here"
        case .images: "its data set is another one, or has changed"
        case .setting(let setting, let there, let here):
            Self.text(setting.rawValue, there: there, here: here)
        }
    }

    /// The values of a setting, under a name that its reader knows.
    package static func text(_ setting: String, there: Int?, here: Int?) -> String {
        func text(_ value: Int?) -> String { value.map { "\($0)" } ?? "none" }
        return "\(setting) \(text(there)) there, \(text(here)) here"
    }
}

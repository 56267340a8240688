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

import Base
import StrictYAML

extension Recipe {
    /// The mean of the best snapshots.
    package struct Average: Section, Equatable {
        package var keep = 10

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key(
                "keep", \.keep, .integer(in: Limits.snapshots), hasDefault: true,
                "how many snapshots are kept and averaged")
        ]
    }
}

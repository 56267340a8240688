import Base
import Torch

/// What weights look like by their names and shapes: a network of a family, or one of those that are
/// known by sight only.
package struct WeightsLikeness {
    /// The network; nil for one that this program does not have.
    package let architecture: Architecture?
    /// Whose names the tensors have; nil for a network that this program does not have.
    package let layout: WeightLayout?
    /// The rows of the head; nil where there is none.
    package let classes: Int?
    /// The network's published name, or its family with its dimensions.
    package let network: String
    private let owners: String

    /// `resnet50 with Hugging Face's names`.
    package var description: String { "\(network) with \(owners) names" }

    /// Holds the weights against every family in each of its ways of naming tensors.
    ///
    /// - Returns: nil if they look like nothing that is known.
    package init?(of weights: any WeightsArchive) {
        for family in Architecture.families {
            if let found = Self.of(weights, family) {
                self = found
                return
            }
        }
        guard let foreign = ForeignNetwork.all.first(where: { $0.looksLike(weights.names) }) else {
            return nil
        }
        (architecture, layout, classes) = (nil, nil, nil)
        (network, owners) = (foreign.name, foreign.owner.owner)
    }

    private init(_ architecture: Architecture, _ layout: WeightLayout, _ classes: Int?) {
        self.architecture = architecture
        self.layout = layout
        self.classes = classes
        network = PublishedNetwork.name(of: architecture) ?? architecture.fingerprintLine
        owners = [layout].owners
    }

    /// The share of tensors that weights and a network must have in common. Fewer are missing in a file
    /// that somebody damaged or left the head out of; a network of the same names with excitations, or
    /// norms of queries and keys, has more of its own.
    private static let leastShare = 0.9

    private static func of<Family: NetworkFamily>(
        _ weights: any WeightsArchive, _ family: Family.Type
    ) -> WeightsLikeness? {
        var best: (share: Double, likeness: WeightsLikeness)?
        for layout in family.namings {
            let shapes = WeightShapes(of: weights, as: layout, head: family.head)
            guard let configuration = family.configuration(of: shapes) else { continue }
            let architecture = Architecture(configuration)
            let classes = shapes[family.head]?.first
            let share = shapes.share(of: architecture, classes: classes ?? 1)
            // Of layouts that fit equally the first.
            guard share >= leastShare, share > best?.share ?? 0 else { continue }
            best = (share, WeightsLikeness(architecture, layout, classes))
        }
        return best?.likeness
    }
}

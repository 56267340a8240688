import Base

/// A name that stands for published weights: their network, and how its accuracy was measured.
package struct PublishedNetwork: Sendable {
    package let name: String
    package let architecture: Architecture
    /// How images are brought to the network's input where no recipe or card says it.
    ///
    /// It is the published evaluation of the weights that the name stands for: where torchvision has
    /// the name, but for ConvNeXt's, torchvision's first ones (`IMAGENET1K_V1`), else timm's default
    /// ones. Others of the same architecture may want another: timm's `resnet50.a1_in1k` a crop share
    /// of 0.95 and bicubic.
    package let preprocessing: Preprocessing
    /// Whether it is known elsewhere by this name; the networks of 32 pixels that this project's
    /// demo is taught by are not.
    package let isKnownElsewhere: Bool

    init(
        _ name: String, _ configuration: some NetworkFamily, _ preprocessing: Preprocessing,
        isKnownElsewhere: Bool = true
    ) {
        self.name = name
        architecture = Architecture(configuration)
        self.preprocessing = preprocessing
        self.isKnownElsewhere = isKnownElsewhere
    }

    /// Those of every family, in the families' order.
    private static let inOrder = Architecture.families.flatMap { $0.published }

    private static let all = Dictionary(uniqueKeysWithValues: inOrder.map { ($0.name, $0) })

    /// Every name, sorted.
    package static var names: [String] { all.keys.sorted() }

    /// Those of an architecture, by what its logits depend on: several where networks differ in their
    /// weights and preprocessing alone, as a ViT and a DeiT.
    package static func all(of architecture: Architecture) -> [PublishedNetwork] {
        let line = architecture.fingerprintLine
        return inOrder.filter { $0.architecture.fingerprintLine == line }
    }

    /// The first name of an architecture; nil for one that has none.
    package static func name(of architecture: Architecture) -> String? {
        all(of: architecture).first?.name
    }

    /// The first name by which other libraries know an architecture, one of the same initial values
    /// before others; nil for one that they do not know.
    static func nameElsewhere(of architecture: Architecture) -> String? {
        let known = all(of: architecture).filter(\.isKnownElsewhere)
        return (known.first { $0.architecture == architecture } ?? known.first)?.name
    }

    /// The network that a recipe or the command line names, or nil for an unknown name.
    package static func named(_ name: String) -> PublishedNetwork? { all[name] }

    /// What a message says of the names that there are: one of each family, and how many more.
    ///
    /// - Parameter name: what was found in place of one; the nearest name is said, too.
    package static func examples(insteadOf name: String? = nil) -> String {
        let first = Architecture.families.compactMap { $0.published.first?.name }
        let text =
            first.joined(separator: ", ")
            + " and \(all.count - first.count) more (docs/teachers.md)"
        guard let name, let nearest = names.nearest(to: name) else { return text }
        return "\(text); the nearest is \(nearest)"
    }
}

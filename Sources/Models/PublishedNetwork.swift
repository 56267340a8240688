/// A name that stands for published weights: their network, and how its accuracy was measured.
package struct PublishedNetwork: Sendable {
    package let name: String
    package let architecture: Architecture
    /// How images are brought to the network's input where no recipe or card says it.
    ///
    /// It is the published evaluation of the weights that the name stands for: of a ResNet
    /// torchvision's first ones (`IMAGENET1K_V1`), of a BEiT timm's default ones. Others of the same
    /// architecture may want another: timm's `resnet50.a1_in1k` a crop share of 0.95 and bicubic.
    package let preprocessing: Preprocessing

    init(_ name: String, _ configuration: some NetworkFamily, _ preprocessing: Preprocessing) {
        self.name = name
        architecture = Architecture(configuration)
        self.preprocessing = preprocessing
    }

    /// Those of every family.
    private static let all = Dictionary(
        uniqueKeysWithValues: Architecture.families.flatMap { $0.published }.map { ($0.name, $0) })

    /// Every name, sorted.
    package static var names: [String] { all.keys.sorted() }

    /// The network that a recipe or the command line names, or nil for an unknown name.
    package static func named(_ name: String) -> PublishedNetwork? { all[name] }
}

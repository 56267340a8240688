import StrictYAML
import Torch

/// A family of networks; a value of the type is one configuration of it.
///
/// A family is one file: its paper, its dimensions and their limits, their keys in a card's section
/// `architecture` (`Section.keys`, which the fingerprint of a cache walks as well), the names under
/// which weights are published, how files lay these out, and the network itself.
package protocol NetworkFamily: Section, Equatable {
    /// The family's name in cards: `kind: beit`.
    static var kind: String { get }

    /// Version of the code from images to logits, which caches of responses record.
    ///
    /// It rises with any change, to the family's file or to the layers that it uses, that can alter a
    /// logit by more than rounding.
    static var version: Int { get }

    /// The matrix that has a row for each class.
    static var head: String { get }

    /// The names that people use.
    static var published: [PublishedNetwork] { get }

    /// How weights are drawn where nobody says it.
    static var initialization: Initialization { get }

    /// How files lay out the weights; the network's own names come first.
    static var layouts: [WeightLayout] { get }

    /// The configuration of a network with tensors of these shapes, as far as these tell it; nil if they
    /// are of no such network.
    static func configuration(of weights: WeightShapes) -> Self?

    /// How Hugging Face's `config.json` of such networks is read; nil where it is not.
    static var huggingFace: HuggingFaceReading<Self>? { get }

    /// What the network is in another library; nil if it is not there.
    func counterpart(in library: WeightOrigin) -> Counterpart?

    /// The only side that images may have, in pixels; nil if any will do.
    var fixedImageSize: Int? { get }

    /// The first reason why no such network can be made; nil if there is none.
    func fault(classes: Int) -> NetworkFault?

    /// Makes the network with freshly drawn weights.
    ///
    /// - Parameters:
    ///   - store: takes every tensor; its seed fixes the weights.
    ///   - initialization: how they are drawn; nil for the family's own rule.
    ///   - dropPath: stochastic depth's rate at the last block.
    /// - Throws: `TorchError` for an initialization that the family has not, or for a fault.
    func makeNetwork(
        classes: Int, store: ParameterStore, initialization: Initialization?, dropPath: Double
    ) throws(TorchError) -> any ImageClassifier
}

extension NetworkFamily {
    /// Nil: no other library is known to have it.
    package func counterpart(in library: WeightOrigin) -> Counterpart? { nil }

    /// Nil: images may have any size.
    package var fixedImageSize: Int? { nil }

    package static var initialization: Initialization { .pytorch }

    /// Nil: shapes alone do not tell it.
    package static func configuration(of weights: WeightShapes) -> Self? { nil }

    /// Nil: none of its networks are Hugging Face's.
    package static var huggingFace: HuggingFaceReading<Self>? { nil }

    /// Nil: every configuration that can be read can be made.
    package func fault(classes: Int) -> NetworkFault? { nil }
}

/// A fault of a network's dimensions.
package struct NetworkFault: Sendable, Equatable {
    /// The key of the section `architecture` at which it lies.
    package let key: String
    /// What is wrong.
    package let message: String
}

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

    /// The name of an architecture, by what its logits depend on; nil for one that has none.
    package static func name(of architecture: Architecture) -> String? {
        let line = architecture.fingerprintLine
        return all.values.filter { $0.architecture.fingerprintLine == line }.map(\.name).min()
    }

    /// The network that a recipe or the command line names, or nil for an unknown name.
    package static func named(_ name: String) -> PublishedNetwork? { all[name] }
}

/// The library whose initial weights are followed.
package enum Initialization: String, Sendable, CaseIterable {
    /// The defaults of PyTorch's layers.
    case pytorch
    /// Convolutions by Kaiming's normal rule over the fan-out.
    case torchvision
    /// As torchvision, with the last normalization of every block starting at zero.
    case timm
}

import Base
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

    /// Other matrices that have, which some of its networks lack.
    static var furtherHeads: [String] { get }

    /// The names that people use.
    static var published: [PublishedNetwork] { get }

    /// How weights are drawn where nobody says it.
    static var initialization: Initialization { get }

    /// How files lay out the weights of the family's networks; the network's own names come first.
    static var layouts: [WeightLayout] { get }

    /// How files lay out the weights of this network: `layouts` of the family but those of libraries
    /// that lack the network, and those whose names follow from its dimensions.
    var layouts: [WeightLayout] { get }

    /// The layouts in which weights are looked at to tell a network of the family by them: `layouts` of
    /// the family and, where names follow from dimensions, those of its published networks.
    static var namings: [WeightLayout] { get }

    /// The configuration of a network with tensors of these shapes, as far as these tell it; nil if they
    /// are of no such network.
    ///
    /// It is asked once for each of `namings`, may judge by a few of the shapes, and bounds what it takes
    /// from them: `WeightsLikeness` holds the others against the network.
    static func configuration(of weights: WeightShapes) -> Self?

    /// How Hugging Face's `config.json` of such networks is read, for each type of model.
    static var huggingFace: [HuggingFaceReading<Self>] { get }

    /// What the network is in another library; nil if it is not there.
    func counterpart(in library: WeightOrigin) -> Counterpart?

    /// The only side that images may have, in pixels; nil if any will do.
    var fixedImageSize: Int? { get }

    /// Its stages in the order in which images pass them, each by what its parameters' names begin with;
    /// what is after the last of them, the head at least, is always trained.
    var stages: [[String]] { get }

    /// The first reason why no such network can be made; nil if there is none.
    func fault(classes: Int) -> NetworkFault?

    /// A tensor of a network of other dimensions made to fit this one, as the reference makes it:
    /// position embeddings for images of another size.
    ///
    /// - Parameters:
    ///   - name: the network's own name of the tensor.
    ///   - found: reads what a file holds, float32; to be called for names alone that can be fit.
    /// - Returns: a tensor of `shape`, or nil where there is none that means the same.
    func resampled(
        _ name: String, _ found: () throws(TorchError) -> Tensor, to shape: [Int]
    ) throws(TorchError) -> Tensor?

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

    package static var furtherHeads: [String] { [] }

    package static var initialization: Initialization { .pytorch }

    /// Those of the family.
    package var layouts: [WeightLayout] { Self.layouts }

    /// Those of the family.
    package static var namings: [WeightLayout] { layouts }

    /// None: its networks are not Hugging Face's.
    package static var huggingFace: [HuggingFaceReading<Self>] { [] }

    /// Nil: only tensors of this network's shapes fit it.
    package func resampled(
        _ name: String, _ found: () throws(TorchError) -> Tensor, to shape: [Int]
    ) throws(TorchError) -> Tensor? { nil }

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

extension NetworkFault {
    /// More parameters than any published network has, by far: 20 GB in float32.
    static let parameterLimit = 5e9
    /// More attention weights of one image in one block: 8 GB in float32.
    static let attentionLimit = 2e9

    /// The fault of a network that is too large to be made; nil where it is not.
    ///
    /// - Parameters:
    ///   - parameters: how many it would have; a number that cannot overflow.
    ///   - key: at which the fault lies.
    static func ofSize(parameters: Double, key: String) -> NetworkFault? {
        guard parameters > parameterLimit else { return nil }
        return NetworkFault(
            key: key,
            message: "the network would have \(text(parameters)) parameters; at most "
                + "\(text(parameterLimit)) are made")
    }

    /// The fault of attention that is too large to be computed; nil where it is not.
    static func ofAttention(heads: Int, tokens: Double, patch: Int) -> NetworkFault? {
        let attention = Double(heads) * tokens * tokens
        guard attention > attentionLimit else { return nil }
        return NetworkFault(
            key: "patch",
            message: "\(text(tokens)) tokens of patch \(patch) would take \(text(attention)) "
                + "attention weights an image; at most \(text(attentionLimit)) are computed")
    }

    /// A count in digits, or, where that would be endless, as a power of ten.
    private static func text(_ count: Double) -> String {
        count < 1e15 ? "\(Int64(count))" : "\(count)"
    }
}

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

/// The library whose initial weights are followed.
package enum Initialization: String, Sendable, CaseIterable {
    /// The defaults of PyTorch's layers.
    case pytorch
    /// Convolutions by Kaiming's normal rule over the fan-out.
    case torchvision
    /// As timm's constructors: of a ResNet torchvision's rule, with the last normalization of every
    /// block starting at zero.
    case timm

    /// Refuses another rule than the only one that a network has.
    ///
    /// - Parameters:
    ///   - given: what was asked for; nil for the network's own.
    ///   - network: as a message has it: `a BEiT`.
    static func check(
        _ given: Initialization?, against only: Initialization, of network: String
    ) throws(TorchError) {
        guard let given, given != only else { return }
        throw TorchError(
            operation: network.split(separator: " ").last.map(String.init) ?? network,
            message: "model.init \(given.rawValue) does not exist for \(network); known: "
                + only.rawValue)
    }
}

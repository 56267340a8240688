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

import Base
import Torch

/// A network that maps a batch of images to class logits, and can be trained.
package protocol ImageClassifier: AnyObject, InferenceModel {
    /// Every parameter and buffer, under the names of the reference implementation.
    var store: ParameterStore { get }

    /// The family, and which of it the network is.
    var architecture: Architecture { get }

    /// Parameters that take no weight decay although they have two or more dimensions.
    var undecayed: Set<String> { get }

    /// The fewest values per channel that an image brings to a normalization over the batch;
    /// `nil` for a network that has none.
    ///
    /// - Parameter imageSize: the side of the images, in pixels.
    func valuesPerChannel(imageSize: Int) -> Int?

    /// Computes class logits.
    ///
    /// - Parameter images: `[N, 3, H, W]`, normalized, on the store's device.
    /// - Returns: `[N, classes]`; float32, or the autocast type inside `withAutocast`.
    /// - Throws: `TorchError` if the images do not fit the network.
    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor
}

extension ImageClassifier {
    /// None: the network does not normalize over the batch.
    package func valuesPerChannel(imageSize: Int) -> Int? { nil }

    package var imageSize: Int? { architecture.imageSize }

    package func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        try logits(images, mode: .evaluation)
    }

    /// The parameters that have a row for each class.
    package var head: Set<String> { architecture.head }

    /// Leaves the first stages as they are: their parameters take no gradients any more.
    ///
    /// - Throws: `TorchError` for more stages than there are.
    package func freeze(stages: Int) throws(TorchError) {
        let all = architecture.stages
        guard stages <= all.count else {
            throw TorchError(
                operation: "freeze",
                message: "a \(architecture.kind) of \(all.count) stages has not \(stages) to freeze"
            )
        }
        for entry in store.parameters
        where all[..<stages].joined().contains(where: entry.name.hasPrefix) {
            try entry.tensor.setRequiresGrad(false)
        }
    }

    /// Whether weight decay and the trust ratio apply to a parameter: vectors (biases and the
    /// weights of norm layers) are exempt, as in timm's `param_groups_weight_decay`.
    package func decays(_ entry: ParameterStore.Entry) -> Bool {
        entry.tensor.rank > 1 && !undecayed.contains(entry.name)
    }
}

extension ImageClassifier {
    /// Overwrites all tensors from weights in any of the family's layouts.
    ///
    /// - Parameter origin: whose layout the weights have; nil where they are to tell it.
    /// - Returns: a line for each liberty taken, as `ParameterStore.load`.
    /// - Throws: `TorchError` if the weights are for another number of classes, or the family has no
    ///   layout of that origin, or as `ParameterStore.load`, saying what the weights look like if it
    ///   can be told; then no tensor was changed.
    package func load(
        _ file: any WeightsArchive, layout origin: WeightOrigin? = nil
    ) throws(TorchError) -> [String] {
        let layouts = try architecture.layouts(of: origin)
        if let found = architecture.trainedClasses(of: file, layouts), found != classes {
            throw TorchError(
                operation: "load",
                message: "\(file.path): the network has \(classes) classes, the weights \(found)")
        }
        return try store.load(
            file, layouts: layouts, resampling: architecture.resampled,
            likeness: { self.likeness(of: file) })
    }

    /// Takes weights to begin a training with: as `load`, but that a head for another number of classes
    /// is left, so that this network keeps the one that was drawn for it.
    package func begin(
        with file: any WeightsArchive, layout origin: WeightOrigin? = nil
    ) throws(TorchError) -> [String] {
        let layouts = try architecture.layouts(of: origin)
        guard let found = architecture.trainedClasses(of: file, layouts), found != classes else {
            return try load(file, layout: origin)
        }
        let notes = try store.load(
            file, layouts: layouts, keeping: architecture.head,
            resampling: architecture.resampled, likeness: { self.likeness(of: file) })
        let note =
            "\(file.path): its head for \(found) classes is left, and one for \(classes) drawn"
        return notes + [note.printable]
    }

    /// What weights that do not fit look like; nil if nobody knows, or if it is this network.
    private func likeness(of file: any WeightsArchive) -> String? {
        guard let likeness = WeightsLikeness(of: file),
            likeness.architecture?.fingerprintLine != architecture.fingerprintLine
        else { return nil }
        return likeness.description
    }
}

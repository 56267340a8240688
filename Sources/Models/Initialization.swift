import Torch

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
    ///   - article: of the name: `a`.
    ///   - name: the network's: `BEiT`.
    static func check(
        _ given: Initialization?, against only: Initialization, of article: String, _ name: String
    ) throws(TorchError) {
        guard let given, given != only else { return }
        throw TorchError(
            operation: name,
            message: "model.init \(given.rawValue) does not exist for \(article) \(name); known: "
                + only.rawValue)
    }
}

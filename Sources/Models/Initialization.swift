/// The library whose initial weights are followed.
package enum Initialization: String, Sendable, CaseIterable {
    /// The defaults of PyTorch's layers.
    case pytorch
    /// Convolutions by Kaiming's normal rule over the fan-out.
    case torchvision
    /// As torchvision, with the last normalisation of every block starting at zero.
    case timm
}

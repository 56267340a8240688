/// How a file stores weights.
package enum WeightsFormat: String, Sendable, CaseIterable {
    /// One safetensors file.
    case safetensors
    /// Files behind an index in JSON, as Hugging Face writes what is large.
    case shards
    /// A pickle and its storages in a zip archive, as `torch.save` has written since PyTorch 1.6.
    case pytorch
    /// Several pickles, then the storages, as `torch.save` wrote before.
    case legacyPytorch = "pytorch-legacy"

    /// The format in words.
    package var title: String {
        switch self {
        case .safetensors: "safetensors"
        case .shards: "several files behind an index"
        case .pytorch: "a zip archive of torch.save"
        case .legacyPytorch: "a pickle of torch.save before PyTorch 1.6"
        }
    }
}

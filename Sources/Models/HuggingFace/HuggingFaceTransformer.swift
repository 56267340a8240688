import Base

/// The dimensions that the `config.json` of every vision transformer has, under the same keys.
///
/// Source: transformers 4.57, `configuration_vit.py`, whose standards BEiT's and DeiT's share.
struct HuggingFaceTransformer {
    let imageSize: Int
    let patch: Int
    let width: Int
    let depth: Int
    let heads: Int
    let mlpRatio: Double

    /// - Parameter network: as a message has it: `a BEiT`.
    init(
        _ file: HuggingFaceConfiguration, of network: String
    ) throws(HuggingFaceProblem) {
        try file.require("hidden_act", is: "gelu")
        try file.requireNormEpsilon()
        guard try file.integer("num_channels", 3) == 3 else {
            throw HuggingFaceProblem("'num_channels' is not 3")
        }
        imageSize = try file.integer("image_size", 224)
        patch = try file.integer("patch_size", 16)
        width = try file.integer("hidden_size", 768)
        depth = try file.integer("num_hidden_layers", 12)
        heads = try file.integer("num_attention_heads", 12)
        let hidden = try file.integer("intermediate_size", 3072)
        mlpRatio = .ratio(of: hidden, to: width)
        let bounds = [
            (imageSize, Limits.sides), (patch, Limits.sides), (width, 1...65_536),
            (depth, 1...1000), (heads, 1...1024), (hidden, 1...(64 * 65_536)),
        ]
        guard bounds.allSatisfy({ $1.contains($0) }), (0...64).contains(mlpRatio) else {
            throw HuggingFaceProblem("\(network) of dimensions that are out of range")
        }
    }
}

import Torch

/// A network that this program does not have, known by names that all files of it hold.
struct ForeignNetwork {
    let name: String
    let owner: WeightOrigin
    /// The ends of names, of which a file has every one.
    let ends: [String]

    func looksLike(_ names: [String]) -> Bool {
        ends.allSatisfy { end in names.contains { $0 == end || $0.hasSuffix(".\(end)") } }
    }

    /// The more particular first. Weights are held against them that are of no network of a family:
    /// what has the names of one is of another kind of it.
    static let all = [
        ForeignNetwork(
            name: "a Swin transformer", owner: .timm,
            ends: ["layers.0.blocks.0.attn.relative_position_bias_table"]),
        ForeignNetwork(
            name: "a Swin transformer", owner: .torchvision,
            ends: ["features.1.0.attn.relative_position_bias_table"]),
        ForeignNetwork(
            name: "a Swin transformer", owner: .huggingface,
            ends: [
                "encoder.layers.0.blocks.0.attention.self.relative_position_bias_table"
            ]),
        ForeignNetwork(
            name: "a transformer of another kind", owner: .timm,
            ends: ["patch_embed.proj.weight", "blocks.0.attn.qkv.weight"]),
        ForeignNetwork(
            name: "a transformer of another kind", owner: .huggingface,
            ends: ["embeddings.patch_embeddings.projection.weight"]),
        ForeignNetwork(
            name: "a ConvNeXt V2", owner: .timm, ends: ["stages.0.blocks.0.mlp.grn.weight"]),
        ForeignNetwork(
            name: "a ConvNeXt V2", owner: .huggingface,
            ends: ["encoder.stages.0.layers.0.grn.weight"]),
        ForeignNetwork(
            name: "an EfficientNet or MobileNet", owner: .timm,
            ends: ["conv_stem.weight", "blocks.0.0.conv_dw.weight"]),
        ForeignNetwork(
            name: "an EfficientNet", owner: .torchvision,
            ends: ["features.0.0.weight", "features.1.0.block.0.0.weight"]),
        ForeignNetwork(
            name: "a MobileNetV2", owner: .torchvision,
            ends: ["features.0.0.weight", "features.1.conv.0.0.weight"]),
        ForeignNetwork(
            name: "a ResNet of another kind", owner: .torchvision,
            ends: ["conv1.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight"]),
        ForeignNetwork(
            name: "a ResNet of another kind", owner: .timm,
            ends: ["conv1.0.weight", "layer1.0.conv1.weight"]),
    ]
}

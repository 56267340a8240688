import Torch

/// A network that this program does not have, known by names that all files of it hold.
struct ForeignNetwork {
    let name: String
    let owner: WeightOrigin
    /// The ends of names, of which a file has every one.
    let ends: [String]
    /// The end of the name of a tensor whose last length is the width by which sizes are called.
    var width: String?

    /// The network's name with its size, where its width is one that has a name.
    func name(in weights: any WeightsArchive) -> String {
        guard let width,
            let tensor = weights.names.first(where: { $0 == width || $0.hasSuffix(".\(width)") }),
            let found = weights.info(tensor)?.shape.last, let size = Self.sizes[found]
        else { return name }
        return "\(name)-\(size)"
    }

    private static let sizes = [
        192: "Tiny", 384: "Small", 768: "Base", 1024: "Large", 1280: "Huge",
    ]

    func looksLike(_ names: [String]) -> Bool {
        ends.allSatisfy { end in names.contains { $0 == end || $0.hasSuffix(".\(end)") } }
    }

    /// The more particular first.
    static let all = [
        ForeignNetwork(
            name: "a Swin transformer", owner: .timm,
            ends: ["layers.0.blocks.0.attn.relative_position_bias_table"]),
        ForeignNetwork(
            name: "a Swin transformer", owner: .huggingface,
            ends: [
                "encoder.layers.0.blocks.0.attention.self.relative_position_bias_table"
            ]),
        ForeignNetwork(
            name: "a distilled DeiT", owner: .timm,
            ends: ["dist_token", "pos_embed", "blocks.0.attn.qkv.weight"], width: "dist_token"),
        ForeignNetwork(
            name: "a ViT", owner: .timm, ends: ["pos_embed", "blocks.0.attn.qkv.weight"],
            width: "pos_embed"),
        ForeignNetwork(
            name: "a ViT", owner: .torchvision,
            ends: ["encoder.pos_embedding", "class_token"], width: "class_token"),
        ForeignNetwork(
            name: "a distilled DeiT", owner: .huggingface,
            ends: ["embeddings.distillation_token", "embeddings.position_embeddings"],
            width: "embeddings.distillation_token"),
        ForeignNetwork(
            name: "a ViT", owner: .huggingface,
            ends: [
                "embeddings.position_embeddings",
                "encoder.layer.0.attention.attention.query.weight",
            ], width: "embeddings.position_embeddings"),
        ForeignNetwork(
            name: "a ConvNeXt", owner: .timm,
            ends: ["stages.0.blocks.0.conv_dw.weight", "stem.0.weight"]),
        ForeignNetwork(
            name: "a ConvNeXt", owner: .torchvision,
            ends: ["features.1.0.layer_scale", "classifier.2.weight"]),
        ForeignNetwork(
            name: "a ConvNeXt", owner: .huggingface,
            ends: ["encoder.stages.0.layers.0.dwconv.weight"]),
        ForeignNetwork(
            name: "an EfficientNet or MobileNet", owner: .timm,
            ends: ["conv_stem.weight", "blocks.0.0.conv_dw.weight"]),
        ForeignNetwork(
            name: "an EfficientNet or MobileNet", owner: .torchvision,
            ends: ["features.0.0.weight", "features.1.block.0.0.weight"]),
        ForeignNetwork(
            name: "a ResNeXt, a wide or another ResNet", owner: .torchvision,
            ends: ["conv1.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight"]),
        ForeignNetwork(
            name: "a ResNet with a deep stem", owner: .timm,
            ends: ["conv1.0.weight", "layer1.0.conv1.weight"]),
    ]
}

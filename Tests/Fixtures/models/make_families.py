#!/usr/bin/env python3
"""Writes families.json and published_states.txt: the families' networks as their libraries make them.

Made with torch 2.11.0, torchvision 0.26.0, timm 1.0.31, and for the layouts transformers 4.57.1 and
efficientnet_lite_pytorch 0.1.0 (CPU). Run it in a Python that has them:

    python3 Tests/Fixtures/models/make_families.py
    python3 Tests/Fixtures/models/make_families.py --memory     with transformers 5.24.0

families.json
    cases      [{name, kind, architecture: a card's section in one line, classes, layout, gain,
               results: [{input shape, logits}], float32_error}]: small networks in eval mode, filled by
               make_fixtures.py's formula under the names of the library whose layout it is
    resized    [{from, to, input shape, logits}]: the network of case `to` with the weights of case
               `from`, made to fit it by timm
    gradients  {name: {loss, gradients, running}} of some of them in train mode, as make_fixtures.py has
               them: loss = mean(logits^2)
    resampled  tensors as timm resamples them: {name, shape, side, prefix, to, values}
published_states.txt
    the tensors of each published network, by size: "= NAME PARAMETERS", then for each tensor
    "NAME SHAPE", where [a-b] in a name stands for each of these numbers; num_batches_tracked is left
    out
transformers_5.txt
    in the same form the names that transformers 5 has in memory of the cases of Hugging Face's layout;
    its files have those of transformers 4
"""

import json
import pathlib
import re
import sys

import timm
import torch
import torchvision
from make_fixtures import fill, filled, gradients, logits
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table
from timm.models import beit, convnext, deit, efficientnet, resnet, vision_transformer
from torchvision.models import convnext as tv_convnext
from torchvision.models import mobilenetv3, resnet as tv_resnet
from torchvision.models import vision_transformer as tv_vit

FOLDER = pathlib.Path(__file__).resolve().parent


# ---- Small networks


def small_vit(cls=vision_transformer.VisionTransformer, **options):
    base = dict(patch_size=8, embed_dim=36, depth=2, num_heads=3, num_classes=7)
    return lambda size: cls(img_size=size, **base | options)


def small_beit(**options):
    base = dict(
        patch_size=8, embed_dim=36, depth=2, num_heads=3, num_classes=7, init_values=0.1,
        use_abs_pos_emb=False)
    return lambda size: beit.Beit(img_size=size, **base | options)


def small_resnet(**options):
    base = dict(block=resnet.Bottleneck, layers=(1, 2, 1, 1), num_classes=7)
    return lambda: resnet.ResNet(**base | options)


def small_lite(width, depth):
    return lambda: efficientnet._gen_efficientnet_lite(
        "tf_efficientnet_lite0", width, depth, pretrained=False, num_classes=7,
        bn_eps=1e-3, pad_type="same")


def small_mobilenet(size, width):
    def make():
        setting, last = mobilenetv3._mobilenet_v3_conf(f"mobilenet_v3_{size}", width_mult=width)
        return mobilenetv3.MobileNetV3(setting, last, num_classes=7, dropout=0)
    return make


def small_convnext():
    return convnext.ConvNeXt(
        num_classes=7, depths=(1, 2, 1, 1), dims=(8, 16, 24, 32), ls_init_value=1e-6)


def torchvision_convnext():
    config = tv_convnext.CNBlockConfig
    return tv_convnext.ConvNeXt(
        [config(8, 16, 1), config(16, 24, 2), config(24, 32, 1), config(32, None, 1)],
        num_classes=7)


def torchvision_vit(size):
    return tv_vit.VisionTransformer(
        image_size=size, patch_size=8, num_layers=2, num_heads=3, hidden_dim=36, mlp_dim=144,
        num_classes=7)


def lite_pytorch():
    from efficientnet_lite_pytorch import EfficientNet
    network = EfficientNet.from_name("efficientnet-lite0")
    network._fc = torch.nn.Linear(network._fc.in_features, 7)
    return network


def hugging_face(kind):
    import transformers

    from make_huggingface import Logits
    base = dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=144,
                patch_size=8, num_labels=7, layer_norm_eps=1e-6)
    if kind == "convnext":
        config = transformers.ConvNextConfig(
            depths=[1, 2, 1, 1], hidden_sizes=[8, 16, 24, 32], num_labels=7, layer_norm_eps=1e-6)
        return lambda: Logits(transformers.ConvNextForImageClassification(config))
    if kind == "beit":
        base |= dict(use_shared_relative_position_bias=True, use_relative_position_bias=False)
    config, network = {
        "vit": (transformers.ViTConfig, transformers.ViTForImageClassification),
        "deit": (transformers.DeiTConfig, transformers.DeiTForImageClassificationWithTeacher),
        "beit": (transformers.BeitConfig, transformers.BeitForImageClassification),
    }[kind]
    return lambda size: Logits(network(config(**base, image_size=size)))


DIMENSIONS = "image_size: 24, patch: 8, width: 36, depth: 2, heads: 3"
BEIT = DIMENSIONS + ", mlp_ratio: 4, layer_scale: 0.1"
CONVNEXT = "depths: [1, 2, 1, 1], widths: [8, 16, 24, 32]"
ODD = [[2, 3, 65, 49], [3, 3, 32, 37]]

# name, family, architecture at 24 pixels, network of a side, layout
TRANSFORMERS = [
    ("vit", "vit", DIMENSIONS, small_vit(), "timm"),
    ("vit-mean", "vit", DIMENSIONS + ", pool: mean, qkv_bias: false",
     small_vit(global_pool="avg", qkv_bias=False), "timm"),
    ("vit-normed-mean", "vit", DIMENSIONS + ", pool: normed_mean, pre_norm: true, mlp_ratio: 2.5",
     small_vit(global_pool="avg", fc_norm=False, pre_norm=True, mlp_ratio=2.5), "timm"),
    ("deit-distilled", "vit", DIMENSIONS + ", distilled: true",
     small_vit(deit.VisionTransformerDistilled), "timm"),
    ("deit3", "vit", DIMENSIONS + ", layer_scale: 1.0e-6, token_positions: false",
     small_vit(init_values=1e-6, no_embed_class=True), "timm"),
    ("vit-torchvision", "vit", DIMENSIONS, torchvision_vit, "torchvision"),
    ("vit-huggingface", "vit", DIMENSIONS, hugging_face("vit"), "huggingface"),
    ("deit-huggingface", "vit", DIMENSIONS + ", distilled: true", hugging_face("deit"),
     "huggingface"),
    ("beit", "beit", BEIT, small_beit(use_rel_pos_bias=True), "timm"),
    ("beit-shared", "beit", BEIT + ", position_bias: shared",
     small_beit(use_shared_rel_pos_bias=True), "timm"),
    ("beit-shared-huggingface", "beit", BEIT + ", position_bias: shared", hugging_face("beit"),
     "huggingface"),
]

# How timm makes the weights of one size fit another, for each whose class has a way.
RESIZING = {
    "vit": vision_transformer.checkpoint_filter_fn,
    "deit-distilled": vision_transformer.checkpoint_filter_fn,
    "deit3": vision_transformer.checkpoint_filter_fn,
    "beit": beit.checkpoint_filter_fn,
    "beit-shared": beit.checkpoint_filter_fn,
}


def at(size, name, kind, architecture, make, layout):
    """A transformer as a case."""
    return (name if size == 24 else f"{name}-at-{size}", kind,
            architecture.replace("image_size: 24", f"image_size: {size}"), lambda: make(size),
            [[2, 3, size, size]], layout)


# name, family, architecture, network, input shapes, layout
CASES = [at(size, *network) for network in TRANSFORMERS for size in (24, 40)] + [
    ("resnext", "resnet", "depth: [1, 2, 1, 1], groups: 4, group_width: 8",
     lambda: tv_resnet.ResNet(tv_resnet.Bottleneck, [1, 2, 1, 1], 7, groups=4, width_per_group=8),
     ODD, "torchvision"),
    ("wide-resnet", "resnet", "depth: [1, 1, 1, 1], group_width: 96",
     lambda: tv_resnet.ResNet(tv_resnet.Bottleneck, [1, 1, 1, 1], 7, width_per_group=96), ODD,
     "torchvision"),
    ("resnet-basic", "resnet", "depth: [1, 2, 1, 1], block: basic",
     lambda: tv_resnet.ResNet(tv_resnet.BasicBlock, [1, 2, 1, 1], 7), ODD, "torchvision"),
    ("resnet-d", "resnet", "depth: [1, 2, 1, 1], stem: deep, downsample: average_pool",
     small_resnet(stem_width=32, stem_type="deep", avg_down=True), ODD, "timm"),
    ("lite0", "efficientnet_lite", "width: 1, depth: 1", small_lite(1.0, 1.0),
     [[2, 3, 64, 96], [2, 3, 65, 49]], "timm"),
    ("lite-small", "efficientnet_lite", "width: 0.35, depth: 1.3", small_lite(0.35, 1.3), ODD,
     "timm"),
    ("lite0-pytorch", "efficientnet_lite", "width: 1, depth: 1", lite_pytorch, [[2, 3, 224, 224]],
     "efficientnet-lite-pytorch"),
    ("mobilenet-small", "mobilenet_v3", "size: small, width: 0.4", small_mobilenet("small", 0.4), ODD,
     "torchvision"),
    ("mobilenet-large", "mobilenet_v3", "size: large, width: 0.3", small_mobilenet("large", 0.3), ODD,
     "torchvision"),
    ("convnext", "convnext", CONVNEXT, small_convnext, ODD, "timm"),
    ("convnext-torchvision", "convnext", CONVNEXT, torchvision_convnext, ODD, "torchvision"),
    ("convnext-huggingface", "convnext", CONVNEXT, hugging_face("convnext"), ODD, "huggingface"),
]

# What normalizations amplify, where at 1 the images would be lost among biases: the more layers,
# the less it takes. Activations of an EfficientNet-Lite reach the cap of ReLU6 by it.
GAINS = {
    "lite0": 1.3, "lite-small": 1.3, "lite0-pytorch": 1.3, "mobilenet-small": 1.55,
    "mobilenet-large": 1.35,
}

# name: tensors whose gradients are kept, normalizations whose statistics are
GRADIENTS = {
    "deit-distilled": (
        ["cls_token", "dist_token", "pos_embed", "blocks.0.attn.qkv.bias", "head_dist.weight"], []),
    "deit3": (["pos_embed", "blocks.0.ls1.gamma", "patch_embed.proj.weight", "norm.weight"], []),
    "beit-shared": (
        ["rel_pos_bias.relative_position_bias_table", "blocks.1.attn.v_bias", "cls_token"], []),
    "resnext": (["conv1.weight", "layer2.0.conv2.weight", "fc.bias"], ["layer2.0.bn2"]),
    "resnet-d": (["conv1.3.weight", "layer3.0.downsample.1.weight"], ["conv1.4", "layer4.0.bn3"]),
    "lite-small": (
        ["conv_stem.weight", "blocks.2.1.conv_dw.weight", "conv_head.weight"], ["blocks.0.0.bn1"]),
    "mobilenet-small": (
        ["features.0.0.weight", "features.4.block.2.fc1.weight", "classifier.0.bias"],
        ["features.1.block.0.1"]),
    "mobilenet-large": (
        ["features.0.0.weight", "features.1.block.0.0.weight", "features.5.block.2.fc2.bias",
         "features.16.1.weight"], ["features.1.block.0.1", "features.15.block.1.1"]),
    "convnext": (
        ["stem.0.bias", "stages.1.blocks.1.gamma", "stages.2.downsample.1.weight"], []),
}


# ---- Published sizes


def published():
    """name: how it is made; on the meta device, so that no weight is drawn."""
    timms = [
        "beit_base_patch16_384", "beit_large_patch16_384", "beit_large_patch16_512",
        "beitv2_base_patch16_224", "beitv2_large_patch16_224",
    ]
    timms += [n for n in timm.list_models(["deit*", "vit_*_patch*"])
              if re.fullmatch(r"deit3?_(tiny|small|medium|base|large)_(distilled_)?patch16_\d+"
                              r"|vit_(tiny|small|base|large)_patch(8|16|32)_(224|384)", n)]
    timms += [f"resnet{n}d" for n in (18, 26, 34, 50, 101, 152, 200)]
    timms += [f"tf_efficientnet_lite{n}" for n in range(5)]
    timms += [f"convnext_{n}" for n in ("tiny", "small", "base", "large", "xlarge")]
    makers = {name: lambda name=name: timm.create_model(name, num_classes=1000) for name in timms}
    for name in ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2",
                 "wide_resnet101_2", "mobilenet_v3_small", "mobilenet_v3_large"):
        makers[name] = getattr(torchvision.models, name)
    for name in ("vit_large_patch32_224", "vit_small_patch8_224"):
        del makers[name]  # no weights of 1000 classes
    return makers


def folded(rows):
    """Rows of one shape whose names differ in the first number alone, as one row."""
    groups = {}
    for name, shape in rows:
        match = re.search(r"(?<=\.)\d+(?=\.)|(?<=layer)\d+", name)
        # The last number but those at the end, so that blocks of a stage fold.
        numbers = list(re.finditer(r"(?<=\.)\d+(?=\.)", name))
        match = numbers[-1] if numbers else match
        for number in numbers:
            if re.search(r"(blocks|layer\d|features|_blocks|layers|stages\.\d+\.blocks)\.$",
                         name[:number.start()]):
                match = number
        if match is None:
            groups[(name, "", shape)] = None
        else:
            key = (name[:match.start()], name[match.end():], shape)
            groups.setdefault(key, []).append(int(match[0]))
    for (head, tail, shape), numbers in groups.items():
        if numbers is None:
            yield head, shape
            continue
        start = 0
        for i in range(1, len(numbers) + 1):
            if i == len(numbers) or numbers[i] != numbers[i - 1] + 1:
                first, last = numbers[start], numbers[i - 1]
                middle = str(first) if first == last else f"[{first}-{last}]"
                yield head + middle + tail, shape
                start = i


# ---- Resampling


def table(name, *shape):
    return filled(name, shape)


def resampled():
    rows = []
    for found, side in [(3, 5), (14, 9), (7, 12)]:
        name = "a.relative_position_bias_table"
        size = (2 * found - 1) ** 2 + 3
        new = (2 * side - 1) ** 2 + 3
        values = resize_rel_pos_bias_table(table(name, size, 2), (side, side), (new, 2))
        # The corners, the middle and the class token's rows tell all.
        picks = sorted({0, 1, new // 3, new // 2, new - 5, new - 4, new - 3, new - 2, new - 1})
        rows.append({"name": name, "shape": [size, 2], "side": side, "prefix": 0,
                     "to": list(values.shape), "sum": values.double().sum().item(),
                     "rows": [[i, *values[i].tolist()] for i in picks]})
    for found, side, prefix in [(3, 5, 1), (6, 4, 2), (4, 7, 0)]:
        name = "pos_embed"
        values = resample_abs_pos_embed(
            table(name, 1, found * found + prefix, 3), [side, side], num_prefix_tokens=prefix)
        rows.append({"name": name, "shape": [1, found * found + prefix, 3], "side": side,
                     "prefix": prefix, "to": list(values.shape), "sum": values.double().sum().item(),
                     "rows": [[i, *values[0, i].tolist()]
                              for i in sorted({0, 1, 2, values.shape[1] // 2, values.shape[1] - 1})]})
    return rows


def resized():
    rows = []
    for name, kind, architecture, make, layout in TRANSFORMERS:
        if name not in RESIZING:
            continue
        state = RESIZING[name](fill(make(24)).state_dict(), make(40))
        network = make(40)
        network.load_state_dict(state)
        shape = [2, 3, 40, 40]
        with torch.no_grad():
            found = network.double().eval()(filled("input", tuple(shape)).double())
        rows.append({"from": name, "to": f"{name}-at-40", "input": shape, "logits": found.tolist()})
    return rows


def rounded(value):
    """Ten digits are four more than float32 has."""
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def memory_names() -> None:
    lines = []
    for name, _, _, make, _, layout in CASES:
        if layout == "huggingface" and "-at-" not in name:
            state = make().state_dict()
            rows = [(key, "x".join(map(str, tensor.shape))) for key, tensor in state.items()]
            count = sum(tensor.numel() for tensor in state.values())
            lines += [f"= {name} {count}"] + [f"{key} {shape}" for key, shape in folded(rows)]
    (FOLDER / "transformers_5.txt").write_text("\n".join(lines) + "\n")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    cases, steps = [], {}
    for name, kind, architecture, make, shapes, layout in CASES:
        gain = GAINS.get(name, 1)
        results = [logits(make, shape, gain) for shape in shapes]
        cases.append({
            "name": name, "kind": kind, "architecture": "{" + architecture + "}", "classes": 7,
            "layout": layout, "gain": gain,
            "results": [{"input": r["input"], "logits": r["logits"]} for r in results],
            "float32_error": max(r["float32_error"] for r in results),
        })
        print(name, cases[-1]["float32_error"], results[0]["logits"][0][:3], flush=True)
        if name in GRADIENTS:
            tensors, norms = GRADIENTS[name]
            # Without a forward of another size before it: statistics move.
            steps[name] = gradients(make, shapes[0], tensors, norms, gain)
            print("  loss", steps[name]["loss"], steps[name]["norm_float32_relative_error"])
    tables = resampled()

    lines = []
    with torch.device("meta"):
        for name, make in published().items():
            network = make()
            rows = [(key, "x".join(map(str, tensor.shape)))
                    for key, tensor in network.state_dict().items()
                    if not key.endswith("num_batches_tracked")]
            count = sum(p.numel() for p in network.parameters())
            lines += [f"= {name} {count}"] + [f"{key} {shape}" for key, shape in folded(rows)]
            print(name, count, len(rows), flush=True)
    body = ",\n".join(json.dumps(rounded(case)) for case in cases)
    (FOLDER / "families.json").write_text(
        '{"cases": [\n' + body + '],\n"gradients": ' + json.dumps(rounded(steps)) +
        ',\n"resized": [\n' + ",\n".join(json.dumps(rounded(row)) for row in resized()) +
        '],\n"resampled": [\n' + ",\n".join(json.dumps(rounded(row)) for row in tables) + "]}\n")
    (FOLDER / "published_states.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    memory_names() if "--memory" in sys.argv else main()

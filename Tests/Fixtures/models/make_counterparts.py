#!/usr/bin/env python3
"""Writes counterparts.json: our networks as other libraries' own constructors make them.

Made with torch 2.11.0, torchvision 0.26.0, timm 1.0.31 and transformers 4.57.1 (CPU). Run it in a
Python that has them, after make_families.py and make_layouts.py:

    python3 Tests/Fixtures/models/make_counterparts.py

    [{kind, architecture: a card's section in one line, library, name and arguments of what makes it
      there (as an export writes them, as text), tensors: "NAME SHAPE" in published_states.txt's form,
      which has those of names alone in the network's own layout; here they are null}]

Where families.json has the same network in the same layout, what is made here must answer as it does
there: so arguments that no tensor shows are proven, too. What SuperGradients makes is taken from
layouts.json.
"""

import json
import pathlib

import timm
import torch
import torchvision
import transformers
from make_families import BEIT, CONVNEXT, DIMENSIONS, folded
from make_fixtures import logits
from make_huggingface import Logits

FOLDER = pathlib.Path(__file__).resolve().parent
CLASSES = 7
BASE = "image_size: 224, patch: 16, width: 768, depth: 12, heads: 12"
LARGE = "image_size: 384, patch: 32, width: 1024, depth: 24, heads: 16"
HUGE = "image_size: 224, patch: 14, width: 1280, depth: 32, heads: 16"

VIT = dict(
    img_size=24, patch_size=8, embed_dim=36, depth=2, num_heads=3, mlp_ratio=4.0, qkv_bias=True,
    pre_norm=False, init_values=None, no_embed_class=False, global_pool="token", fc_norm=False)
TIMM_BEIT = dict(
    img_size=24, patch_size=8, embed_dim=36, depth=2, num_heads=3, mlp_ratio=4.0, init_values=0.1,
    use_rel_pos_bias=True, use_shared_rel_pos_bias=False)
TIMM_RESNET = dict(
    layers=[1, 2, 1, 1], cardinality=1, base_width=64, stem_width=64, stem_type="", avg_down=False)


# The second version's: in SuperGradients it is the first's with other weights.
BEIT_BASE = BASE + ", mlp_ratio: 4, layer_scale: 1.0e-5"


def transformer(kind, **options):
    base = dict(
        model_type=kind, image_size=24, patch_size=8, num_channels=3, hidden_size=36,
        num_hidden_layers=2, num_attention_heads=3, intermediate_size=144, hidden_act="gelu",
        layer_norm_eps=1e-6, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    own = dict(qkv_bias=True) if kind != "beit" else dict(
        layer_scale_init_value=0.1, use_relative_position_bias=True,
        use_shared_relative_position_bias=False, use_absolute_position_embeddings=False,
        use_mask_token=False, use_mean_pooling=True, drop_path_rate=0.0)
    return base | own | options


def resnet(depths, widths, kind):
    return dict(
        model_type="resnet", num_channels=3, embedding_size=64, hidden_sizes=widths, depths=depths,
        layer_type=kind, hidden_act="relu", downsample_in_first_stage=False,
        downsample_in_bottleneck=False)


def convnext(depths, widths):
    return dict(
        model_type="convnext", image_size=224, patch_size=4, num_channels=3, num_stages=4,
        depths=depths, hidden_sizes=widths, hidden_act="gelu", layer_norm_eps=1e-6,
        layer_scale_init_value=1e-6, drop_path_rate=0.0)


VIT_CLASS, DEIT_CLASS = "ViTForImageClassification", "DeiTForImageClassificationWithTeacher"
WIDTHS = [64, 128, 256, 512]

# Whose names the networks have.
OWN = {
    "vit": ["timm"], "beit": ["timm"], "resnet": ["timm", "torchvision"],
    "efficientnet_lite": ["timm"], "mobilenet_v3": ["torchvision"], "convnext": ["timm"]}

# family, architecture, library, name, arguments
CASES = [
    ("vit", BASE, "timm", "vit_base_patch16_224", {}),
    ("vit", BASE, "torchvision", "vit_b_16", {}),
    ("vit", LARGE, "timm", "vit_large_patch32_384", {}),
    ("vit", LARGE, "torchvision", "vit_l_32", dict(image_size=384)),
    ("vit", HUGE, "torchvision", "vit_h_14", {}),
    ("vit", DIMENSIONS, "timm", "vit_base_patch16_224", VIT),
    ("vit", DIMENSIONS, "huggingface", VIT_CLASS, transformer("vit")),
    ("vit", DIMENSIONS + ", qkv_bias: false", "huggingface", VIT_CLASS,
     transformer("vit", qkv_bias=False)),
    ("vit", DIMENSIONS + ", pool: mean, qkv_bias: false", "timm", "vit_base_patch16_224",
     VIT | dict(global_pool="avg", fc_norm=True, qkv_bias=False)),
    ("vit", DIMENSIONS + ", pool: normed_mean, pre_norm: true, mlp_ratio: 2.5", "timm",
     "vit_base_patch16_224", VIT | dict(global_pool="avg", pre_norm=True, mlp_ratio=2.5)),
    ("vit", DIMENSIONS + ", distilled: true", "timm", "deit_base_distilled_patch16_224", VIT),
    ("vit", DIMENSIONS + ", distilled: true", "huggingface", DEIT_CLASS, transformer("deit")),
    ("vit", DIMENSIONS + ", layer_scale: 1.0e-6, token_positions: false", "timm",
     "vit_base_patch16_224", VIT | dict(init_values=1e-6, no_embed_class=True)),
    ("vit", BASE + ", layer_scale: 1.0e-6, token_positions: false", "timm",
     "deit3_base_patch16_224", {}),
    ("beit", BEIT.replace("24", "40"), "timm", "beit_base_patch16_224",
     TIMM_BEIT | dict(img_size=40)),
    ("beit", BEIT + ", position_bias: shared", "timm", "beit_base_patch16_224",
     TIMM_BEIT | dict(use_rel_pos_bias=False, use_shared_rel_pos_bias=True)),
    ("beit", BEIT, "huggingface", "BeitForImageClassification", transformer("beit")),
    ("beit", BEIT + ", position_bias: shared", "huggingface", "BeitForImageClassification",
     transformer("beit", use_relative_position_bias=False, use_shared_relative_position_bias=True)),
    ("beit", BEIT_BASE, "supergradients", "beit_base_patch16_224", {}),
    ("resnet", "depth: 50, groups: 32, group_width: 4", "torchvision", "resnext50_32x4d", {}),
    ("resnet", "depth: 50, groups: 32, group_width: 4", "timm", "resnext50_32x4d", {}),
    ("resnet", "depth: 50, group_width: 128", "torchvision", "wide_resnet50_2", {}),
    ("resnet", "depth: 50, group_width: 128", "timm", "wide_resnet50_2", {}),
    ("resnet", "depth: 50, stem: deep, downsample: average_pool", "timm", "resnet50d", {}),
    ("resnet", "depth: [1, 2, 1, 1], groups: 4, group_width: 8", "timm", "resnet50",
     TIMM_RESNET | dict(cardinality=4, base_width=8)),
    ("resnet", "depth: [1, 2, 1, 1], block: basic", "timm", "resnet18", TIMM_RESNET),
    ("resnet", "depth: [1, 2, 1, 1], block: basic", "huggingface", "ResNetForImageClassification",
     resnet([1, 2, 1, 1], WIDTHS, "basic")),
    ("resnet", "depth: [1, 2, 1, 1]", "huggingface", "ResNetForImageClassification",
     resnet([1, 2, 1, 1], [4 * width for width in WIDTHS], "bottleneck")),
    ("resnet", "depth: [1, 2, 1, 1], stem: deep, downsample: average_pool", "timm", "resnet50",
     TIMM_RESNET | dict(stem_width=32, stem_type="deep", avg_down=True)),
    ("resnet", "depth: [1, 2, 1, 1], downsample: average_pool", "timm", "resnet50",
     TIMM_RESNET | dict(avg_down=True)),
    ("efficientnet_lite", "width: 1, depth: 1", "timm", "tf_efficientnet_lite0", {}),
    ("mobilenet_v3", "size: small, width: 0.4", "torchvision", "mobilenet_v3_small",
     dict(width_mult=0.4)),
    ("mobilenet_v3", "size: large, width: 0.3", "torchvision", "mobilenet_v3_large",
     dict(width_mult=0.3)),
    ("mobilenet_v3", "size: large", "torchvision", "mobilenet_v3_large", {}),
    ("convnext", "depths: [3, 3, 9, 3], widths: [96, 192, 384, 768]", "timm", "convnext_tiny", {}),
    ("convnext", "depths: [3, 3, 9, 3], widths: [96, 192, 384, 768]", "torchvision",
     "convnext_tiny", {}),
    ("convnext", CONVNEXT, "timm", "convnext_tiny",
     dict(depths=[1, 2, 1, 1], dims=[8, 16, 24, 32])),
    ("convnext", CONVNEXT, "huggingface", "ConvNextForImageClassification",
     convnext([1, 2, 1, 1], [8, 16, 24, 32])),
]


def make(library, name, arguments):
    if library == "timm":
        return timm.create_model(name, num_classes=CLASSES, **arguments)
    if library == "torchvision":
        return torchvision.models.get_model(name, num_classes=CLASSES, **arguments)
    rest = {key: value for key, value in arguments.items() if key != "model_type"}
    standard = transformers.AutoConfig.for_model(arguments["model_type"])
    # A configuration takes whatever it is given, and forgets what it does not know.
    unknown = [key for key in rest if not hasattr(standard, key)]
    assert not unknown, unknown
    config = transformers.AutoConfig.for_model(
        arguments["model_type"], num_labels=CLASSES, **rest)
    return Logits(getattr(transformers, name)(config))


def shapes(library, name, arguments):
    """Names and shapes, "AxB", of a state dict but for the counters of batches."""
    if library == "supergradients":
        names = json.loads((FOLDER / "layouts.json").read_text())["names"][library][name]
        rows = [(key, [CLASSES] + shape[1:] if key.startswith("head.") else shape)
                for key, shape in names]
    else:
        with torch.device("meta"):
            rows = make(library, name, arguments).state_dict()
            rows = [(key, tensor.shape) for key, tensor in rows.items()]
    return [(key, "x".join(map(str, shape))) for key, shape in rows
            if not key.endswith("num_batches_tracked")]


def main() -> None:
    torch.set_num_threads(1)
    families = json.loads((FOLDER / "families.json").read_text())["cases"]
    proven = {(c["kind"], c["architecture"], c["layout"]): c for c in families}
    rows, answers = [], 0
    for kind, architecture, library, name, arguments in CASES:
        section = "{" + architecture + "}"
        tensors = shapes(library, name, arguments)
        is_known = not arguments and library in OWN[kind]
        rows.append({
            "kind": kind, "architecture": section, "library": library, "name": name,
            "arguments": json.dumps(arguments),
            "tensors": None if is_known else [f"{key} {shape}" for key, shape in folded(tensors)],
        })
        case = proven.get((kind, section, library), {"results": []})
        for expected in case["results"]:
            ours = logits(
                lambda: make(library, name, arguments), expected["input"], case["gain"])["logits"]
            worst = (torch.tensor(ours) - torch.tensor(expected["logits"])).abs().max().item()
            assert worst < 1e-6, f"{name} {section}: {worst}"
            answers += 1
        print(library, name, section, len(tensors), flush=True)
    (FOLDER / "counterparts.json").write_text(
        "[\n" + ",\n".join(json.dumps(row) for row in rows) + "]\n")
    print(answers, "answers are those of families.json")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes preprocessing.json: how the published weights of each name are evaluated.

Made with timm 1.0.31 and torchvision 0.26.0. Run it in a Python that has them:

    python3 Tests/Fixtures/models/make_preprocessing.py

For timm's names it is the `pretrained_cfg` of the name's default weights. timm resizes the short side
to floor(size / crop_pct). For torchvision's it is the `transforms` of its IMAGENET1K_V1 weights.
"""

import json
import math
import pathlib
import re

import timm
import torchvision.models as models
from timm.data import resolve_data_config

TIMM = [
    "beit_base_patch16_224", "beit_base_patch16_384", "beit_large_patch16_224",
    "beit_large_patch16_384", "beit_large_patch16_512", "beitv2_base_patch16_224",
    "beitv2_large_patch16_224",
]
TIMM += [n for n in timm.list_models(["deit*", "vit_*_patch*"])
         if re.fullmatch(r"deit3?_(tiny|small|medium|base|large)_(distilled_)?patch16_\d+"
                         r"|vit_(tiny|small|base|large)_patch(8|16|32)_(224|384)", n)
         and timm.get_pretrained_cfg(n).num_classes == 1000]
TIMM += [f"resnet{n}d" for n in (18, 26, 34, 50, 101, 152, 200)]
TIMM += [f"tf_efficientnet_lite{n}" for n in range(5)]
TIMM += [f"convnext_{n}" for n in ("tiny", "small", "base", "large", "xlarge")]
TORCHVISION = {f"resnet{n}": f"ResNet{n}" for n in (18, 34, 50, 101, 152)} | {
    "resnext50_32x4d": "ResNeXt50_32X4D", "resnext101_32x8d": "ResNeXt101_32X8D",
    "resnext101_64x4d": "ResNeXt101_64X4D", "wide_resnet50_2": "Wide_ResNet50_2",
    "wide_resnet101_2": "Wide_ResNet101_2", "mobilenet_v3_small": "MobileNet_V3_Small",
    "mobilenet_v3_large": "MobileNet_V3_Large",
}

preprocessing = {}
for name in TIMM:
    cfg = timm.get_pretrained_cfg(name)
    config = resolve_data_config(pretrained_cfg=cfg.to_dict())
    assert config["crop_mode"] == "center", config
    preprocessing[name] = {
        "weights": f"timm/{name}.{cfg.tag}",
        "size": config["input_size"][-1],
        "resize": math.floor(config["input_size"][-1] / config["crop_pct"]),
        "crop_pct": config["crop_pct"],
        "interpolation": config["interpolation"],
        "mean": config["mean"],
        "std": config["std"],
    }
for name, title in TORCHVISION.items():
    weights = getattr(models, f"{title}_Weights").IMAGENET1K_V1
    transform = weights.transforms()
    preprocessing[name] = {
        "weights": f"torchvision/{weights}",
        "size": transform.crop_size[0],
        "resize": transform.resize_size[0],
        "interpolation": transform.interpolation.value,
        "mean": transform.mean,
        "std": transform.std,
    }
path = pathlib.Path(__file__).resolve().parent / "preprocessing.json"
rows = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in preprocessing.items()]
path.write_text("{\n" + ",\n".join(rows) + "}\n")

#!/usr/bin/env python3
"""Writes preprocessing.json: how the published weights of each name are evaluated.

Made with timm 1.0.31 and torchvision 0.26.0. Run it in a Python that has them:

    python3 Tests/Fixtures/models/make_preprocessing.py

For a BEiT it is timm's `pretrained_cfg` of the name's default weights. timm resizes the short side to
floor(size / crop_pct). For a ResNet it is the `transforms` of torchvision's IMAGENET1K_V1 weights.
"""

import json
import math
import pathlib

import timm
import torchvision.models as models
from timm.data import resolve_data_config

preprocessing = {}
for name in ("beit_base_patch16_224", "beit_base_patch16_384", "beit_large_patch16_224"):
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
for depth in (18, 34, 50, 101, 152):
    weights = getattr(models, f"ResNet{depth}_Weights").IMAGENET1K_V1
    transform = weights.transforms()
    preprocessing[f"resnet{depth}"] = {
        "weights": f"torchvision/{weights}",
        "size": transform.crop_size[0],
        "resize": transform.resize_size[0],
        "interpolation": transform.interpolation.value,
        "mean": transform.mean,
        "std": transform.std,
    }
path = pathlib.Path(__file__).resolve().parent / "preprocessing.json"
path.write_text(json.dumps(preprocessing, indent=1) + "\n")

#!/usr/bin/env python3
"""Writes authors.json: the tensors of published networks as their authors' files name them.

The names are those of the authors' code (facebookresearch/ConvNeXt `models/convnext.py`,
facebookresearch/deit `models_v2.py`). That no name is missing or wrong is told by timm 1.0.31, whose
filters for these files make its own names of them: here every one, with its shape. Made with torch
2.11.0:

    python3 Tests/Fixtures/models/make_authors.py

    names     {library: {our name: [[tensor, shape], ...]}}
"""

import json
import pathlib

import timm
import torch
from timm.models import convnext, deit

FOLDER = pathlib.Path(__file__).resolve().parent


def both(name):
    return [f"{name}.weight", f"{name}.bias"]


def convnext_names(depths):
    names = []
    for index in range(4):
        names += both(f"downsample_layers.{index}.0") + both(f"downsample_layers.{index}.1")
    for stage, depth in enumerate(depths):
        for block in range(depth):
            path = f"stages.{stage}.{block}"
            names.append(f"{path}.gamma")
            for part in ("dwconv", "norm", "pwconv1", "pwconv2"):
                names += both(f"{path}.{part}")
    return names + both("norm") + both("head")


def deit3_names(depth):
    names = ["cls_token", "pos_embed"] + both("patch_embed.proj")
    for block in range(depth):
        path = f"blocks.{block}"
        names += [f"{path}.gamma_1", f"{path}.gamma_2"]
        for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"):
            names += both(f"{path}.{part}")
    return names + both("norm") + both("head")


def shapes(name, authors, read):
    """The shapes of the authors' tensors: of timm's under the names that its filter makes of them."""
    model = timm.create_model(name).eval()
    ours = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
    rows = {}
    for author in authors:
        # The filters look at the shapes of positions and patches, whose names are one.
        (made,) = read({author: torch.zeros(ours.get(author, [1]))}, model)
        rows[author] = ours.pop(made)
    assert not ours, ours
    # All of them at once, as a file has them.
    whole = read({key: torch.zeros(shape) for key, shape in rows.items()}, model)
    model.load_state_dict(whole)
    return rows


def main() -> None:
    torch.set_num_threads(1)
    networks = {
        "convnext_tiny": shapes(
            "convnext_tiny", convnext_names([3, 3, 9, 3]), convnext.checkpoint_filter_fn),
        "deit3_small_patch16_224": shapes(
            "deit3_small_patch16_224", deit3_names(12),
            lambda state, model: deit.checkpoint_filter_fn(state, model, adapt_layer_scale=True)),
    }
    lists = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps([key, shape]) for key, shape in rows.items()) + "]"
        for name, rows in networks.items())
    (FOLDER / "authors.json").write_text('{"names": {"facebook": {\n' + lists + "}}}\n")


if __name__ == "__main__":
    main()

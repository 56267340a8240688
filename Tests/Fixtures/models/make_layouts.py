#!/usr/bin/env python3
"""Writes layouts.json: the tensors of published networks as libraries of today name them.

Made with transformers 5.24.0 (folder given first; huggingface.json is of 4.57.1), super-gradients 3.7.1
(its wheel unpacked in the folder given second; of it only three files of networks are run, for it
wants an older PyTorch) and torch 2.11.0:

    python3 Tests/Fixtures/models/make_layouts.py TRANSFORMERS SUPERGRADIENTS

    names     {library: {our name: [[tensor, shape], ...]}}
"""

import importlib.util
import json
import pathlib
import sys
import types

FOLDER = pathlib.Path(__file__).resolve().parent
# BEiT takes its patches from there.
VIT = "super_gradients.training.models.classification_models.vit"
sys.path.insert(0, sys.argv[1])

import torch  # noqa: E402
from transformers import BeitConfig, BeitForImageClassification  # noqa: E402


class Named(type):
    """A class that has whatever class attribute is asked for: its name."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return name


class Anything(types.ModuleType):
    """A module of SuperGradients' that these networks only need to be there."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        known = {
            "Models": Named("Models", (), {}),
            "BaseClassifier": torch.nn.Module,
            "register_model": lambda *a, **k: lambda kind: kind,
            "width_multiplier": lambda width, factor, divisor=None: int(width * factor),
            "torch_version_is_greater_or_equal": lambda *version: True,
            "get_logger": lambda name: None,
        }
        return known.get(name, torch.nn.Identity)


class Finder:
    """Finds every module of SuperGradients', and makes nothing of it."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"super_gradients", "einops"} and name != VIT:
            return importlib.util.spec_from_loader(name, self)
        return None

    def create_module(self, spec):
        module = Anything(spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module):
        pass


def file(folder, name):
    path = pathlib.Path(folder) / "super_gradients/training/models/classification_models" / name
    spec = importlib.util.spec_from_file_location(f"theirs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def supergradients(folder):
    sys.meta_path.insert(0, Finder())
    sys.modules[VIT] = file(folder, "vit.py")
    resnet, beit = file(folder, "resnet.py"), file(folder, "beit.py")
    return {
        "resnet18": resnet.ResNet(resnet.BasicResNetBlock, [2, 2, 2, 2], num_classes=1000, expansion=1),
        "resnet50": resnet.ResNet(resnet.Bottleneck, [3, 4, 6, 3], num_classes=1000, expansion=4),
        "beit_base_patch16_224": beit.Beit(
            image_size=(224, 224), patch_size=(16, 16), num_classes=1000, embed_dim=768, depth=12,
            num_heads=12, init_values=0.1, use_abs_pos_emb=False, use_rel_pos_bias=True),
    }


def transformers():
    with torch.device("meta"):
        return {
            "beit_base_patch16_224": BeitForImageClassification(
                BeitConfig(
                    image_size=224, patch_size=16, hidden_size=768, num_hidden_layers=12,
                    num_attention_heads=12, intermediate_size=3072, num_labels=1000,
                    use_relative_position_bias=True))
        }


def main() -> None:
    torch.set_num_threads(1)
    libraries = {"transformers 5": transformers(), "supergradients": supergradients(sys.argv[2])}
    blocks = []
    for library, networks in libraries.items():
        lists = ",\n".join(
            f"{json.dumps(name)}: [\n"
            + ",\n".join(json.dumps([key, list(tensor.shape)]) for key, tensor in network.state_dict().items())
            + "]"
            for name, network in networks.items())
        blocks.append(f"{json.dumps(library)}: {{\n{lists}}}")
    (FOLDER / "layouts.json").write_text('{"names": {' + ",\n".join(blocks) + "}}\n")


if __name__ == "__main__":
    main()

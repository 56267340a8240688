#!/usr/bin/env python3
"""Writes supergradients.json: the tensors of SuperGradients' networks, as its files hold them.

Made with super-gradients 3.7.1 and torch 2.11.0. The package pins libraries of 2022, so its files of
networks are run alone, out of the wheel, with what they import from the rest stood in for:

    pip download --no-deps super-gradients==3.7.1
    python3 Tests/Fixtures/models/make_supergradients.py super_gradients-3.7.1-py3-none-any.whl

    {our name: [[tensor, shape], ...]}
"""

import json
import pathlib
import sys
import types
import zipfile

import torch

FOLDER = pathlib.Path(__file__).resolve().parent
ROOM = "super_gradients.training.models.classification_models"


class Parameters(dict):
    """What a network is told, as an object."""

    __getattr__ = dict.__getitem__

    def to_dict(self):
        return dict(self)

    def override(self, **values):
        self.update(values)


def get_param(source, key, default=None):
    return source.get(key, default)


def keep(*_, **__):
    """A decorator that changes nothing."""
    return lambda kind: kind


# What the files import and what decides nothing about their tensors.
STAND_INS = {
    "BaseClassifier": torch.nn.Module, "SgModule": torch.nn.Module, "DropPath": torch.nn.Identity,
    "get_param": get_param, "HpmStruct": lambda **values: Parameters(values),
    "register_model": keep, "get_logger": lambda *_: None,
    "width_multiplier": lambda width, factor, *_: int(width * factor),
    "torch_version_is_greater_or_equal": lambda *_: True,
}


class Anything:
    def __getattr__(self, name):
        return name


def load(archive: zipfile.ZipFile, name: str) -> types.ModuleType:
    module = types.ModuleType(f"{ROOM}.{name}")
    sys.modules[module.__name__] = module
    source = archive.read(f"{ROOM}.{name}".replace(".", "/") + ".py").decode()
    for line in source.splitlines():
        if line.strip().startswith("from super_gradients") and ROOM not in line:
            package, names = line.split("from ")[1].split(" import ")
            stand_in = sys.modules.setdefault(package, types.ModuleType(package))
            for imported in names.split(", "):
                setattr(stand_in, imported, STAND_INS.get(imported, Anything()))
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def main() -> None:
    names = ROOM.split(".")
    for end in range(1, len(names) + 1):
        package = ".".join(names[:end])
        sys.modules[package] = types.ModuleType(package)
    sys.modules["einops"] = types.SimpleNamespace(repeat=None)
    with zipfile.ZipFile(sys.argv[1]) as archive:
        load(archive, "vit")
        resnet, beit = load(archive, "resnet"), load(archive, "beit")
    parameters = Parameters(num_classes=1000, droppath_prob=0.0)
    networks = {
        "resnet18": resnet.ResNet18(parameters),
        "resnet50": resnet.ResNet50(parameters),
        "beit_base_patch16_224": beit.BeitBasePatch16_224(Parameters(num_classes=1000)),
    }
    lines = []
    for name, network in networks.items():
        rows = [
            json.dumps([key, list(tensor.shape)]) for key, tensor in network.state_dict().items()]
        lines.append(f'"{name}": [\n' + ",\n".join(rows) + "]")
    (FOLDER / "supergradients.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes huggingface.json: the tensors of Hugging Face's networks, and logits of small ones.

Made with transformers 4.57.1 and torch 2.11.0 (CPU). Run it in a Python that has them, and timm and
torchvision for make_fixtures.py:

    python3 Tests/Fixtures/models/make_huggingface.py

    names     {our name: [[tensor, shape], ...]} of the networks that people publish
    networks  [{name, classes, input shape, logits, float32_error}], eval mode, weights filled by
              make_fixtures.py's formula under Hugging Face's names; "grid8" is reference.json's

BEiT's norms add 1e-6, as timm's and the authors' do; Hugging Face's published configurations say
1e-12.
"""

import json
import pathlib

import torch
from make_fixtures import logits
from transformers import (
    BeitConfig,
    BeitForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
)

FOLDER = pathlib.Path(__file__).resolve().parent


class Logits(torch.nn.Module):
    """A network of Hugging Face's that returns its logits, under the network's own names."""

    def __init__(self, network):
        super().__init__()
        self.__dict__["network"] = network

    def state_dict(self):
        return self.network.state_dict()

    def load_state_dict(self, state):
        return self.network.load_state_dict(state)

    def _apply(self, change, recurse=True):
        self.network._apply(change)
        return self

    def train(self, mode=True):
        self.network.train(mode)
        return self

    def forward(self, images):
        return self.network(images).logits


def resnet(kind, depths, widths, classes):
    return ResNetForImageClassification(
        ResNetConfig(depths=depths, hidden_sizes=widths, layer_type=kind, num_labels=classes))


def resnet18(classes=1000):
    return resnet("basic", [2, 2, 2, 2], [64, 128, 256, 512], classes)


def resnet50(classes=1000):
    return resnet("bottleneck", [3, 4, 6, 3], [256, 512, 1024, 2048], classes)


def beit(size, patch, width, depth, heads, classes):
    return BeitForImageClassification(
        BeitConfig(
            image_size=size, patch_size=patch, hidden_size=width, num_hidden_layers=depth,
            num_attention_heads=heads, intermediate_size=4 * width, num_labels=classes,
            use_relative_position_bias=True, layer_norm_eps=1e-6))


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with torch.device("meta"):
        published = {
            "resnet18": resnet18(),
            "resnet50": resnet50(),
            "beit_base_patch16_224": beit(224, 16, 768, 12, 12, 1000),
        }
    names = {
        name: [[key, list(tensor.shape)] for key, tensor in network.state_dict().items()]
        for name, network in published.items()
    }
    networks = [
        {"name": name, "classes": 7} | logits(lambda make=make: Logits(make()), shape)
        for name, make, shape in [
            ("resnet18", lambda: resnet18(7), [2, 3, 65, 49]),
            ("resnet50", lambda: resnet50(7), [2, 3, 65, 49]),
            ("grid8", lambda: beit(32, 4, 48, 2, 3, 7), [2, 3, 32, 32]),
        ]
    ]
    lists = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "]"
        for name, rows in names.items())
    items = ",\n".join(json.dumps(network) for network in networks)
    (FOLDER / "huggingface.json").write_text(
        '{"names": {' + lists + '},\n"networks": [\n' + items + "]}\n")
    for network in networks:
        print(network["name"], "float32 error", network["float32_error"], network["logits"][0][:3])


if __name__ == "__main__":
    main()

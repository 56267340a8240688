#!/usr/bin/env python3
"""Writes pickles/: what torch.save makes of small tensors, in either of its formats, sound and hostile.

Made with torch 2.11.0 (CPU). Run it in a Python that has it:

    python3 Tests/Fixtures/torch/make_pickles.py

    expected.json       {name: [dtype, shape, values]} of the tensors in sound.pth and sound-legacy.pth
    sound*.pth          views with strides and offsets, every type that is read and one that is not
    checkpoint*.pth     a training's: the tensors behind 'model', beside them a moving average, an
                        optimizer and an argparse.Namespace
    nested.pth          'model', and in it 'module'
    averages.pth        a moving average alone
    protocol-4.pth      a state dict in pickle protocol 4, and -5
    attributes.pth      a tensor with attributes of Python's
    network*.pth        a whole pickled network
    system*.pth         pickles that call os.system: as the whole, and in place of one of two tensors
    tensor.pth          one tensor
    unchecked.pth       an archive without checksums
"""

import argparse
import collections
import json
import os
import pathlib

import torch

FOLDER = pathlib.Path(__file__).resolve().parent / "pickles"


class Hostile:
    """Unpickled by Python, it runs a command."""

    def __reduce__(self):
        return os.system, ("touch understudy-was-here",)


def tensors():
    numbers = torch.arange(24, dtype=torch.float32)
    table = numbers.reshape(4, 6)
    return collections.OrderedDict(
        weight=table.clone(),
        turned=table.t(),
        part=table[1:3, 2:5],
        steps=table[::2, ::3],
        last=numbers[23:],
        tied=table,
        channels=numbers.reshape(2, 3, 2, 2).to(memory_format=torch.channels_last),
        parameter=torch.nn.Parameter(torch.tensor([0.5, -2.0])),
        half=torch.tensor([1.5, -65504.0], dtype=torch.float16),
        brain=torch.tensor([1.5, 3e38], dtype=torch.bfloat16),
        double=torch.tensor([0.1, 1e300], dtype=torch.float64),
        count=torch.tensor(1 << 40),
        bytes=torch.tensor([0, 255], dtype=torch.uint8),
        flags=torch.tensor([True, False]),
        empty=torch.zeros(0, 3),
        short=torch.tensor([1, 2], dtype=torch.int32),
    )


def save(name, value, legacy=False, **options):
    torch.save(value, FOLDER / name, _use_new_zipfile_serialization=not legacy, **options)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    state = tensors()
    expected = {
        name: [
            str(tensor.dtype).removeprefix("torch."),
            list(tensor.shape),
            tensor.detach().to(torch.float64).flatten().tolist(),
        ]
        for name, tensor in state.items()
        if tensor.dtype != torch.int32
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in expected.items())
    (FOLDER / "expected.json").write_text("{" + lines + "}\n")
    network = torch.nn.Linear(3, 2)
    with torch.no_grad():
        network.weight.copy_(torch.arange(6.0).reshape(2, 3))
        network.bias.copy_(torch.tensor([7.0, 8.0]))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    checkpoint = {
        "model": network.state_dict(),
        "model_ema": {name: 2 * tensor for name, tensor in network.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "args": argparse.Namespace(lr=0.1, betas=(0.9, 0.999)),
        "seen": {1, 2},
        "digest": b"\x00\xff",
    }
    # Python's 2.11 repeats a storage of the network's where the state dict is saved twice.
    for legacy, ending in [(False, ""), (True, "-legacy")]:
        save(f"sound{ending}.pth", state, legacy)
        save(f"checkpoint{ending}.pth", checkpoint, legacy)
        save(f"network{ending}.pth", {"model": network}, legacy)
        save(f"system{ending}.pth", Hostile(), legacy)
        save(
            f"system-inside{ending}.pth",
            {"weight": Hostile(), "bias": torch.tensor([1.0]), "epoch": 3}, legacy)
    save("nested.pth", {"model": {"module": network.state_dict()}, "epoch": 3})
    save("averages.pth", {"state_dict_ema": network.state_dict()})
    save("tensor.pth", torch.ones(3))
    small = collections.OrderedDict(weight=torch.tensor([1.0, 2.0]))
    save("protocol-4.pth", small, pickle_protocol=4)
    save("protocol-5.pth", small, pickle_protocol=5)
    marked = torch.tensor([1.0, 2.0])
    marked.origin = "Python"
    save("attributes.pth", {"weight": marked})
    torch.serialization.set_crc32_options(False)
    save("unchecked.pth", small)


if __name__ == "__main__":
    main()

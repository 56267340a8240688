#!/usr/bin/env python3
"""Writes the parity fixtures of the Models module: reference.json and state_dicts.json.

Made with torch 2.11.0, torchvision 0.26.0 and timm 1.0.31 (CPU). Run it in a Python that has them:

    python3 Tests/Fixtures/models/make_fixtures.py

No weights are stored. Every tensor is filled by a closed formula of its name and index, which the
Swift tests repeat exactly, so a fixture of ResNet-50 is a few logits and not 100 MB.

THE FORMULA
-----------
u(name, i), the i-th number (row-major order, i = 0, 1, …) of the tensor called `name`:

    h    = FNV-1a, 64 bit, over the UTF-8 bytes of name
           (h = 0xcbf29ce484222325; for each byte b: h = (h ^ b) * 0x100000001b3  mod 2^64)
    z    = h + (i + 1) * 0x9e3779b97f4a7c15                    mod 2^64      (SplitMix64)
    z    = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9                mod 2^64
    z    = (z ^ (z >> 27)) * 0x94d049bb133111eb                mod 2^64
    z    =  z ^ (z >> 31)
    u    = Double(z >> 11) * 2^-53 * 2 - 1                     in [-1, 1), exact in a double

The value of element i, computed in double and then rounded once to float32; the first rule that
fits the name (and rank) decides:

    ends with num_batches_tracked            3 (int64)
    ends with running_mean                   0.1 * u
    ends with running_var                    0.5 + 0.5 * |u|
    ends with gamma_1 or gamma_2             0.5 + 0.2 * u
    ends with layer_scale                    0.5 + 0.2 * u
    ends with relative_position_bias_table   u
    ends with cls_token                      u
    ends with q_bias or v_bias               0.5 * u
    ends with bias                           0.1 * u
    rank 1 (the weight of a norm)            gain * (0.6 + 0.2 * u), gain being 1 where none is stated
    rank 2 or more (convolution, linear)     u * sqrt(6 / fan_in), fan_in = count / shape[0]
    the input image batch, called "input"    1.5 * u

Check values (also in reference.json under "formula"): u("input", 0…3), u("conv1.weight", 0…3).

WHAT IS STORED
--------------
Everything below is computed in float64 from those float32-rounded values, so the numbers are the
truth to which both a float32 PyTorch and a float32 Swift model are approximations. `float32_error`
is PyTorch's own largest deviation from it in float32 (oneDNN, one run), as a yardstick for
tolerances.

reference.json
    formula   check values of u
    resnets   [{name, classes, input shape, logits, float32_error}], eval mode
    beits     [{name, architecture, classes, input shape, logits, float32_error}], eval mode
    gradients loss = mean(logits^2); per named tensor the gradient's L2 norm and first four elements.
              resnet18 in train mode (BN with batch statistics, momentum 0.1), with, after that one
              forward, the running statistics of some BN layers; BEiT with drop rates 0
    relative_position_index   window 2x2 in full, window 3x3 in full, spot checks of window 14x14
state_dicts.json
    {model: [[name, shape, dtype, "parameter" | "buffer"], …]} in the order of PyTorch's state dict
"""

import json
import pathlib

import numpy as np
import timm
import timm.models.beit as beit
import torch
import torchvision

FOLDER = pathlib.Path(__file__).resolve().parent
MASK = (1 << 64) - 1


def fnv1a(name: str) -> int:
    """FNV-1a, 64 bit: the SplitMix64 seed of the tensor called `name`."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def u(name: str, count: int) -> np.ndarray:
    """The first `count` numbers in [-1, 1) of the stream that belongs to `name`."""
    index = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name)) + index * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * (2.0**-53) * 2.0 - 1.0


def filled(name: str, shape: tuple[int, ...], gain: float = 1.0) -> torch.Tensor:
    """The tensor called `name`, by the rules of the header: float32, or int64 for counters."""
    count = int(np.prod(shape, dtype=np.int64))
    values = u(name, count)
    if name.endswith("num_batches_tracked"):
        return torch.full(shape, 3, dtype=torch.int64)
    if name.endswith("running_mean"):
        values = 0.1 * values
    elif name.endswith("running_var"):
        values = 0.5 + 0.5 * np.abs(values)
    elif name.endswith(("gamma_1", "gamma_2", "layer_scale")):
        values = 0.5 + 0.2 * values
    elif name.endswith(("relative_position_bias_table", "cls_token")):
        pass
    elif name.endswith(("q_bias", "v_bias")):
        values = 0.5 * values
    elif name.endswith("bias"):
        values = 0.1 * values
    elif name == "input":
        values = 1.5 * values
    elif len(shape) == 1:
        values = gain * (0.6 + 0.2 * values)
    else:
        values = values * np.sqrt(6.0 / (count // shape[0]))
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(model: torch.nn.Module, gain: float = 1.0) -> torch.nn.Module:
    """Overwrites every entry of the state dict by the formula."""
    model.load_state_dict(
        {k: filled(k, tuple(v.shape), gain) for k, v in model.state_dict().items()})
    return model


def state(model: torch.nn.Module) -> list:
    parameters = {name for name, _ in model.named_parameters()}
    return [
        [name, list(t.shape), str(t.dtype).removeprefix("torch."),
         "parameter" if name in parameters else "buffer"]
        for name, t in model.state_dict().items()
    ]


def logits(make, shape: list[int], gain: float = 1.0) -> dict:
    images = filled("input", tuple(shape))
    with torch.no_grad():
        single = fill(make(), gain).eval()(images)
        double = fill(make(), gain).double().eval()(images.double())
    error = (single.double() - double).abs().max().item()
    return {"input": shape, "logits": double.tolist(), "float32_error": error}


def gradients(
    make, shape: list[int], names: list[str], norms: list[str] = (), gain: float = 1.0
) -> dict:
    images = filled("input", tuple(shape))

    def run(dtype):
        model = fill(make(), gain).to(dtype).train()
        loss = model(images.to(dtype)).square().mean()
        loss.backward()
        return model, loss

    model, loss = run(torch.float64)
    single, _ = run(torch.float32)
    tensors, worst = dict(model.named_parameters()), 0.0
    for name, tensor in single.named_parameters():
        if name in names:
            truth = tensors[name].grad.norm().item()
            worst = max(worst, abs(tensor.grad.norm().item() - truth) / truth)
    buffers = dict(model.named_buffers())
    return {
        "input": shape,
        "loss": loss.item(),
        "gradients": {
            name: {
                "norm": tensors[name].grad.norm().item(),
                "first": tensors[name].grad.flatten()[:4].tolist(),
            }
            for name in names
        },
        "norm_float32_relative_error": worst,
        "running": {
            name: {
                "mean_sum": buffers[name + ".running_mean"].sum().item(),
                "var_sum": buffers[name + ".running_var"].sum().item(),
                "batches": buffers[name + ".num_batches_tracked"].item(),
            }
            for name in norms
        },
    }


def tiny_beit(image_size, patch, width, depth, heads, classes):
    """timm's BEiT as a teacher card describes it: per-block relative position bias, mean pooling."""
    return beit.Beit(
        img_size=image_size, patch_size=patch, embed_dim=width, depth=depth, num_heads=heads,
        num_classes=classes, mlp_ratio=4.0, init_values=0.1, qkv_bias=True,
        use_abs_pos_emb=False, use_rel_pos_bias=True, use_shared_rel_pos_bias=False,
        global_pool="avg",
    )


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    reference = {
        "versions": {
            "torch": torch.__version__.split("+")[0],
            "torchvision": torchvision.__version__.split("+")[0],
            "timm": timm.__version__,
        },
        "formula": {
            "fnv1a_input": f"{fnv1a('input'):016x}",
            "u": {name: u(name, 4).tolist() for name in ("input", "conv1.weight")},
        },
    }

    reference["resnets"] = []
    for name in ("resnet18", "resnet50"):
        make = lambda name=name: getattr(torchvision.models, name)(num_classes=7)
        reference["resnets"].append(
            {"name": name, "classes": 7} | logits(make, [2, 3, 65, 49]))

    architectures = {
        "grid8": dict(image_size=32, patch=4, width=48, depth=2, heads=3, classes=7),
        "grid3": dict(image_size=24, patch=8, width=40, depth=3, heads=5, classes=10),
    }
    reference["beits"] = []
    for name, architecture in architectures.items():
        size = architecture["image_size"]
        reference["beits"].append(
            {
                "name": name,
                "architecture": {k: v for k, v in architecture.items() if k != "classes"}
                | {"mlp_ratio": 4, "layer_scale": 0.1},
                "classes": architecture["classes"],
                "state": state(tiny_beit(**architecture)),
            }
            | logits(lambda a=architecture: tiny_beit(**a), [2, 3, size, size]))

    reference["gradients"] = {
        "resnet18": {"classes": 7} | gradients(
            lambda: torchvision.models.resnet18(num_classes=7), [2, 3, 65, 49],
            ["conv1.weight", "bn1.weight", "layer2.0.downsample.0.weight", "layer4.1.bn2.bias",
             "fc.weight"],
            ["bn1", "layer2.0.downsample.1", "layer4.1.bn2"]),
        "grid8": {"classes": 7} | gradients(
            lambda: tiny_beit(**architectures["grid8"]), [2, 3, 32, 32],
            ["cls_token", "patch_embed.proj.weight", "blocks.0.attn.q_bias",
             "blocks.0.attn.relative_position_bias_table", "blocks.1.gamma_2", "head.weight"]),
    }

    large = beit.gen_relative_position_index((14, 14))
    spots = [(0, 0), (0, 1), (0, 196), (1, 0), (196, 0), (1, 1), (1, 2), (2, 1), (1, 196), (196, 1)]
    reference["relative_position_index"] = {
        "window2": beit.gen_relative_position_index((2, 2)).tolist(),
        "window3": beit.gen_relative_position_index((3, 3)).tolist(),
        "window14": [[i, j, large[i, j].item()] for i, j in spots],
        "window14_sum": large.sum().item(),
    }

    states = {}
    with torch.device("meta"):
        for depth in (18, 34, 50, 101, 152):
            states[f"resnet{depth}"] = state(getattr(torchvision.models, f"resnet{depth}")())
    for name in ("beit_base_patch16_224", "beit_large_patch16_224"):
        states[name] = state(timm.create_model(name, pretrained=False))

    (FOLDER / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    lines = ",\n".join(
        json.dumps(model) + ": [\n" + ",\n".join(json.dumps(entry) for entry in entries) + "]"
        for model, entries in states.items())
    (FOLDER / "state_dicts.json").write_text("{" + lines + "}\n")

    for kind in ("resnets", "beits"):
        for item in reference[kind]:
            print(item["name"], "float32 error", item["float32_error"], item["logits"][0][:3])
    for name, item in reference["gradients"].items():
        print(name, "loss", item["loss"], "relative error", item["norm_float32_relative_error"],
              {k: v["norm"] for k, v in item["gradients"].items()}, item["running"])
    for name, entries in states.items():
        print(name, len(entries), sum(int(np.prod(e[1])) for e in entries if e[3] == "parameter"))


if __name__ == "__main__":
    main()

"""The replay of tools/replay-views."""

import peers  # noqa: F401  first: lets timm load

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import PIL
import timm
from PIL import Image
from timm.data.auto_augment import NAME_TO_OP

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
KINDS = {
    "point operations": (
        "AutoContrast", "Equalize", "Invert", "Posterize", "PosterizeIncreasing", "Solarize",
        "SolarizeIncreasing", "SolarizeAdd"),
    "enhancers": tuple(
        name + suffix for name in ("Color", "Contrast", "Brightness", "Sharpness")
        for suffix in ("", "Increasing")),
    "geometric operations": ("Rotate", "ShearX", "ShearY", "TranslateXRel", "TranslateYRel"),
}
# A view counts under the kind of its operations; with more than one kind it counts by itself.
ROWS = ("resampling alone", *KINDS, "several kinds")
# The view's settings that mixing needs; they are the recipe's.
SMOOTHING = 0.1
GROUP = 192
MIXING_BOUND = 1e-6


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("understudy", "recipe", "photos"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--epoch", type=int, required=True)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    classes = len(list(pathlib.Path(arguments.photos).glob("c*")))
    with tempfile.TemporaryDirectory() as folder:
        tensors, parameters = render(arguments, classes, pathlib.Path(folder))

    # timm/data/transforms_factory.py
    fill = tuple(min(255, round(255 * value)) for value in parameters["mean"])
    assert list(fill) == parameters["fill"], parameters["fill"]
    rows = {
        name: {"views": 0, "bytes": 0, "bytes_different": 0, "largest_level_difference": 0}
        for name in ROWS}
    worst = []
    operations = collections.Counter()
    for slot, ours in zip(parameters["slots"], tensors["pixels"], strict=True):
        theirs = replayed(slot, parameters["size"], fill)
        difference = np.abs(ours.transpose(1, 2, 0).astype(np.int16) - theirs)
        row = rows[kind(slot)]
        row["views"] += 1
        row["bytes"] += difference.size
        row["bytes_different"] += int(np.count_nonzero(difference))
        row["largest_level_difference"] = max(row["largest_level_difference"], int(difference.max()))
        operations.update(operation["name"] for operation in slot["operations"])
        if difference.any():
            worst.append((int(np.count_nonzero(difference)), slot["slot"]))

    result = {
        "pixels": rows, "mixing": mixing(tensors, parameters, classes),
        "operations": dict(sorted(operations.items())),
        "slots_that_differ": [slot for _, slot in sorted(worst, reverse=True)],
        "epoch": arguments.epoch, "slots": len(parameters["slots"]),
        "versions": {
            "pillow": PIL.__version__, "timm": timm.__version__, "numpy": np.__version__}}
    result["within_bounds"] = within_bounds(result)
    print(json.dumps(result) if arguments.json else table(result))
    return 0 if result["within_bounds"] else 1


def render(arguments: argparse.Namespace, classes: int, folder: pathlib.Path):
    """Has the program dump views; returns its tensors and its parameters."""
    settings = [
        f"data.train={arguments.photos}", f"data.val={arguments.photos}", f"data.classes={classes}",
        *arguments.set]
    command = [
        arguments.understudy, "views", "--recipe", arguments.recipe,
        *(word for setting in settings for word in ("--set", setting)),
        "--epoch", str(arguments.epoch), "--slots", f"0..<{arguments.slots}",
        "--dump", str(folder / "views.safetensors"), "--params", str(folder / "views.json")]
    if code := subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        sys.exit(f"tools/replay-views: {' '.join(command)}: exit code {code}")
    return (
        tensors_of(folder / "views.safetensors"), json.loads((folder / "views.json").read_text()))


def tensors_of(path: pathlib.Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    types = {"U8": np.uint8, "F32": np.dtype("<f4")}
    return {
        name: np.frombuffer(
            data[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]],
            types[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in json.loads(data[8:start]).items() if name != "__metadata__"}


def replayed(slot: dict, size: int, fill: tuple) -> np.ndarray:
    """One view from its parameters: `[size, size, 3]`."""
    with Image.open(slot["path"]) as file:
        image = file.convert("RGB")
    assert image.size == (slot["width"], slot["height"]), slot
    crop = slot["crop"]
    image = image.crop((crop["x"], crop["y"], crop["x"] + crop["width"], crop["y"] + crop["height"]))
    image = image.resize((size, size), FILTERS[slot["interpolation"]])
    if slot["flip"]:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for operation in slot["operations"]:
        values = [operation["argument"]] if "argument" in operation else []
        if operation["name"].startswith(("Posterize", "Solarize")):
            values = [int(value) for value in values]  # a count of bits, or a level
        image = NAME_TO_OP[operation["name"]](
            image, *values, resample=Image.Resampling.BILINEAR, fillcolor=fill)
    return np.asarray(image).astype(np.int16)


def kind(slot: dict) -> str:
    kinds = {
        kind for operation in slot["operations"] for kind, names in KINDS.items()
        if operation["name"] in names}
    if not slot["operations"]:
        return "resampling alone"
    assert kinds, slot["operations"]
    return kinds.pop() if len(kinds) == 1 else "several kinds"


def mixing(tensors: dict, parameters: dict, classes: int) -> dict:
    """Replays mixing on the dumped pixels, where the partner is among them too."""
    off = np.float32(SMOOTHING / classes)
    on = np.float32(1 - SMOOTHING + SMOOTHING / classes)
    mean, std = (
        np.array(parameters[name], np.float32).reshape(1, 3, 1, 1) for name in ("mean", "std"))
    groups = {group["group"]: group for group in parameters["groups"]}
    slots = parameters["slots"]
    modes = collections.Counter()
    image_difference = target_difference = 0.0

    def image(row: int) -> np.ndarray:
        pixels = tensors["pixels"][row : row + 1].astype(np.float32)
        return (pixels / np.float32(255) - mean) / std

    def target(row: int) -> np.ndarray:
        result = np.full(classes, off, np.float32)
        result[slots[row]["label"]] = on
        return result

    for row, slot in enumerate(slots):
        group = groups[slot["group"]]
        partner = slot["group"] * GROUP + GROUP - 1 - (slot["slot"] - slot["group"] * GROUP)
        if partner >= len(slots):
            continue
        modes[group["mode"]] += 1
        share, rest = np.float32(group["lambda"]), np.float32(1 - group["lambda"])
        own, other = image(row), image(partner)
        if group["mode"] == "mixup":
            mixed = share * own + rest * other
        elif group["mode"] == "cutmix":
            box = group["box"]
            rows = slice(box["y"], box["y"] + box["height"])
            columns = slice(box["x"], box["x"] + box["width"])
            mixed = own.copy()
            mixed[:, :, rows, columns] = other[:, :, rows, columns]
        else:
            mixed = own
        image_difference = max(
            image_difference, float(np.abs(mixed[0] - tensors["mixed"][row]).max()))
        expected = share * target(row) + rest * target(partner)
        target_difference = max(
            target_difference, float(np.abs(expected - tensors["targets"][row]).max()))
    return {
        "slots": sum(modes.values()), "slots_by_mode": dict(modes),
        "largest_image_difference": image_difference,
        "largest_target_difference": target_difference}


def within_bounds(result: dict) -> bool:
    rows, mixed = result["pixels"], result["mixing"]
    alone = rows["resampling alone"]
    return (
        alone["largest_level_difference"] <= 1
        and alone["bytes_different"] * 1000 <= alone["bytes"]
        and all(row["bytes_different"] == 0 for name, row in rows.items() if row is not alone)
        and mixed["largest_image_difference"] <= MIXING_BOUND
        and mixed["largest_target_difference"] <= MIXING_BOUND)


def table(result: dict) -> str:
    lines = [
        f"{'views with':<22}{'views':>7}{'bytes':>13}{'bytes that differ':>19}{'largest difference':>20}"]
    for name, row in result["pixels"].items():
        lines.append(
            f"{name:<22}{row['views']:>7}{row['bytes']:>13,}{row['bytes_different']:>19,}"
            f"{row['largest_level_difference']:>20}")
    mixed = result["mixing"]
    modes = ", ".join(f"{count} {mode}" for mode, count in mixed["slots_by_mode"].items())
    lines += [
        "",
        f"mixing, {mixed['slots']} slots whose partner is among them ({modes}): largest difference "
        f"{mixed['largest_image_difference']:.1e} of images, "
        f"{mixed['largest_target_difference']:.1e} of targets",
        f"epoch {result['epoch']}, {result['slots']} slots, "
        f"{sum(result['operations'].values())} operations of {len(result['operations'])} names; "
        f"Pillow {result['versions']['pillow']}, timm {result['versions']['timm']}",
        "within the bounds" if result["within_bounds"] else
        f"BEYOND THE BOUNDS; slots that differ: {result['slots_that_differ'][:20]}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

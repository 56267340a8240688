"""The Python worker of tools/bench-views: PHOTOS CORE.

Answers with lines of JSON: at first its versions, then, for each line `pass` on standard input, the
seconds that it took to render every image once, and the mean milliseconds of each stage. Reading
the clock between stages costs less than a thousandth of an image.
"""

import peers  # noqa: F401  first: lets torch load

import io
import json
import os
import pathlib
import platform
import random
import sys
import time

import numpy
import PIL
import timm
import torch
import torchvision
from PIL import Image, features
from timm.data import create_transform

STAGES = ("read", "decode", "crop and resize", "flip", "RandAugment", "to tensor")


def recipe_transform():
    """recipes/imagenet-resnet50-kd.yaml as timm says it; ends in uint8, as for its prefetcher."""
    return create_transform(
        224, is_training=True, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), hflip=0.5,
        auto_augment="rand-m7-mstd0.5", interpolation="random", color_jitter=None, re_prob=0.0,
        use_prefetcher=True)


def one_pass(paths: list[str], transform) -> dict:
    clock = time.perf_counter
    steps = transform.transforms
    totals = [0.0] * len(STAGES)
    start = clock()
    for path in paths:
        times = [clock()]
        with open(path, "rb") as file:
            data = file.read()
        times.append(clock())
        image = Image.open(io.BytesIO(data)).convert("RGB")
        times.append(clock())
        for step in steps:
            image = step(image)
            times.append(clock())
        for stage in range(len(STAGES)):
            totals[stage] += times[stage + 1] - times[stage]
    seconds = clock() - start
    return {
        "seconds": seconds,
        "stages": {name: total * 1000 / len(paths) for name, total in zip(STAGES, totals)}}


def versions() -> dict[str, str]:
    return {
        "pillow": PIL.__version__,
        "pillow_libjpeg_turbo": str(features.version("libjpeg_turbo")),
        "timm": timm.__version__, "torch": torch.__version__,
        "torchvision": torchvision.__version__, "numpy": numpy.__version__,
        "python": platform.python_version()}


def main() -> None:
    photos, core = sys.argv[1], int(sys.argv[2])
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    random.seed(0)
    numpy.random.seed(0)
    torch.manual_seed(0)
    paths = sorted(map(str, pathlib.Path(photos).glob("*/*.jpg")))
    transform = recipe_transform()
    names = [type(step).__name__ for step in transform.transforms]
    assert names == [
        "RandomResizedCropAndInterpolation", "RandomHorizontalFlip", "RandAugment",
        "MaybePILToTensor"], names
    sample = transform(Image.open(paths[0]).convert("RGB"))
    assert sample.dtype == torch.uint8 and tuple(sample.shape) == (3, 224, 224)

    def answer(value) -> None:
        print(json.dumps(value), flush=True)

    answer(versions())
    for line in sys.stdin:
        if line != "pass\n":
            sys.exit(f"unknown command {line!r}")
        answer(one_pass(paths, transform))


if __name__ == "__main__":
    main()

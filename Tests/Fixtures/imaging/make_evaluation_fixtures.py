#!/usr/bin/env python3
"""Makes evaluation.json: what torchvision and Pillow make of pictures that Swift can draw too.

    pip install pillow==13.0.0 numpy==2.* torch==2.11.0 torchvision==0.26.0
    python make_evaluation_fixtures.py

`evaluated` is torchvision's Resize and CenterCrop on PIL images, `cropped` Pillow's crop and then
resize, as RandomResizedCrop calls them. Pictures follow `drawn` below, so that none is stored; a
result is recorded as the CRC-32 of its RGB bytes. Deterministic for one Pillow version.
"""
import json
import math
import pathlib
import random
import zlib

import numpy as np
import PIL
import torchvision
from PIL import Image
from torchvision.transforms import CenterCrop, InterpolationMode, Resize

FILTERS = ("bilinear", "bicubic")


def drawn(width, height):
    """Slopes of a different steepness for each channel, noise, and clipped ends."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.uint32)
    mixed = (x * np.uint32(73856093)) ^ (y * np.uint32(19349663)) ^ (c * np.uint32(83492791))
    noise = (mixed >> np.uint32(13)) & np.uint32(63)
    slope = x * np.uint32(200) // np.uint32(width) + y * (c + 1) * np.uint32(55) // np.uint32(height)
    values = (slope + noise).astype(np.int64) - 60
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def evaluated(rng):
    """Yields (image size, length of the resized short side, side of the crop)."""
    # The published ways: a ratio of the crop to the short side, at several resolutions.
    for size in (160, 224, 288, 384):
        for ratio in (1.0, 0.875, 0.9, 0.95):
            resize = math.floor(size / ratio)
            for image in ((500, 375), (375, 500), (61, 47), (333, 333), (1, 1), (resize, resize + 1)):
                yield image, resize, size
    for image in ((211, 3), (3, 211), (97, 1), (1, 97), (2, 1), (1, 2)):
        yield image, 37, 32
        yield image, 64, 63
    for _ in range(150):
        size = rng.randint(1, 70)
        yield (rng.randint(1, 120), rng.randint(1, 120)), rng.randint(size, size * 3 // 2 + 3), size


def cropped(rng):
    """Yields (image size, crop, size of the result)."""
    yield (500, 375), (37, 21, 301, 299), (224, 224)
    yield (500, 375), (0, 0, 500, 375), (224, 224)
    yield (500, 375), (499, 374, 1, 1), (224, 224)
    yield (500, 375), (250, 0, 3, 375), (160, 160)
    yield (1999, 3), (1, 1, 1997, 1), (7, 5)
    for limit, result in ((150, 60), (40, 150), (9, 9), (400, 3), (3, 200)):
        for _ in range(40):
            image = (rng.randint(1, limit), rng.randint(1, limit))
            width, height = rng.randint(1, image[0]), rng.randint(1, image[1])
            x, y = rng.randint(0, image[0] - width), rng.randint(0, image[1] - height)
            yield image, (x, y, width, height), (rng.randint(1, result), rng.randint(1, result))


def lines(entries):
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"


def main():
    rng = random.Random(2)
    whole = []
    for image, resize, size in evaluated(rng):
        entry = {"image": image, "resize": resize, "size": size}
        for name in FILTERS:
            result = CenterCrop(size)(Resize(resize, InterpolationMode(name))(drawn(*image)))
            assert result.size == (size, size)
            entry[name] = zlib.crc32(result.tobytes())
        whole.append(entry)
    parts = []
    for image, (x, y, width, height), size in cropped(rng):
        entry = {"image": image, "crop": (x, y, width, height), "size": size}
        for name in FILTERS:
            part = drawn(*image).crop((x, y, x + width, y + height))
            result = part.resize(size, Image.Resampling[name.upper()])
            entry[name] = zlib.crc32(result.tobytes())
        parts.append(entry)
    path = pathlib.Path(__file__).with_name("evaluation.json")
    path.write_text(
        f'{{"pillow": "{PIL.__version__}", "torchvision": "{torchvision.__version__}",\n'
        f'"drawn": {zlib.crc32(drawn(61, 47).tobytes())},\n'
        f'"evaluated": {lines(whole)},\n"cropped": {lines(parts)}}}\n')


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes transforms.json: what Pillow makes of colour jitter's hue, greyscale and Gaussian blur.

    pip install pillow==13.0.0 numpy==2.*
    python make_transforms.py

Inputs are pictures that make_fixtures.py left in this folder, and a grid of colours: all whose
values are multiples of 3, blue fastest, 7396 to a row. Hue follows torchvision 0.26's adjust_hue,
whose few lines are repeated here so that torch need not be installed.
"""
import json
import pathlib
import zlib

import numpy as np
import PIL
from PIL import Image, ImageFilter

FOLDER = pathlib.Path(__file__).parent


def grid():
    values = np.arange(0, 256, 3, dtype=np.uint8)
    colours = np.stack(np.meshgrid(values, values, values, indexing="ij"), axis=-1)
    return Image.fromarray(colours.reshape(86, 7396, 3))


def turned(image, share):
    hue, saturation, value = image.convert("HSV").split()
    degrees = np.array(hue, dtype=np.uint8) + np.int32(share * 255).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(degrees), saturation, value)).convert("RGB")


def entry(name, operation, image):
    data = image.tobytes()
    found = {"file": name, "operation": operation,
             "width": image.width, "height": image.height, "crc32": zlib.crc32(data)}
    if len(data) <= 48:
        found["hex"] = data.hex()
    return found


def main():
    entries = []
    names = ("photo", "one-pixel", "two-pixels", "thin", "flat", "dull", "two-tone", "square", "long")
    pictures = {f"{name}.png": Image.open(FOLDER / f"{name}.png").convert("RGB") for name in names}
    pictures["view.jpg"] = Image.open(FOLDER / "view.jpg").convert("RGB")
    for name, picture in {**pictures, "grid": grid()}.items():
        for share in (0.0, 0.5, -0.5, 0.1, -0.1, 0.0039, 0.3731, -0.2877):
            entries.append(entry(name, {"hue": {"_0": share}}, turned(picture, share)))
        entries.append(entry(name, {"greyscale": {}}, picture.convert("L").convert("RGB")))
    for name, picture in pictures.items():
        for radius in (0.0, 1e-30, 0.1, 0.37, 0.8, 1.0, 1.2345678, 1.9999, 2.0, 3.3, 17.0, 400.0):
            entries.append(entry(name, {"gaussianBlur": {"radius": radius}},
                                 picture.filter(ImageFilter.GaussianBlur(radius))))
    text = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries)
    (FOLDER / "transforms.json").write_text(
        f'{{"pillow": "{PIL.__version__}",\n"operated": [\n{text}\n]}}\n')


if __name__ == "__main__":
    main()

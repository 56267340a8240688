"""Makes the images of tools/make-patches: WHEELS FOLDER TRAIN VAL TEST, wheels by name in a folder."""

import io
import math
import pathlib
import random
import sys
import zipfile

from PIL import Image

# The short side to which a photograph is brought, the side of its blocks, and that of a patch.
SIDE, BLOCK, PATCH = 400, 80, 48
# Blocks as a checkerboard: half of them for training, and a quarter each to tune by and to test on.
# No pixel is in two splits, and neighbours of a training block lie in the other two.
SPLITS = ("train", "val", "train", "test")

# What of a split the demo's students are given; the teacher has seen more, as in the published recipe.
STUDENTS = {"train": 5 / 8, "val": 1 / 3}

# Where a wheel holds photographs, and whose they are.
SKIMAGE = {
    "astronaut": "NASA, public domain",
    "brick": "CC0Textures, CC0",
    "camera": "Lav Varshney, CC0",
    "chelsea": "Stefan van der Walt, CC0",
    "clock_motion": "Stefan van der Walt, public domain",
    "coffee": "Rachel Michetti, CC0",
    "coins": "Brooklyn Museum, no known restrictions",
    "grass": "CC0Textures, CC0",
    "gravel": "CC0Textures, CC0",
    "hubble_deep_field": "NASA, public domain",
    "ihc": "no known restrictions",
    "moon": "NASA, public domain",
    "motorcycle_left": "Middlebury Stereo Datasets 2014, for research",
    "retina": "Mikael Häggström, CC0",
    "rocket": "SpaceX, public domain",
}
SKLEARN = {
    "china": "danielbuechele on Flickr, CC BY 2.0",
    "flower": "vultilion on Flickr, CC BY 2.0",
}


def main() -> None:
    wheels, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    counts = dict(zip(("train", "val", "test"), map(int, sys.argv[3:])))
    photographs = sorted(find_photographs(wheels), key=lambda one: one[0])
    sources = []
    for name, data, owner in photographs:
        sources.append(f"{name}\t{owner}\n")
        make(name, Image.open(io.BytesIO(data)).convert("RGB"), folder, counts)
    (folder / "SOURCES.tsv").write_text("".join(sources))
    for split, share in STUDENTS.items():
        (folder / f"{split}-students.txt").write_text("".join(
            f"{split}/{name}/{index:04}.jpg\t{name}\n"
            for name, _, _ in photographs for index in range(math.ceil(share * counts[split]))))


def find_photographs(wheels: pathlib.Path):
    """The name, the file and the owner of each."""
    with open_wheel(wheels, "foolbox") as archive:
        for path in archive.namelist():
            if path.startswith("foolbox/data/imagenet_"):
                # imagenet_00_243.jpg: the last number is ImageNet's class.
                name = pathlib.PurePath(path).stem.removeprefix("imagenet_")
                yield f"imagenet-{name[:2]}", archive.read(path), "ImageNet, for research only"
    with open_wheel(wheels, "scikit_image") as archive:
        for name, owner in SKIMAGE.items():
            path, = (
                path for path in archive.namelist()
                if path in (f"skimage/data/{name}.png", f"skimage/data/{name}.jpg"))
            yield name.replace("_", "-"), archive.read(path), owner
    with open_wheel(wheels, "scikit_learn") as archive:
        for name, owner in SKLEARN.items():
            yield name, archive.read(f"sklearn/datasets/images/{name}.jpg"), owner


def open_wheel(wheels: pathlib.Path, name: str) -> zipfile.ZipFile:
    wheel, = wheels.glob(f"{name}-*.whl")
    return zipfile.ZipFile(wheel)


def make(name: str, photograph: Image.Image, folder: pathlib.Path, counts: dict) -> None:
    scale = SIDE / min(photograph.size)
    size = tuple(round(side * scale) for side in photograph.size)
    photograph = photograph.resize(size, Image.Resampling.BICUBIC)
    columns, rows = photograph.width // BLOCK, photograph.height // BLOCK
    blocks = {split: [] for split in counts}
    for row in range(rows):
        for column in range(columns):
            blocks[SPLITS[(row + column) % len(SPLITS)]].append((column * BLOCK, row * BLOCK))
    for split, count in counts.items():
        place = folder / split / name
        place.mkdir(parents=True)
        # A generator for each, so that no split depends on how many images another has.
        draw = random.Random(f"{name} {split}")
        for index in range(count):
            left, top = blocks[split][index % len(blocks[split])]
            left += draw.randint(0, BLOCK - PATCH)
            top += draw.randint(0, BLOCK - PATCH)
            patch = photograph.crop((left, top, left + PATCH, top + PATCH))
            patch.save(place / f"{index:04}.jpg", quality=95)


if __name__ == "__main__":
    main()

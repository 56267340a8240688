"""Chooses and scales the images of tools/make-photographs: WHEELS PACKAGES FOLDER."""

import io
import pathlib
import sys

from PIL import Image

import patches

# A short side of at most so many pixels is kept, and one of so many is asked for.
MOST, LEAST = 640, 200
# A photograph that is scaled to 64 x 64 pixels has at least so many colors; a drawing has fewer.
COLORS = 700
# Two images are one photograph if their thumbnails of so many pixels a side differ by less than so much
# on average, of 255: another size or compression of it differs by 1 or 2, another photograph by 20.
THUMBNAIL, ALIKE = 12, 6
# Views of an epoch: a table of 1000 classes is learnt from the first 24,000.
MEASURED, OTHERS = 4144, 26000
CLASSES = 1000  # ImageNet's, by their numbers


def main() -> None:
    wheels, packages, folder = map(pathlib.Path, sys.argv[1:])
    Image.MAX_IMAGE_PIXELS = None
    sources = []
    measured = []
    named = []
    seen = []
    (folder / "measured").mkdir()
    for name, data, owner in sorted(patches.find_photographs(wheels), key=lambda one: one[0]):
        path = f"measured/{name}.jpg"
        image = Image.open(io.BytesIO(data)).convert("RGB")
        write(image, folder / path)
        seen.append(thumbnail(image))
        sources.append(f"{path}\t{owner}\n")
        measured.append(path)
    for path, label in patches.labelled(wheels):
        named.append(f"measured/{path}.jpg\t{label}\n")
    others = []
    (folder / "others").mkdir()
    for file in sorted(packages.rglob("*")):
        image = read(file)
        if image is None:
            continue
        small = thumbnail(image)
        # Neither one that is measured on, nor one of the others again.
        if any(difference(small, other) < ALIKE for other in seen):
            continue
        seen.append(small)
        path = f"others/{len(others):04}.jpg"
        write(image, folder / path)
        sources.append(f"{path}\t{file.relative_to(packages)}\n")
        others.append(path)
    (folder / "SOURCES.tsv").write_text("".join(sources))
    (folder / "named.txt").write_text("".join(named))
    # A list that has not an image of every class says which there are.
    (folder / "classes.txt").write_text("".join(f"{label}\n" for label in range(CLASSES)))
    for name, paths, count in (("measured", measured, MEASURED), ("others", others, OTHERS)):
        times = -(-count // len(paths))
        (folder / f"{name}.txt").write_text("".join(f"{path}\n" for path in paths) * times)


def thumbnail(image: Image.Image) -> bytes:
    return image.convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX).tobytes()


def difference(one: bytes, other: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one)


def read(file: pathlib.Path) -> Image.Image | None:
    """The photograph in a file; nothing of another file."""
    if file.suffix.lower() not in (".jpg", ".jpeg", ".png") or not file.is_file():
        return None
    try:
        image = Image.open(file)
        if min(image.size) < LEAST:
            return None
        image.draft("RGB", (2 * MOST, 2 * MOST))
        image = image.convert("RGB")
    except (OSError, SyntaxError, ValueError):
        return None
    colors = image.resize((64, 64), Image.Resampling.BILINEAR).getcolors(64 * 64)
    return image if len(colors) >= COLORS else None


def write(image: Image.Image, path: pathlib.Path) -> None:
    short = min(image.size)
    if short > MOST:
        size = tuple(round(side * MOST / short) for side in image.size)
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3)
    image.save(path, quality=95)


if __name__ == "__main__":
    main()

"""Makes the images of tools/make-photos: WHEEL FOLDER COUNT SEED CLASSES."""

import io
import pathlib
import random
import sys
import zipfile

from PIL import Image, ImageEnhance

QUALITY = 95
# The width of a landscape's crop; both photographs are 640x427.
WIDTHS = (360, 568)


def main() -> None:
    wheel, folder, count, seed, classes = sys.argv[1], pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:])
    with zipfile.ZipFile(wheel) as archive:
        photographs = [
            Image.open(io.BytesIO(archive.read(f"sklearn/datasets/images/{name}.jpg"))).convert("RGB")
            for name in ("china", "flower")]
    total = 0
    for label in range(classes):
        (folder / f"c{label:04}").mkdir()
    for index in range(count):
        path = folder / f"c{index % classes:04}" / f"{index:06}.jpg"
        # Each image has its own generator, so that the first ones do not depend on the count.
        photo(photographs, random.Random(f"{seed} {index}")).save(
            path, quality=QUALITY, subsampling="4:2:0")
        total += path.stat().st_size
    print(f"make-photos: mean size {total / count / 1000:.1f} kB")


def photo(photographs: list[Image.Image], rng: random.Random) -> Image.Image:
    source = rng.choice(photographs)
    portrait = rng.random() < 0.2
    width = rng.randint(*WIDTHS)
    height = width * 3 // 4
    size = (500, 375)
    if portrait:
        # As tall as a landscape is high, at most.
        height = min(width, source.height)
        width = height * 3 // 4
        size = (375, 500)
    x = rng.randint(0, source.width - width)
    y = rng.randint(0, source.height - height)
    image = source.crop((x, y, x + width, y + height)).resize(size, Image.Resampling.LANCZOS)
    for kind in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
        image = kind(image).enhance(rng.uniform(0.85, 1.15))
    return image


if __name__ == "__main__":
    main()

"""Makes the images of tools/make-textures: FOLDER FAMILIES VARIATIONS TRAIN VAL SEED."""

import math
import pathlib
import sys

import numpy as np
from PIL import Image

SIDE = 32
QUALITY = 95
STEPS = 4096
# A table, for numpy's sin differs by the processor in the last bit.
SINE = np.array([math.sin(2 * math.pi * step / STEPS) for step in range(STEPS)])
# The sum of twelve uniform numbers less 6 is close to a normal one, with the same bits anywhere.
NOISE = 12
AXIS = (np.arange(SIDE) - (SIDE - 1) / 2) / SIDE
X, Y = np.meshgrid(AXIS, AXIS)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    families, variations, train, val, seed = map(int, sys.argv[2:])
    for family in range(families):
        looks = Family(np.random.default_rng([seed, family]), family)
        for variation in range(variations):
            # Each class has its own generator, so that it does not depend on how many there are.
            rng = np.random.default_rng([seed, family, variation])
            images = looks.images(variation, train + val, rng)
            for index, pixels in enumerate(images):
                name = f"f{family:02}-v{variation:02}"
                path = folder / ("train" if index < train else "val") / name
                path.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path / f"{index:04}.jpg", quality=QUALITY)


def sine(turns: np.ndarray) -> np.ndarray:
    return SINE[np.floor(turns * STEPS).astype(np.int64) % STEPS]


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.random((NOISE, *shape)).sum(0) - NOISE / 2


class Family:
    """Textures of one kind whose members differ a little in angle, frequency and colour."""

    def __init__(self, rng: np.random.Generator, number: int) -> None:
        self.draw = (grating, plaid, rings, spots)[number % 4]
        # In turns of the circle. A mirrored image must not look like another member: angles stay
        # well inside a quadrant.
        self.angle = 0.03 + 0.04 * rng.random()
        self.frequency = 2.5 + 2.5 * rng.random()
        self.hue = rng.random(2)
        self.shade = 0.15 + 0.2 * rng.random()

    def images(self, variation: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """Returns `[count, 32, 32, 3]`, uint8."""
        # 5 angles, 2 frequencies, 2 hues.
        angle = self.angle + 0.035 * (variation % 5) + 0.007 * normal(rng, count)
        frequency = self.frequency * 1.45 ** (variation // 5 % 2) * (1 + 0.05 * normal(rng, count))
        hue = self.hue[0] + 0.13 * (variation // 10) + 0.015 * normal(rng, count)
        wave = self.draw(Rotated(angle), frequency[:, None, None], rng)
        contrast = 0.6 + 0.4 * rng.random((count, 1, 1, 1))
        light = 0.75 + 0.5 * rng.random((count, 1, 1, 1))
        front, back = colour(hue, 0.85), colour(self.hue[1] + 0 * hue, self.shade)
        share = 0.5 + 0.5 * contrast * wave[..., None]
        image = light * (share * front + (1 - share) * back)
        image += 0.05 * normal(rng, *image.shape)
        return (255 * image.clip(0, 1)).round().astype(np.uint8)


class Rotated:
    """The coordinates of every pixel in axes turned by each of the angles, given in turns."""

    def __init__(self, angles: np.ndarray) -> None:
        self.angles = angles

    def __call__(self, turn: float = 0.0) -> np.ndarray:
        sin = sine(self.angles + turn)[:, None, None]
        cos = sine(self.angles + turn + 0.25)[:, None, None]
        return cos * X + sin * Y

    def phases(self, rng: np.random.Generator) -> np.ndarray:
        return rng.random((len(self.angles), 1, 1))


def grating(along: Rotated, frequency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return sine(frequency * along() + along.phases(rng))


def plaid(along: Rotated, frequency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    one = sine(frequency * along() + along.phases(rng))
    return (one + sine(0.6 * frequency * along(0.19) + along.phases(rng))) / 2


def rings(along: Rotated, frequency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    x = along() + 0.3 * along.phases(rng) - 0.15
    y = along(0.25) + 0.3 * along.phases(rng) - 0.15
    return sine(frequency * np.sqrt(x * x + y * y / 4) + along.phases(rng))


def spots(along: Rotated, frequency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    one = sine(frequency * along() + along.phases(rng))
    both = one * sine(0.5 * frequency * along(0.25) + along.phases(rng))
    return 2 * both * both - 1


def colour(hue: np.ndarray, value: float) -> np.ndarray:
    """Returns `[count, 1, 1, 3]`: colours around the circle, 0…1."""
    third = np.arange(3) / 3
    return value * (0.5 + 0.5 * sine(hue[:, None, None, None] + third))


if __name__ == "__main__":
    main()

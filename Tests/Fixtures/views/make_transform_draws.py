#!/usr/bin/env python3
"""Writes transforms.json: three-augment, color jitter and random erasing, drawn by an independent
reading of the layout that Sources/Views documents, from make_draws.py's generator. Compared exactly.
Usage: python3 make_transform_draws.py > transforms.json
"""
import json
import math
import sys

from make_draws import SEED, Stream, exp, log

THREE_AUGMENT, COLOR_JITTER, ERASING, ERASING_NOISE = 8, 9, 10, 11
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def three_augment(slot):
    s = Stream(SEED, 1, slot, THREE_AUGMENT)
    which, radius = s.below(3), s.uniform(0.1, 2.0)
    return [["Solarize", 128.0], ["Greyscale", None], ["GaussianBlur", radius]][which]


def color_jitter(slot, brightness, contrast, saturation, hue, probability):
    s = Stream(SEED, 1, slot, COLOR_JITTER)
    applies, order = s.uniform() < probability, [0, 1, 2, 3]
    for place in (3, 2, 1):
        other = s.below(place + 1)
        order[place], order[other] = order[other], order[place]
    drawn = [(name, amount, s.uniform(max(0.0, 1.0 - amount), 1.0 + amount))
             for name, amount in (("Brightness", brightness), ("Contrast", contrast),
                                  ("Color", saturation))]
    drawn.append(("Hue", hue, s.uniform(-hue, hue)))
    return [[drawn[i][0], drawn[i][2]] for i in order if drawn[i][1] > 0 and applies]


def erasing(slot, size, fill, least, most):
    """The recipe of the test: probability 0.6, area [0.02, 0.6], aspect [0.3, 3.3333]."""
    s, noise = Stream(SEED, 1, slot, ERASING), Stream(SEED, 1, slot, ERASING_NOISE)
    applies, count = s.uniform() < 0.6, least + s.below(most - least + 1)
    boxes = []
    for _ in range(count if applies else 0):
        tries = []
        for _ in range(10):
            area = s.uniform(0.02, 0.6) * float(size * size) / count
            shape = exp(s.uniform(log(0.3), log(3.3333)))
            top, left = s.uniform(), s.uniform()
            h, w = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if w < size and h < size:
                tries.append([int(left * (size - w + 1)), int(top * (size - h + 1)), w, h])
        if not tries or 0 in tries[0][2:]:
            continue
        n = {"mean": 0, "channel": 1, "pixel": tries[0][2] * tries[0][3]}[fill]
        values = [noise.normal() for _ in range(n * 3)] or [0.0, 0.0, 0.0]
        data = [max(0, min(round((v * STD[i % 3] + MEAN[i % 3]) * 255), 255))
                for i, v in enumerate(values)]
        boxes.append({"box": tries[0], "bytes": bytes(data).hex()})
    return boxes


if __name__ == "__main__":
    json.dump({
        "three_augment": [three_augment(slot) for slot in range(24)],
        "color_jitter": [color_jitter(slot, 0.4, 0.3, 1.7, 0.1, 0.8) for slot in range(24)],
        "color_jitter_without_contrast_and_hue":
            [color_jitter(slot, 0.4, 0.0, 0.4, 0.0, 1.0) for slot in range(24)],
        "erasing": {f"{fill} {size} {least} {most}":
                    [erasing(slot, size, fill, least, most) for slot in range(24)]
                    for fill, size, least, most in (
                        ("mean", 224, 1, 1), ("mean", 384, 1, 1), ("channel", 33, 1, 4),
                        ("pixel", 13, 2, 3))},
    }, sys.stdout, separators=(",", ":"))
    print()

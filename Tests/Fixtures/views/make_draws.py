#!/usr/bin/env python3
"""Writes draws.json: random draws and views, computed by an independent reading of
Sources/Views/Random/DrawStream.swift's layout. Python only; its floats are IEEE doubles, so ViewsTests
compares every number exactly. Usage: python3 make_draws.py > draws.json
"""
import json
import math
import sys

M32, M64 = 2**32 - 1, 2**64 - 1


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & M32, (a >> 32) ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


ORDER, CROP, INTERPOLATION, FLIP, RAND_AUGMENT, MIX, SUBSTITUTE = range(7)
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")


def log(x):
    m, k = math.frexp(x)
    m, k = m * 2, float(k - 1)
    if m >= 1.4142135623730951:
        m, k = m * 0.5, k + 1
    s = (m - 1) / (m + 1)
    series = 0.0
    for divisor in range(21, 2, -2):
        series = (series + 1 / float(divisor)) * (s * s)
    return (2 * (s + s * series) + k * LN2_LOW) + k * LN2_HIGH


def exp(x):
    if x < -708:
        return 0.0
    k = float(round(x * 1.4426950408889634))
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = 1.0
    for divisor in range(13, 0, -1):
        series = 1 + r / float(divisor) * series
    return math.ldexp(series, int(k))


# Wichura, AS 241, PPND16.
CENTRE = (
    [3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3],
    [1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3])
SHOULDER = (
    [1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4],
    [1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9])
TAIL = (
    [6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7],
    [1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15])


def ratio(r, tables):
    def horner(table):
        total = 0.0
        for coefficient in reversed(table):
            total = total * r + coefficient
        return total
    return horner(tables[0]) / horner(tables[1])


def normal_quantile(p):
    q = p - 0.5
    if abs(q) <= 0.425:
        return q * ratio(0.180625 - q * q, CENTRE)
    r = math.sqrt(-log(p if q < 0 else 1 - p))
    value = ratio(r - 1.6, SHOULDER) if r <= 5 else ratio(r - 5, TAIL)
    return -value if q < 0 else value


class Stream:
    def __init__(self, seed, epoch, slot, purpose):
        self.key = (seed & M32, seed >> 32)
        self.address, self.d = (slot, epoch, purpose), 0

    def bits(self):
        block = philox((self.d // 2, *self.address), self.key)
        half = block[2:] if self.d % 2 else block[:2]
        self.d += 1
        return half[0] + (half[1] << 32)

    def uniform(self, a=0.0, b=1.0):
        u = (self.bits() >> 11) * 2.0**-53
        return u if (a, b) == (0.0, 1.0) else a + (b - a) * u

    def open_uniform(self):
        return ((self.bits() >> 12) + 0.5) * 2.0**-52

    def below(self, n):
        while True:
            product = self.bits() * n
            if product & M64 >= 2**64 % n:
                return product >> 64

    def normal(self):
        return normal_quantile(self.open_uniform())

    def gamma(self, shape):
        if shape < 1:
            larger = self.gamma(shape + 1)
            return larger * exp(log(self.open_uniform()) / shape)
        d = shape - 1.0 / 3.0
        c = 1 / math.sqrt(9 * d)
        while True:
            z = self.normal()
            t = 1 + c * z
            if t <= 0:
                continue
            v = t * t * t
            if log(self.open_uniform()) < 0.5 * z * z + d - d * v + d * log(v):
                return d * v

    def beta(self, a, b):
        if a == b == 1:
            return self.uniform()
        if a > 1 or b > 1:
            x = self.gamma(a)
            return x / (x + self.gamma(b))
        while True:
            log_x, log_y = log(self.open_uniform()) / a, log(self.open_uniform()) / b
            x = exp(log_x)
            total = x + exp(log_y)
            if total > 1:
                continue
            if total > 0:
                return x / total
            top = max(log_x, log_y)
            x = exp(log_x - top)
            return x / (x + exp(log_y - top))


# The recipe of ViewPlanFixtureTests.
SEED, N, SIZE, GROUP, REPEATS = 0x0123456789ABCDEF, 500, 24, 6, 3
GROUPS = SIZE // GROUP
IMAGES = [(500, 375), (37, 211), (1, 1), (1000, 40), (31, 1)]
OPS = ["AutoContrast", "Equalize", "Invert", "Rotate", "Posterize", "Solarize", "SolarizeAdd",
       "Color", "Contrast", "Brightness", "Sharpness", "ShearX", "ShearY", "TranslateXRel",
       "TranslateYRel"]


def shuffle(epoch):
    s, order = Stream(SEED, epoch, 0, ORDER), list(range(N))
    for i in range(N - 1, 0, -1):
        j = s.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def epoch_images(epoch):
    listed = [i for i in shuffle(epoch) for _ in range(REPEATS)][: N // 256 * 256]
    images = []
    for step in range(len(listed) // SIZE):
        block = listed[step * SIZE: (step + 1) * SIZE]
        images += [block[m * GROUPS + g] for g in range(GROUPS) for m in range(GROUP)]
    return images


def crop(epoch, slot, width, height):
    s, low, high = Stream(SEED, epoch, slot, CROP), 0.75, 1.3333333333333333
    for _ in range(10):
        area = float(width * height) * s.uniform(0.08, 1.0 + 0.0)
        shape = exp(s.uniform(log(low), log(high)))
        w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if 0 < w <= width and 0 < h <= height:
            top = s.below(height - h + 1)
            return [s.below(width - w + 1), top, w, h]
    w, h = width, height
    if width / height < low:
        h = max(1, round(width / low))
    elif width / height > high:
        w = max(1, round(height * high))
    return [(width - w) // 2, (height - h) // 2, w, h]


def argument(name, m, negated):
    """timm's LEVEL_TO_ARG, with the coin given."""
    level = m / 10

    def signed(v):
        return -v if negated else v
    if name in ("AutoContrast", "Equalize", "Invert"):
        return None
    if name == "Rotate":
        return signed(level * 30.0)
    if name == "Posterize":
        return max(1, int(level * 4))
    if name == "Solarize":
        return min(256, int(level * 256))
    if name == "SolarizeAdd":
        return min(128, int(level * 110))
    if name.startswith("Shear"):
        return signed(level * 0.3)
    if name.startswith("Translate"):
        return signed(level * 0.45)
    return level * 1.8 + 0.1


def operations(epoch, slot):
    s, ops = Stream(SEED, epoch, slot, RAND_AUGMENT), []
    for _ in range(2):
        name, applies = OPS[s.below(15)], s.uniform() < 0.5
        m, negated = max(0.0, min(7.0 + 0.5 * s.normal(), 10.0)), None
        negated = s.uniform() >= 0.5
        if applies:
            ops.append({"name": name, "magnitude": m, "argument": argument(name, m, negated)})
    return ops


def mix(epoch, group, size):
    s = Stream(SEED, epoch, group, MIX)
    mixed, coin, cy, cx = s.uniform() < 0.75, s.uniform(), s.uniform(), s.uniform()
    if not mixed:
        return {"mode": "none", "lambda": 1.0}
    if coin >= 0.5:
        return {"mode": "mixup", "lambda": s.beta(0.2, 0.2)}
    half = int(size * math.sqrt(1 - s.beta(1.0, 1.0))) // 2
    x, y = int(cx * size), int(cy * size)
    x0, x1 = max(0, x - half), min(size, x + half)
    y0, y1 = max(0, y - half), min(size, y + half)
    area = (x1 - x0) * (y1 - y0)
    if area == 0:
        return {"mode": "none", "lambda": 1.0}
    return {"mode": "cutmix", "lambda": 1 - area / (size * size),
            "box": [x0, y0, x1 - x0, y1 - y0]}


def view(epoch, slot):
    filters = Stream(SEED, epoch, slot, INTERPOLATION)
    return {
        "epoch": epoch, "slot": slot,
        "interpolation": "bilinear" if filters.uniform() < 0.5 else "bicubic",
        "flip": Stream(SEED, epoch, slot, FLIP).uniform() < 0.5,
        "crops": [crop(epoch, slot, w, h) for w, h in IMAGES],
        "operations": operations(epoch, slot)}


def streams():
    for seed, epoch, slot, purpose in [(0, 0, 0, 0), (42, 3, 17, 4), (M64, M32, M32, 6),
                                       (2**63 + 5, 609, 1281023, 1)]:
        def at():
            return Stream(seed, epoch, slot, purpose)
        s = {"seed": str(seed), "epoch": epoch, "slot": slot, "purpose": purpose}
        a = at()
        s["bits"] = [str(a.bits()) for _ in range(5)]
        a = at()
        s["uniform"] = [a.uniform() for _ in range(5)]
        a = at()
        s["below"] = [a.below(n) for n in (1, 2, 15, 1281167, 2**62 + 3, 2**62 + 3)]
        a = at()
        s["normal"] = [a.normal() for _ in range(40)]
        a = at()
        s["beta"] = [a.beta(x, y) for x, y in [
            (1.0, 1.0), (0.2, 0.2), (0.2, 0.2), (0.001, 0.001), (0.5, 1.0), (2.5, 1.5), (3.0, 0.3)]]
        yield s


if __name__ == "__main__":
    json.dump({
        "streams": list(streams()),
        "images": {str(e): epoch_images(e) for e in (0, 7)},
        "views": [view(e, s) for e, s in [(0, i) for i in range(48)] + [(7, i) for i in range(240)[::8]]],
        "mixes": [dict(mix(e, g, z), epoch=e, group=g, size=z)
                  for e in (0, 7) for g in range(40) for z in (224, 33)],
    }, sys.stdout, separators=(",", ":"))
    print()

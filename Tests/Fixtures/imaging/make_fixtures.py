#!/usr/bin/env python3
"""Makes the inputs in this folder and expected.json: what Pillow makes of them.

    pip install pillow==13.0.0 numpy==2.*
    python make_fixtures.py

Deterministic for one Pillow version. A result is recorded as size and CRC-32 of its RGB bytes,
and where it is small also as the bytes, in hexadecimal.
"""
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageEnhance, ImageOps

FOLDER = pathlib.Path(__file__).parent
FILL = (124, 116, 104)
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def picture(width, height, seed):
    """Smooth areas, an edge, some noise and clipped ends, as in a photograph."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    values = np.asarray(smooth).astype(np.int32)
    values[height // 3 : height // 2, width // 4 : width // 2] += np.array([70, -50, 30])
    values += rng.integers(-12, 13, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


# -- JPEG ------------------------------------------------------------------------------------


def jpeg(image, **options):
    stream = io.BytesIO()
    image.save(stream, "JPEG", **{"quality": 85, **options})
    return stream.getvalue()


def segments(data):
    """Yields (marker, offset) for the segments before the entropy-coded data."""
    at = 2
    while True:
        yield data[at + 1], at
        if data[at + 1] == 0xDA:
            return
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]


def resampled(data, sampling, width, height):
    """Declares other sampling factors for the first component, and another size.

    Where blocks per unit and the number of units stay the same, the file stays valid; the blocks
    land elsewhere. That makes layouts which Pillow decodes but cannot write.
    """
    out = bytearray(data)
    at = next(at for marker, at in segments(data) if marker == 0xC0)
    out[at + 5 : at + 9] = struct.pack(">HH", height, width)
    out[at + 11] = sampling
    return bytes(out)


def without(data, unwanted):
    for marker, at in segments(data):
        if marker == unwanted:
            return data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]
    raise ValueError("no such segment")


def adobe_transform(data, transform):
    out = bytearray(data)
    at = next(at for marker, at in segments(data) if marker == 0xEE)
    out[at + 15] = transform
    return bytes(out)


def jpegs():
    photo = picture(61, 47, 1)
    wide = picture(97, 61, 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    cmyk = jpeg(picture(45, 37, 3).convert("CMYK"))
    h2v1 = jpeg(wide, subsampling=1)
    h2v2 = jpeg(wide, subsampling=2)
    yield "view.jpg", jpeg(picture(224, 224, 4))
    yield "h2v2.jpg", h2v2
    yield "h2v1.jpg", h2v1
    yield "h1v1.jpg", jpeg(wide, subsampling=0)
    yield "h1v2.jpg", resampled(h2v1, 0x12, 61, 97)
    yield "h4v1.jpg", resampled(h2v2, 0x41, 123, 53)
    yield "h1v4.jpg", resampled(h2v2, 0x14, 53, 123)
    yield "progressive.jpg", jpeg(wide, progressive=True)
    yield "progressive-h1v1.jpg", jpeg(photo, progressive=True, subsampling=0)
    yield "restarts.jpg", jpeg(wide, restart_marker_blocks=3)
    yield "grey.jpg", jpeg(photo.convert("L"))
    yield "grey-progressive.jpg", jpeg(photo.convert("L"), progressive=True)
    yield "rgb.jpg", jpeg(photo, keep_rgb=True)
    yield "cmyk.jpg", cmyk
    yield "cmyk-without-adobe.jpg", without(cmyk, 0xEE)
    yield "ycck.jpg", adobe_transform(cmyk, 2)
    yield "cmyk-progressive.jpg", jpeg(picture(45, 37, 3).convert("CMYK"), progressive=True)
    yield "orientation.jpg", jpeg(photo, exif=exif)
    yield "one-pixel.jpg", jpeg(picture(1, 1, 5))
    yield "one-column.jpg", jpeg(picture(1, 83, 6))
    yield "one-row.jpg", jpeg(picture(301, 1, 7))
    yield "three-columns.jpg", jpeg(picture(3, 40, 8))
    yield "coarse.jpg", jpeg(photo, quality=3)
    yield "fine.jpg", jpeg(photo, quality=100, subsampling=0)
    yield "stray-before-end.jpg", h2v2[:-2] + b"\0\0\0\xff\xd9"
    yield "garbage-after-end.jpg", h2v2 + bytes(range(256))


# -- PNG -------------------------------------------------------------------------------------

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(rows, bits):
    """Rows of samples to PNG rows, each with filter type 0."""
    out = b""
    for row in rows:
        flat = row.reshape(-1)
        if bits == 16:
            line = flat.astype(">u2").tobytes()
        elif bits == 8:
            line = flat.astype(np.uint8).tobytes()
        else:
            ones = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :]
            line = np.packbits(ones.reshape(-1)).tobytes()
        out += b"\0" + line
    return out


def png(samples, colour, bits, interlaced=False, palette=None, transparency=None):
    height, width = samples.shape[:2]
    data = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
    data += chunk(b"gAMA", struct.pack(">I", 100000))
    if palette is not None:
        data += chunk(b"PLTE", bytes(palette))
    if transparency is not None:
        data += chunk(b"tRNS", bytes(transparency))
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(packed(part, bits) for part in parts if part.size)
    else:
        raw = packed(samples, bits)
    data += chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"tEXt", b"Comment\0after the pixels")
    return b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b"")


def pngs():
    rng = np.random.default_rng(9)
    for colour, name in ((GREY, "grey"), (RGB, "rgb"), (GREY_ALPHA, "grey-alpha"), (RGBA, "rgba")):
        for bits in (1, 2, 4, 8, 16) if colour == GREY else (8, 16):
            samples = rng.integers(0, 1 << bits, (7, 13, CHANNELS[colour]))
            if colour == GREY and bits == 16:
                samples[:4] = rng.integers(0, 300, (4, 13, 1))  # about the clip at 255
            for interlaced in (False, True):
                yield (f"{name}{bits}{'-interlaced' if interlaced else ''}.png",
                       png(samples, colour, bits, interlaced))
    for bits in (1, 2, 4, 8):
        colours = 1 << bits
        samples = rng.integers(0, colours, (9, 11, 1))
        palette = rng.integers(0, 256, colours * 3).tolist()
        yield f"palette{bits}.png", png(samples, PALETTE, bits, palette=palette)
    yield "palette8-interlaced.png", png(samples, PALETTE, 8, True, palette=palette)
    yield "palette-beyond-end.png", png(samples, PALETTE, 8, palette=palette[: 100 * 3])
    yield "palette-alpha.png", png(samples, PALETTE, 8, palette=palette, transparency=palette[:256])
    yield "grey-transparent.png", png(samples, GREY, 8, transparency=[0, 7])
    yield "rgb-transparent.png", png(
        rng.integers(0, 256, (5, 6, 3)), RGB, 8, transparency=[0, 1, 0, 2, 0, 3])
    for name, image in (("photo", picture(61, 47, 10)), ("one-pixel", picture(1, 1, 11)),
                        ("two-pixels", picture(2, 2, 12)), ("thin", picture(2, 57, 13)),
                        ("flat", Image.new("RGB", (19, 11), (90, 200, 3))),
                        ("dull", picture(33, 29, 14).point(lambda v: 100 + v // 16)),
                        ("two-tone", picture(40, 31, 15).point(lambda v: 20 if v < 128 else 230)),
                        ("square", picture(23, 23, 16)), ("long", picture(211, 3, 17))):
        stream = io.BytesIO()
        image.save(stream, "PNG", optimize=True)
        yield f"{name}.png", stream.getvalue()


# -- Operations --------------------------------------------------------------------------------


def solarize_add(image, amount):  # as in timm
    table = [min(255, v + amount) if v < 128 else v for v in range(256)]
    return image.point(table * 3)


def affine(image, *matrix):
    return image.transform(image.size, Image.Transform.AFFINE, matrix,
                           resample=Image.Resampling.BILINEAR, fillcolor=FILL)


def operations(rng):
    """Yields (PixelOperation as Swift encodes it, the same in Pillow)."""
    yield {"autoContrast": {}}, ImageOps.autocontrast
    yield {"equalize": {}}, ImageOps.equalize
    yield {"invert": {}}, ImageOps.invert
    for bits in (1, 2, 3, 4, 8):
        yield {"posterize": {"bits": bits}}, lambda i, bits=bits: ImageOps.posterize(i, bits)
    for threshold in (0, 77, 179, 256):
        yield ({"solarize": {"threshold": threshold}},
               lambda i, t=threshold: ImageOps.solarize(i, t))
    for amount in (0, 77, 110):
        yield {"solarizeAdd": {"amount": amount}}, lambda i, a=amount: solarize_add(i, a)
    for name, kind in (("color", ImageEnhance.Color), ("contrast", ImageEnhance.Contrast),
                       ("brightness", ImageEnhance.Brightness),
                       ("sharpness", ImageEnhance.Sharpness)):
        for factor in (0.0, 0.37, 1.0, 1.36, 1.9, rng.uniform(0.1, 2)):
            yield {name: {"_0": factor}}, lambda i, k=kind, f=factor: k(i).enhance(f)
    for degrees in (21.0, -21.0, 7.3, 90.0, 180.0, -90.0, 270.0, 360.0, 0.0, -1e-9, 400.5,
                    rng.uniform(-30, 30), rng.uniform(-30, 30)):
        yield ({"rotate": {"degrees": degrees}},
               lambda i, d=degrees: i.rotate(d, resample=Image.Resampling.BILINEAR,
                                             fillcolor=FILL))
    for factor in (0.21, -0.21, 0.5, rng.uniform(-0.3, 0.3)):
        yield {"shearX": {"_0": factor}}, lambda i, f=factor: affine(i, 1, f, 0, 0, 1, 0)
        yield {"shearY": {"_0": factor}}, lambda i, f=factor: affine(i, 1, 0, 0, f, 1, 0)
    for pixels in (0.0, 1.0, -3.0, 0.4999, -70.56, 1e6, rng.uniform(-5, 5)):
        yield ({"translateX": {"pixels": pixels}},
               lambda i, p=pixels: affine(i, 1, 0, p, 0, 1, 0))
        yield ({"translateY": {"pixels": pixels}},
               lambda i, p=pixels: affine(i, 1, 0, 0, 0, 1, p))


def record(image):
    data = image.tobytes()
    entry = {"width": image.width, "height": image.height, "crc32": zlib.crc32(data)}
    if len(data) <= 48:
        entry["hex"] = data.hex()
    return entry


def lines(entries):
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"


def main():
    rng = np.random.default_rng(18)
    decoded, files = [], {}
    for name, data in (*jpegs(), *pngs()):
        (FOLDER / name).write_bytes(data)
        files[name] = Image.open(io.BytesIO(data)).convert("RGB")
        decoded.append({"file": name, **record(files[name])})

    resized = []
    sizes = [(224, 224), (1, 1), (7, 300), (64, 47), (61, 20), (13, 5)]
    for name in ("photo.png", "one-pixel.png", "thin.png", "long.png", "view.jpg"):
        for filter_name, kind in FILTERS.items():
            more = [tuple(int(v) for v in rng.integers(1, 130, 2)) for _ in range(4)]
            for size in (*sizes, *more, files[name].size):
                resized.append({"file": name, "interpolation": filter_name,
                                **record(files[name].resize(size, kind))})

    operated = []
    for name in ("photo.png", "view.jpg", "one-pixel.png", "two-pixels.png", "thin.png",
                 "flat.png", "dull.png", "two-tone.png", "square.png"):
        for operation, apply in operations(rng):
            operated.append({"file": name, "operation": operation, **record(apply(files[name]))})

    (FOLDER / "expected.json").write_text(
        f'{{"pillow": "{PIL.__version__}",\n"decoded": {lines(decoded)},\n'
        f'"resized": {lines(resized)},\n"operated": {lines(operated)}}}\n')


if __name__ == "__main__":
    main()

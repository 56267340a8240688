#!/usr/bin/env python3
"""Makes the seeds in corpus/, small files for paths that Tests/Fixtures/imaging does not reach, and
decoded.json: what Pillow makes of those that it reads.

    pip install pillow==13.0.0 numpy==2.*
    apt-get install libjpeg-turbo-progs     (jpegtran, for arithmetic coding and odd scan scripts)
    python make_corpus.py

A seed need not be valid; each says what it is by its name.
"""
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../Fixtures/imaging"))
from make_fixtures import (  # noqa: E402
    GREY, PALETTE, RGB, chunk, jpeg, picture, png, record, resampled, segments, without)

import numpy as np  # noqa: E402
import PIL  # noqa: E402
from PIL import Image  # noqa: E402

FOLDER = pathlib.Path(__file__).parent / "corpus"


def jpegtran(data, *options, scans=None):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
        if scans:
            script.write(scans)
            script.flush()
            options += ("-scans", script.name)
        return subprocess.run(
            ["jpegtran", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def segment_at(data, wanted):
    return next(at for marker, at in segments(data) if marker == wanted)


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def spliced(data, at, new):
    return data[:at] + new + data[at:]


def jpegs():
    small = jpeg(picture(21, 19, 1), quality=60, subsampling=2)
    grey = jpeg(picture(19, 13, 2).convert("L"), quality=60)
    plain = jpeg(picture(19, 13, 3), quality=60, subsampling=0)
    cmyk = jpeg(picture(17, 9, 4).convert("CMYK"), quality=40)
    frame = segment_at(small, 0xC0)
    yield "arithmetic", jpegtran(small, "-arithmetic")
    yield "arithmetic-progressive", jpegtran(small, "-arithmetic", "-progressive")
    yield "arithmetic-restarts", jpegtran(small, "-arithmetic", "-restart", "1B")
    yield "arithmetic-cmyk", jpegtran(cmyk, "-arithmetic")
    yield "restarts", jpegtran(small, "-restart", "1B")
    yield "restarts-progressive", jpegtran(small, "-progressive", "-restart", "1B")
    yield "scan-for-each-component", jpegtran(small, scans="0;\n1;\n2;\n")
    yield "chroma-first", jpegtran(small, scans="1 2;\n0;\n")
    yield "dc-only-progressive", jpegtran(plain, scans="0 1 2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n")
    yield "incomplete-progressive", cut_after_scans(jpeg(picture(45, 37, 8), progressive=True), 2)
    yield "refined", jpegtran(grey, scans="0: 0-0, 0, 1;\n0: 0-0, 1, 0;\n0: 1-63, 0, 1;\n0: 1-63, 1, 0;\n")
    yield "h4v1", resampled(jpeg(picture(32, 32, 5), quality=40), 0x41, 53, 13)
    yield "h3v1-fractional", patched(small, frame + 11, b"\x31")
    yield "h4v4", patched(small, frame + 11, b"\x44")
    yield "chroma-finer-than-luma", patched(patched(plain, segment_at(plain, 0xC0) + 11, b"\x11"),
                                            segment_at(plain, 0xC0) + 14, b"\x22")
    yield "two-components", without_components(plain, 2)
    yield "twelve-components", many_components(grey, 12)
    yield "four-components-without-adobe", without(cmyk, 0xEE)
    yield "twelve-bits", patched(small, frame + 4, b"\x0c")
    yield "lossless-marker", patched(small, frame + 1, b"\xc3")
    yield "wide", patched(grey, segment_at(grey, 0xC0) + 5, struct.pack(">HH", 13, 65500))
    yield "no-height", patched(grey, segment_at(grey, 0xC0) + 5, struct.pack(">H", 0))
    yield "number-of-lines-later", spliced(
        patched(grey, segment_at(grey, 0xC0) + 5, struct.pack(">H", 0)), len(grey) - 2,
        b"\xff\xdc\x00\x04\x00\x0d")
    yield "no-quantisation", without(grey, 0xDB)
    yield "no-huffman-tables", without(without(grey, 0xC4), 0xC4)
    yield "no-end", small[:-2]
    yield "two-pictures", grey + small
    yield "filled-markers", spliced(grey, 2, b"\xff" * 9)
    yield "long-comment", spliced(grey, 2, b"\xff\xfe\x01\x02" + bytes(256))
    yield "adobe-rgb", jpeg(picture(9, 7, 6), quality=50, keep_rgb=True)


def without_components(data, count):
    """Declares only the first components of a picture, in frame and scan."""
    out = bytearray(data)
    frame, scan = segment_at(data, 0xC0), segment_at(data, 0xDA)
    table = out[scan + 5 : scan + 5 + 2 * count]
    out[scan : scan + 14] = b"\xff\xda" + struct.pack(">HB", 6 + 2 * count, count) + table + b"\0\x3f\0"
    kept = out[frame + 10 : frame + 10 + 3 * count]
    out[frame : frame + 19] = (
        b"\xff\xc0" + struct.pack(">H", 8 + 3 * count) + out[frame + 4 : frame + 9] + bytes([count]) + kept)
    return bytes(out)


def cut_after_scans(data, count):
    """Ends a progressive picture after its first scans, as if it were whole."""
    at = [i for i in range(len(data) - 1) if data[i : i + 2] == b"\xff\xda"][count]
    table = data.find(b"\xff\xc4", data.rfind(b"\xff\xda", 0, at), at)
    return data[: table if table >= 0 else at] + b"\xff\xd9"


def many_components(grey, count):
    out = bytearray(grey)
    frame = segment_at(grey, 0xC0)
    declared = b"".join(bytes([number + 1, 0x11, 0]) for number in range(count))
    out[frame : frame + 13] = (
        b"\xff\xc0" + struct.pack(">H", 8 + 3 * count) + out[frame + 4 : frame + 9] + bytes([count]) + declared)
    return bytes(out)


def pngs():
    rng = np.random.default_rng(7)
    grey = png(rng.integers(0, 256, (5, 7, 1)), GREY, 8)
    rgb = png(rng.integers(0, 256, (5, 7, 3)), RGB, 8)
    header = 8
    def resized(data, width, height):
        body = struct.pack(">II", width, height) + data[header + 16 : header + 21]
        return data[:header] + chunk(b"IHDR", body) + data[header + 25 :]
    def after_header(data, *chunks):
        return spliced(data, header + 25, b"".join(chunks))
    yield "palette-missing", png(rng.integers(0, 4, (5, 7, 1)), PALETTE, 2)
    yield "palette-in-rgb", png(rng.integers(0, 256, (3, 4, 3)), RGB, 8, palette=range(24))
    yield "one-column-interlaced", png(rng.integers(0, 256, (9, 1, 3)), RGB, 8, True)
    yield "one-row-interlaced", png(rng.integers(0, 65536, (1, 9, 1)), GREY, 16, True)
    yield "filters", filtered(rng, (0, 1, 2, 3, 4, 4, 3, 2, 1))
    yield "unknown-filter", filtered(rng, (0, 1, 2, 3, 5, 4, 3, 2, 1))
    yield "split-data", split(grey)
    yield "data-too-short", resized(grey, 7, 6)
    yield "data-too-long", resized(grey, 7, 4)
    yield "wide", resized(rgb, 65500, 5)
    yield "no-pixels", resized(grey, 0, 5)
    yield "two-headers", after_header(grey, grey[header : header + 25])
    yield "unknown-critical-chunk", after_header(grey, chunk(b"ABCD", b"1234"))
    yield "profile", after_header(rgb, chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(300))))
    yield "compressed-text", after_header(rgb, chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(999))))
    yield "transparent-too-long", after_header(grey, chunk(b"tRNS", bytes(9)))
    yield "wrong-checksum", patched(grey, header + 22, b"\0\0\0")
    yield "no-end", grey[:-12]
    yield "animated", after_header(
        rgb, chunk(b"acTL", struct.pack(">II", 1, 0)),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 7, 5, 0, 0, 1, 10, 0, 0)))


def filtered(rng, kinds):
    """Rows of these filter types."""
    rows = b"".join(bytes([kind]) + rng.bytes(12) for kind in kinds)
    body = struct.pack(">IIBBBBB", 4, 9, 8, RGB, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", body) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def split(data):
    """The compressed pixels in chunks of three bytes, one of them empty."""
    at = data.index(b"IDAT") - 4
    size = struct.unpack(">I", data[at : at + 4])[0]
    pixels = data[at + 8 : at + 8 + size]
    parts = [pixels[i : i + 3] for i in range(0, size, 3)]
    parts.insert(1, b"")
    return data[:at] + b"".join(chunk(b"IDAT", part) for part in parts) + data[at + 12 + size :]


def main():
    for old in FOLDER.iterdir():
        old.unlink()
    decoded = {}
    for suffix, seeds in (("jpg", jpegs()), ("png", pngs())):
        for name, data in seeds:
            (FOLDER / f"{name}.{suffix}").write_bytes(data)
            try:
                image = Image.open(io.BytesIO(data)).convert("RGB")
            except (OSError, SyntaxError):
                continue
            decoded[f"{name}.{suffix}"] = record(image)
    entries = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in decoded.items())
    (FOLDER.parent / "decoded.json").write_text(
        f'{{"pillow": "{PIL.__version__}", "decoded": {{\n{entries}\n}}}}\n')


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes the seeds in weights/: small hostile files of the kinds that no library writes.

    python make_weights.py

The archives have no checksums, as PyTorch writes them where it is told to, so that what the fuzzer
changes in them is read. A seed need not be valid; each says what it is by its name.
"""
import json
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "weights"
HUGE = 2**63 - 1


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def integer(value):
    return b"\x8A\x08" + struct.pack("<q", value)


def integers(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def tensor(shape, strides, offset=0, count=4, key="0"):
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"ctorch\nFloatStorage\n"
        + text(key) + text("cpu") + integer(count) + b"tQ" + integer(offset) + integers(shape)
        + integers(strides) + b"\x89ccollections\nOrderedDict\n)RtR")


def state(pairs):
    return b"}" + b"".join(text(name) + value + b"s" for name, value in pairs.items())


def archive(pickle, large=False):
    """A zip archive of what torch.save writes, with its numbers where zip64 has them if it is large."""
    content, directory = b"", b""
    records = {"a/data.pkl": pickle, "a/byteorder": b"little", "a/data/0": struct.pack("<4f", 1, 2, 3, 4)}
    for name, data in records.items():
        place, size = len(content), len(data)
        content += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, 0, size, size, len(name), 0)
        content += name.encode() + data
        extra = struct.pack("<HHQQQ", 1, 24, size, size, place) if large else b""
        if large:
            size = place = 0xFFFFFFFF
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, 0, size, size, len(name), len(extra),
            0, 0, 0, 0, place) + name.encode() + extra
    start, size, count = len(content), len(directory), len(records)
    content += directory
    if large:
        place = len(content)
        content += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, start)
        content += struct.pack("<IIQI", 0x07064B50, 0, place, 1)
        start = size = 0xFFFFFFFF
        count = 0xFFFF
    return content + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, start, 0)


def crc32c(data):
    total = 0xFFFFFFFF
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0x82F63B78 if total & 1 else 0)
    return total ^ 0xFFFFFFFF


def sealed():
    """A file with the program's own checksums: see SafetensorsSeal."""
    data = struct.pack("<4f", 1, 2, 3, 4)

    def header(own):
        digits = own + f"{crc32c(data):08x}"
        head = json.dumps({
            "__metadata__": {"understudy.crc32c": digits},
            "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
        return struct.pack("<Q", len(head)) + head

    return header(f"{crc32c(header('0' * 8)):08x}") + data


SEEDS = {
    # What addresses no element, with strides and places that nothing can be computed with.
    "strides.pth": archive(b"\x80\x02" + state({
        "a": tensor([0], [HUGE]), "b": tensor([2, 1], [2, HUGE]), "c": tensor([1, 2], [HUGE, 2]),
        "d": tensor([0, 2], [2, 1], HUGE), "e": tensor([2, 2], [1, 2])}) + b"."),
    # A long text as the two parts of a name, over and over, and as keys.
    "recalled.pth": archive(
        b"\x80\x04" + text("a" * 30_000) + b"q\x000" + b"h\x00h\x00\x930" * 200
        + b"}" + b"h\x00Ns" * 200 + b"."),
    # One dictionary under many keys.
    "shared.pth": archive(
        b"\x80\x02" + state({"w": tensor([4], [1])}) + b"q\x000}("
        + b"".join(text(f"{index}") + b"h\x00" for index in range(500)) + b"u."),
    "large.pth": archive(b"\x80\x02" + state({"w": tensor([4], [1])}) + b".", large=True),
    "sealed.safetensors": sealed(),
}

if __name__ == "__main__":
    for name, data in SEEDS.items():
        (FOLDER / name).write_bytes(data)

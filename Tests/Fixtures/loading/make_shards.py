#!/usr/bin/env python3
"""Writes gnu.tar, pax.tar, ustar.tar and webdataset.tar, and expected.json: their samples as the
webdataset package reads them, in order: key, ending, label, bytes (as text), offset of the bytes.

The archives come from Python's tarfile in three formats and from webdataset's TarWriter. Names are
short, at and beyond ustar's 100 and 255 bytes, not ASCII, with dots, below ./ and in folders; between
the samples lie folders, links and notes. Made with Python 3.11 and webdataset 1.0.2.
Usage: python3 make_shards.py, in its folder.
"""
import io
import json
import tarfile

import webdataset

LONG = "d" * 60 + "/" + "e" * 60
KEYS = {
    "short": ["a", "n01/b", "n01.old/c", "Ünïcode/ß", "./here", "x" * 95, "f/" + "y" * 93],
    # 101 bytes with the ending, then a prefix and a name that both fit.
    "split": [LONG + "/g", "p" * 155 + "/" + "q" * 95],
    # No slash to split at, or more than prefix and name hold.
    "long": ["z" * 97, LONG + "/" + "h" * 120, "ü" * 90 + "/" + "k" * 200],
}


def add(archive, name, data=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.linkname = kind, len(data), 1.5e9, link
    archive.addfile(info, io.BytesIO(data))


def write(path, form, keys):
    with tarfile.open(path, "w", format=form) as archive:
        add(archive, "n01/", kind=tarfile.DIRTYPE)
        add(archive, "__about__/notes.txt", b"not a sample")
        for number, key in enumerate(keys):
            add(archive, key + (".JPEG" if number % 3 else ".jpg"), f"image {number} of {path}".encode())
            add(archive, key + ".json", b"{}")
            add(archive, key + ".cls", f"{number % 4}".encode() + b"\n" * (number % 2))
        add(archive, "latest.link", kind=tarfile.SYMTYPE, link="a.jpg")


def samples(path):
    offsets = {member.name: member.offset_data for member in tarfile.open(path)}
    rows = []
    for sample in webdataset.WebDataset(path, shardshuffle=False, empty_check=False):
        ending = "jpg" if "jpg" in sample else "jpeg"
        key = sample["__key__"]
        name = next(n for n in offsets if n.lower() == f"{key}.{ending}".lower())
        rows.append([key.removeprefix("./"), ending, int(sample["cls"]), sample[ending].decode(), offsets[name]])
    return rows


if __name__ == "__main__":
    short, split, long = KEYS["short"], KEYS["split"], KEYS["long"]
    write("ustar.tar", tarfile.USTAR_FORMAT, short + split)
    write("gnu.tar", tarfile.GNU_FORMAT, short + split + long)
    write("pax.tar", tarfile.PAX_FORMAT, short + split + long)
    with webdataset.TarWriter("webdataset.tar", mtime=1.5e9) as writer:
        for number, key in enumerate(short[:4] + long[:2]):
            writer.write({"__key__": key, "jpg": b"image %d" % number, "cls": number % 4})
    names = ["ustar", "gnu", "pax", "webdataset"]
    text = json.dumps({name: samples(f"{name}.tar") for name in names}, ensure_ascii=False, indent=0)
    open("expected.json", "w").write(text + "\n")

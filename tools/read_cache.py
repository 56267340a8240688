#!/usr/bin/env python3
"""Reads a response cache with h5py and numpy alone.

    tools/read_cache.py CACHE EPOCH FIRST_SLOT [COUNT]     prints rows as JSON
"""
import hashlib
import json
import pathlib
import sys

import h5py
import numpy as np


def rows(part):
    """Every row of an open part, float64, in slot order."""
    classes, encoding = int(part.attrs["classes"]), part.attrs["encoding"]
    if encoding == b"dense":  # rounding left the sum a little below 1
        out = part["probabilities"][:].astype("f8")
    elif encoding == b"topk":  # the other classes share the remainder
        values, stored = part["values"][:].astype("f8"), part["classes"][:].astype("i8")
        share = (1 - values.sum(1, keepdims=True)) / (classes - values.shape[1])
        out = np.repeat(share, classes, axis=1)
        np.put_along_axis(out, stored, values, axis=1)
    else:
        out = np.array(list(bounded(part, classes, prior(part))))
    return out / out.sum(1, keepdims=True)


def prior(part):
    """What unstored classes share the tail by, `[classes, classes]`; None where they do evenly."""
    digest = part.attrs.get("prior", b"none").decode()
    if digest == "none":
        return None
    path = pathlib.Path(part.file.filename)
    # A part is a file in its epoch's folder, or a group in its epoch's file.
    path = path.parents[1 if part.name == "/" else 0] / f"prior-{digest[:16]}.h5"
    with h5py.File(path) as file:
        table = file["table"][:].astype("<f2")
    if hashlib.sha256(table.tobytes()).hexdigest() != digest:
        raise ValueError(f"{path}: is not the prior that {part.file.filename} was stored with")
    return table.astype("f8")


def bounded(part, classes, table):
    fine, index = int(part.attrs["fineness"]), (classes - 1).bit_length()
    packed, start = part["packed"][:].tobytes(), 0
    for n in map(int, part["entries"][:]):
        if n == 255:  # float32 of every class
            yield np.frombuffer(packed, "<f4", classes, start).astype("f8")
            start += 4 * classes
            continue
        # Fields, lowest bit first: tail, then class and code of each; or a code for every class.
        one = [index, 4 + fine]
        widths = [5 + fine, index] + one * (n - 1) if n else [4 + fine] * classes
        end = start + (sum(widths) + 7) // 8
        bits, fields = int.from_bytes(packed[start:end], "little"), []
        for width in widths:
            fields.append(bits & (1 << width) - 1)
            bits >>= width
        start, steps = end, 2.0**fine
        if not n:
            yield 2.0 ** (-np.array(fields) / steps)
            continue
        stored, weights = [fields[1]] + fields[2::2], 2.0 ** (-np.array([0] + fields[3::2]) / steps)
        row = np.ones(classes) if table is None else weights[:2] @ table[stored[:2]]
        row[stored] = 0
        row *= 2.0 ** (16 - fields[0] / steps) / (row.sum() or 1)
        row[stored] = weights
        yield row


def read(cache, epoch, first, count):
    """Rows of consecutive slots of a training epoch, float64 `[count, classes]`."""
    plan, found = json.loads((pathlib.Path(cache) / "manifest.json").read_text()), []
    size, epoch = plan["group_size"] * plan["groups_per_part"], epoch % plan["epochs"]
    folder = pathlib.Path(cache) / f"epoch-{epoch:04}"
    for part in range(first // size, (first + count - 1) // size + 1):
        own = folder / f"part-{part:05}.h5"
        alone = own.exists()  # else the part is a group of its epoch's file
        with h5py.File(own if alone else folder.with_suffix(".h5")) as file:
            found.append(rows(file if alone else file[own.stem]))
    start = first - first // size * size
    return np.concatenate(found)[start : start + count]


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    numbers = list(map(int, sys.argv[2:])) + [1]
    print(json.dumps(read(sys.argv[1], *numbers[:3]).tolist()))

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


def dataset(part, name):
    """A whole dataset that lies in the part with all of its chunks; h5py reads missing ones as zeros."""
    data = part[name]
    chunks = np.prod([-(-n // c) for n, c in zip(data.shape, data.chunks or ())])
    whole = chunks * (np.prod(data.chunks or ()) * data.dtype.itemsize + 4)  # each with its sum
    link = part.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink) or data.id.get_storage_size() != whole:
        raise ValueError(f"{part.file.filename}: {name!r} is not stored there as a whole")
    return data[:]


def rows(part):
    """Every row of an open part, float64, in slot order."""
    classes, encoding = int(part.attrs["classes"]), part.attrs["encoding"]
    if encoding == b"dense":  # rounding left the sum a little below 1
        out = dataset(part, "probabilities").astype("f8")
    elif encoding == b"topk":  # the other classes share the remainder
        values, stored = dataset(part, "values").astype("f8"), dataset(part, "classes").astype("i8")
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
        table = dataset(file, "table").astype("<f2")
    if hashlib.sha256(table.tobytes()).hexdigest() != digest:
        raise ValueError(f"{path}: is not the prior that {part.file.filename} was stored with")
    return table.astype("f8")


def bounded(part, classes, table):
    fine, wide = int(part.attrs["fineness"]), (classes - 1).bit_length()
    packed, start, likes = dataset(part, "packed").tobytes(), 0, {}
    for length in map(int, dataset(part, "lengths")):
        if length == 255:  # float32 of every class
            yield np.frombuffer(packed, "<f4", classes, start).astype("f8")
            start += 4 * classes
            continue
        size = length if length < 64 else (32 + length % 32) << (length // 32 - 1)
        size = size or (classes * (4 + fine) + 7) // 8
        bits, start = int.from_bytes(packed[start : start + size], "little"), start + size

        def take(width):  # the next field, lowest bit first
            nonlocal bits
            field, bits = bits & (1 << width) - 1, bits >> width
            return field

        if not length:  # a code for every class
            yield 2.0 ** (-np.array([take(4 + fine) for _ in range(classes)]) / 2**fine)
            continue
        tail, by_prior, by_rank, n = take(5 + fine), take(1), take(1), take(wide) + 1
        stored = [take(wide) for _ in range(min(n, 2) if by_rank else n)]
        for own in stored[:2] if by_rank else []:  # the classes that its row of the table favours
            if own not in likes:
                likes[own] = [c for c in np.argsort(-table[own], kind="stable") if c != own][:48]
        for kind in [take(2) for _ in range(n - len(stored))]:
            if kind == 3:
                stored.append(take(wide))
            else:
                own = stored[take(1) if kind == 2 else kind]
                stored.append(likes[own][16 + take(5) if kind == 2 else take(4)])
        codes = [0]
        for _ in range(n - 1):  # zeros are steps, a one ends them
            codes.append(codes[-1])
            while not take(1):
                codes[-1] += 1
        weights = 2.0 ** (-np.array(codes) / 2**fine)
        row = weights[:2] @ table[stored[:2]] if by_prior else np.ones(classes)
        row[stored] = 0
        row *= 2.0 ** (16 - tail / 2**fine) / (row.sum() or 1)
        row[stored] = weights
        yield row


def read(cache, epoch, first, count):
    """Rows of consecutive slots of an epoch, float64 `[count, classes]`.

    Beyond the cached epochs it wraps around. A training of a recipe with cache.epochs N, which the
    cache may exceed, reads epoch t mod N in its epoch t.
    """
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

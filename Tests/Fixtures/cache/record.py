#!/usr/bin/env python3
"""Records what h5py reads in the committed caches dense/, topk/ and bounded/, as dense.json …

The caches are written by FixtureTests.swift (UNDERSTUDY_WRITE_FIXTURES=1). This reads them with
h5py and numpy alone, decoding rows from the documented layout, so that the Swift reader has an
independent one to agree with.

    python3 Tests/Fixtures/cache/record.py
"""

import json
from pathlib import Path

import h5py
import numpy as np


def decode_bounded(part):
    count, fineness = int(part.attrs["classes"]), int(part.attrs["fineness"])
    index_bits, steps = (count - 1).bit_length(), 2.0**fineness
    packed, rows, start = part["packed"][:].tobytes(), [], 0
    for entries in part["entries"][:].tolist():
        if entries == 0:
            end = start + (count * (4 + fineness) + 7) // 8
            field, width = int.from_bytes(packed[start:end], "little"), 4 + fineness
            codes = [field >> (width * i) & ((1 << width) - 1) for i in range(count)]
            row, start = 2.0 ** (-np.array(codes) / steps), end
        elif entries == 255:
            row = np.frombuffer(packed, "<f4", count, start).astype("f8")
            start += 4 * count
        else:
            bits = 5 + fineness + entries * index_bits + (entries - 1) * (4 + fineness)
            field, end = int.from_bytes(packed[start : start + (bits + 7) // 8], "little"), start + (bits + 7) // 8

            def take(width):
                nonlocal field
                value, field = field & ((1 << width) - 1), field >> width
                return value

            others = 2.0 ** (16 - take(5 + fineness) / steps)
            stored = {take(index_bits): 1.0}
            while len(stored) < entries:
                index = take(index_bits)
                stored[index] = 2.0 ** (-take(4 + fineness) / steps)
            row = np.full(count, others / max(count - entries, 1))
            row[list(stored)] = list(stored.values())
            start = end
        rows.append(row / row.sum())
    return np.array(rows)


def decode(part):
    if part.attrs["encoding"] == b"bounded":
        return decode_bounded(part)
    if part.attrs["encoding"] == b"dense":
        rows = part["probabilities"][:].astype("f8")
        return rows / rows.sum(1, keepdims=True)
    values, classes = part["values"][:].astype("f8"), part["classes"][:].astype("i8")
    count, stored = int(part.attrs["classes"]), values.shape[1]
    share = (1 - values.sum(1, keepdims=True)) / (count - stored)
    rows = np.repeat(share, count, axis=1)
    np.put_along_axis(rows, classes, values, axis=1)
    return rows


def record(path):
    with h5py.File(path) as part:
        attributes = dict(part.attrs)
        return {
            "texts": {k: v.decode() for k, v in attributes.items() if isinstance(v, bytes)},
            "numbers": {k: int(v) for k, v in attributes.items() if isinstance(v, np.integer)},
            "shares": {k: float(v) for k, v in attributes.items() if isinstance(v, np.floating)},
            "datasets": {
                name: {
                    "dtype": data.dtype.str,
                    "shape": list(data.shape),
                    "chunks": list(data.chunks),
                    "fletcher32": bool(data.fletcher32),
                }
                for name, data in part.items()
            },
            "rows": decode(part).tolist(),
            "pixel_crc32c": part["pixel_crc32c"][:].tolist(),
        }


def main():
    here = Path(__file__).parent
    for name in ("dense", "topk", "bounded"):
        paths = sorted((here / name).glob("epoch-*/part-*.h5"))
        parts = {str(path.relative_to(here / name)): record(path) for path in paths}
        text = json.dumps({"h5py": h5py.__version__, "parts": parts}, indent=1, sort_keys=True)
        (here / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

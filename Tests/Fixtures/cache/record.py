#!/usr/bin/env python3
"""Records what h5py reads in the committed caches dense/ and topk/, as dense.json and topk.json.

The caches are written by FixtureTests.swift (UNDERSTUDY_WRITE_FIXTURES=1). This reads them with
h5py and numpy alone, decoding rows from the documented layout, so that the Swift reader has an
independent one to agree with.

    python3 Tests/Fixtures/cache/record.py
"""

import json
from pathlib import Path

import h5py
import numpy as np


def decode(part):
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
            "numbers": {k: int(v) for k, v in attributes.items() if not isinstance(v, bytes)},
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
    for name in ("dense", "topk"):
        paths = sorted((here / name).glob("epoch-*/part-*.h5"))
        parts = {str(path.relative_to(here / name)): record(path) for path in paths}
        text = json.dumps({"h5py": h5py.__version__, "parts": parts}, indent=1, sort_keys=True)
        (here / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

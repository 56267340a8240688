#!/usr/bin/env python3
"""Records what h5py reads in the committed caches dense/, topk/, bounded/ and prior/, as dense.json …

The caches are written by FixtureTests.swift (UNDERSTUDY_WRITE_FIXTURES=1). tools/read_cache.py
decodes their rows from the documented layout, with h5py and numpy alone, so that the Swift reader
has an independent one to agree with.

    python3 Tests/Fixtures/cache/record.py
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))
import read_cache  # noqa: E402


def few(rows):
    """The rows, or of many every 50th."""
    return rows[:: 50 if len(rows) > 100 else 1]


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
            "rows": few(read_cache.rows(part)).tolist(),
            "pixel_crc32c": part["pixel_crc32c"][:].tolist(),
        }


def main():
    here = Path(__file__).parent
    for name in ("dense", "topk", "bounded", "prior"):
        paths = sorted((here / name).glob("epoch-*/part-*.h5"))
        parts = {str(path.relative_to(here / name)): record(path) for path in paths}
        text = json.dumps({"h5py": h5py.__version__, "parts": parts}, indent=1, sort_keys=True)
        (here / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

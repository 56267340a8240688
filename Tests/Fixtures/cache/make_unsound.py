#!/usr/bin/env python3
"""Makes parts that lie: each is the first part of the cache `dense` with one thing changed.

HDF5 reads all of them without an error. Needs numpy and h5py. Run it in its folder.
"""

import os
import shutil

import h5py
import numpy as np

os.makedirs("unsound", exist_ok=True)


def unsound(name):
    path = f"unsound/{name}.h5"
    shutil.copy("dense/epoch-0000/part-00000.h5", path)
    return h5py.File(path, "r+", libver=("v110", "v110"))


with unsound("soft-link") as part:
    part.move("probabilities", "elsewhere")
    part["probabilities"] = h5py.SoftLink("/elsewhere")
with unsound("external-link") as part:
    del part["probabilities"]
    part["probabilities"] = h5py.ExternalLink("part-00001.h5", "/probabilities")
for name, rows in (("unwritten", 0), ("half-written", 4)):
    with unsound(name) as part:
        values = part["probabilities"][:]
        del part["probabilities"]
        again = part.create_dataset(
            "probabilities", values.shape, values.dtype, chunks=(4, values.shape[1]),
            fletcher32=True)
        if rows:
            again[:rows] = values[:rows]
with unsound("unsummed") as part:
    # The checksum is left out where the chunk's mask says so.
    values = part["probabilities"][:]
    chunk = part["probabilities"].chunks
    del part["probabilities"]
    again = part.create_dataset(
        "probabilities", values.shape, values.dtype, chunks=chunk, fletcher32=True)
    padded = np.zeros(chunk, values.dtype)
    padded[:len(values)] = values
    again.id.write_direct_chunk((0, 0), padded.tobytes(), filter_mask=1)
for name, attribute, value in (
        ("nan", "mean_kl", np.nan), ("infinite", "max_kl_measured", np.inf),
        ("negative", "mean_kl", -0.5), ("entries", "mean_entries", 21.0),
        ("bytes", "mean_bytes", 0.0)):
    with unsound(name) as part:
        part.attrs.modify(attribute, np.float64(value))

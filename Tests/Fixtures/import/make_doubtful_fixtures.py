#!/usr/bin/env python3
"""Makes HDF5 files of responses that look whole and are not: HDF5 reads as zeros what nobody wrote.

Needs numpy, h5py and hdf5plugin (the files here: numpy 2.4, h5py 3.16). Run it in its folder.
"""

import os

import h5py
import hdf5plugin
import numpy as np

ROWS, CLASSES = 7, 5
generator = np.random.default_rng(8)
logits = generator.normal(0, 3, (ROWS, CLASSES)).astype("f4")
names = [f"c{row % 2}/{row}.jpg" for row in range(ROWS)]
shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)

with h5py.File("doubtful-source.h5", "w") as file:
    file["l"] = logits
    file["few"] = logits[:2]
    file.create_dataset("never", (ROWS, CLASSES), "f4")


def virtual(file, name, *pieces):
    """A dataset whose rows first..<last come from the same rows, or the first ones, of others."""
    layout = h5py.VirtualLayout((ROWS, CLASSES), "f4")
    for path, dataset, first, last, rows in pieces:
        source = h5py.VirtualSource(path, dataset, (rows, CLASSES))
        layout[first:last] = source[first:last] if rows == ROWS else source[:last - first]
    file.create_virtual_dataset(name, layout)


with h5py.File("doubtful.h5", "w") as file:
    file.create_dataset("names", data=names, dtype=h5py.string_dtype())
    zeros = logits.copy()
    zeros[4:] = 0
    file["zeros"] = zeros
    file["zeros16"] = zeros.astype("f2")
    file["stacked"] = np.stack([logits, zeros])
    equal = logits.copy()
    equal[2] = -1.5
    file["equal"] = equal
    even = shares.copy()
    even[6] = 0.2
    file["even"] = even
    payload = logits.copy()
    payload[1] = np.frombuffer(b"\x01\x00\xc0\x7f" * CLASSES, "<f4")
    file["payload"] = payload
    file["two"] = np.array([[1, 2], [0.5, 0.5], [3, 1]], "f2")
    file["twozeros"] = np.array([[1, 2], [0.5, 0.5], [0, 0]], "f2")
    file["shares"] = shares.astype("f4")
    file["shares16"] = shares.astype("f2")
    file["logshares"] = np.log(shares).astype("f4")
    file["bfloat16"] = (logits.view("u4") >> 16).astype("u2")
    # Never written: as a whole, from the fifth row on, one chunk of columns.
    file.create_dataset("never", (ROWS, CLASSES), "f4")
    file.create_dataset("gaps", (ROWS, CLASSES), "f4", chunks=(2, CLASSES))[:4] = logits[:4]
    file.create_dataset("columns", (ROWS, CLASSES), "f4", chunks=(2, 3))[:, :3] = logits[:, :3]
    packed = file.create_dataset("packed", (ROWS, CLASSES), "f4", chunks=(2, CLASSES),
                                 compression="gzip")
    packed[:] = logits
    grown = file.create_dataset("grown", data=logits[:3], maxshape=(None, CLASSES),
                                chunks=(3, CLASSES))
    grown.resize((ROWS, CLASSES))
    file.create_dataset("nonames", (ROWS,), "S12")
    # Links.
    file["alias"] = h5py.SoftLink("/packed")
    file["dangling"] = h5py.SoftLink("/nowhere")
    file["there"] = h5py.ExternalLink("doubtful-source.h5", "/l")
    file["away"] = h5py.ExternalLink("left-behind.h5", "/l")
    file["lost"] = h5py.ExternalLink("doubtful-source.h5", "/nowhere")
    # Virtual datasets.
    whole = "doubtful-source.h5", "l", 0, 4, ROWS
    virtual(file, "joined", whole, ("doubtful-source.h5", "l", 4, ROWS, ROWS))
    layout = h5py.VirtualLayout((2 * ROWS, CLASSES), "f4")
    for half in (0, ROWS):
        layout[half:half + ROWS] = h5py.VirtualSource(
            "doubtful-source.h5", "l", (ROWS, CLASSES))
    file.create_virtual_dataset("doubled", layout)
    virtual(file, "halved", whole, ("left-behind.h5", "l", 4, ROWS, ROWS))
    virtual(file, "unnamed", whole, ("doubtful-source.h5", "other", 4, ROWS, ROWS))
    virtual(file, "cut", whole, ("doubtful-source.h5", "few", 4, ROWS, 3))
    virtual(file, "uncovered", whole)
    virtual(file, "unwritten", ("doubtful-source.h5", "never", 0, ROWS, ROWS))
    virtual(file, "nested", (".", "halved", 0, ROWS, ROWS))
    # Filters that a plain HDF5 lacks; these numbers can be compressed, or they would lie there raw.
    smooth = np.tile(np.arange(CLASSES, dtype="f4"), (64, 1))
    smooth[:, 0] = np.arange(64) % 4
    file.create_dataset("lzf", data=smooth, compression="lzf")
    for name, options in (
            ("zstd", hdf5plugin.Zstd()), ("blosc", hdf5plugin.Blosc()), ("lz4", hdf5plugin.LZ4()),
            ("bitshuffle", hdf5plugin.Bitshuffle()), ("bzip2", hdf5plugin.BZip2())):
        file.create_dataset(name, data=smooth, **options)

    # A single chunk; the largest of row r is number r mod 500.
    deep = np.zeros((2000, 500), "f4")
    deep[np.arange(2000), np.arange(2000) % 500] = 1.5
    file.create_dataset("deep", data=deep, chunks=deep.shape, compression="gzip")

with h5py.File("odd.h5", "w") as file:
    file["alike"] = np.tile(logits[0], (ROWS, 1))
    file["percentages"] = (100 * shares).astype("f4")
    file["percentages16"] = (100 * shares).astype("f2")

with h5py.File("raw.h5", "w") as file:
    file.create_dataset("raw", data=logits, external=[("raw.bin", 0, h5py.h5f.UNLIMITED)])
os.remove("raw.bin")

# Responses to the 48 images of the command's tests.
with h5py.File("images.h5") as file:
    z, images = file["logits"][:], [name.decode() for name in file["names"][:]]
with h5py.File("images-doubtful.h5", "w") as file:
    file.create_dataset("names", data=images, dtype=h5py.string_dtype())
    file.create_dataset("absolute", data=["/data/imagenet/train/" + name for name in images],
                        dtype=h5py.string_dtype())
    file["shares"] = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    zeros = z.copy()
    zeros[30:] = 0
    file["zeros"] = zeros
    file.create_dataset("gaps", z.shape, "f4", chunks=(10, 4))[:30] = z[:30]
    broken = z.copy()
    broken[3] = np.nan
    file["nan"] = broken
    file["transposed"] = np.ascontiguousarray(z.T)

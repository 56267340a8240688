#!/usr/bin/env python3
"""Makes the HDF5 files that other people's responses come in, and what is to be read from them.

Needs numpy and h5py (the files here: numpy 2.4, h5py 3.16). Run it in its folder.
"""

import json

import h5py
import numpy as np

ROWS, CLASSES, VIEWS = 7, 5, 3
generator = np.random.default_rng(4)
logits = generator.normal(0, 3, (VIEWS, ROWS, CLASSES))
names = [f"c{row % 2}/{row}.jpg" for row in range(ROWS)]


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


expected = {"rows": ROWS, "classes": CLASSES, "views": VIEWS, "names": names, "responses": {}}
with h5py.File("good.h5", "w") as file:
    for bits in (16, 32, 64):
        stored = logits.astype(f"f{bits // 8}")
        file[f"logits{bits}"] = stored[0]
        file[f"views{bits}"] = stored
        shares = softmax(logits).astype(f"f{bits // 8}")
        file[f"group/shares{bits}"] = shares[0]
        for temperature in (1.0, 2.5):
            z = stored.astype("f8") / temperature
            p = shares.astype("f8") ** (1 / temperature)
            expected["responses"][f"logits{bits} {temperature}"] = softmax(z)[0].ravel().tolist()
            expected["responses"][f"views{bits} {temperature}"] = softmax(z).ravel().tolist()
            expected["responses"][f"group/shares{bits} {temperature}"] = (
                (p / p.sum(-1, keepdims=True))[0].ravel().tolist())
    # What else writers do: big-endian numbers, chunks, compression.
    file["big"] = logits[0].astype(">f4")
    file.create_dataset("packed", data=logits[0].astype("f4"), chunks=(2, 3), compression="gzip")
    for name in ("big", "packed"):
        z = logits[0].astype("f4").astype("f8")
        expected["responses"][f"{name} 1.0"] = softmax(z).ravel().tolist()
    file["fixed"] = np.array(names, dtype="S12")
    file.create_dataset("variable", data=names, dtype=h5py.string_dtype())
    space = h5py.h5t.C_S1.copy()
    space.set_size(12)
    space.set_strpad(h5py.h5t.STR_SPACEPAD)
    padded = h5py.h5d.create(
        file.id, b"padded", space, h5py.h5s.create_simple((ROWS,)))
    padded.write(h5py.h5s.ALL, h5py.h5s.ALL,
                 np.array([name.ljust(12) for name in names], dtype="S12"), mtype=space)

# λ of each row and 1 - λ of its partner's, row 6 - i.
lam = 0.3125
own = softmax(logits[1].astype("f4").astype("f8"))
expected["lambda"] = lam
expected["blended"] = (lam * own + (1 - lam) * own[::-1]).ravel().tolist()

# The 48 images of the command's tests, in an order of its own.
images = [f"c{index % 4}/{index}.jpg" for index in generator.permutation(48)]
with h5py.File("images.h5", "w") as file:
    z = generator.normal(0, 2, (48, 4)).astype("f4")
    file["logits"] = z
    file.create_dataset("names", data=images, dtype=h5py.string_dtype())
    expected["images"] = dict(zip(images, softmax(z.astype("f8") / 2).tolist()))

with h5py.File("bad.h5", "w") as file:
    def bad(name, row, column, value, source=logits[0]):
        array = source.astype("f4")
        array[row, column] = value
        file[name] = array

    shares = softmax(logits)
    bad("nan", 3, 2, np.nan)
    bad("infinite", 6, 0, np.inf)
    bad("negative", 2, 4, -0.25, shares[0])
    bad("unnormalised", 5, 1, shares[0][5, 1] + 0.5, shares[0])
    array = logits.astype("f4")
    array[2, 4, 1] = -np.inf
    file["view"] = array
    file["integers"] = np.zeros((ROWS, CLASSES), "i4")
    file["flat"] = np.zeros(ROWS, "f4")
    file["one"] = np.zeros((ROWS, 1), "f4")
    file["empty"] = np.zeros((0, CLASSES), "f4")
    file["complex"] = np.zeros((ROWS, CLASSES), "c8")
    file["group/x"] = np.zeros(2, "f4")
    file.create_dataset("names", data=names, dtype=h5py.string_dtype())
    file["twice"] = np.array(names[:6] + names[1:2], dtype="S12")
    file["few"] = np.array(names[:6], dtype="S12")

with open("expected.json", "w") as out:
    json.dump(expected, out)
    out.write("\n")

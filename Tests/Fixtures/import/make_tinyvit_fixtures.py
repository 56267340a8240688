#!/usr/bin/env python3
"""Makes tinyvit.h5: responses as TinyViT saves them, brought over by tools/convert_tinyvit.py.

Needs numpy and h5py (the file here: numpy 2.4, h5py 3.16). Run it in its folder. It also holds the
converter's rows against numpy's, and what it says of damaged input against the text it should say.

The layout is that of microsoft/Cream, TinyViT/save_logits.py and TinyViT/data/augmentation: for each
image the bytes of an int32 seed, of K int16 classes and of K float16 probabilities, with a line for
it in the file of keys; a rank writes an image once, however often its sampler shows it.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

CLASSES, TOP, IMAGES, RANKS, EPOCHS = 10, 3, 12, 5, (4, 5)
CONVERTER = pathlib.Path(__file__).resolve().parents[3] / "tools/convert_tinyvit.py"
NAMES = [f"n{image % CLASSES:02}_{image}" for image in range(IMAGES)]
generator = np.random.default_rng(6)


def responses():
    z = generator.normal(0, 3, (IMAGES, CLASSES)).astype("f4")
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def save(folder, keys, probabilities):
    """What the teacher's epoch leaves: every rank has its share of the shuffled images."""
    folder.mkdir(parents=True)
    shuffled = generator.permutation(len(keys))
    # Filled up, so that each rank has as many: these are seen by two.
    shuffled = np.concatenate([shuffled, shuffled[:-len(keys) % RANKS]])
    for rank in range(RANKS):
        seen = set()
        with open(folder / f"rank{rank}-keys.txt", "w") as names, open(
                folder / f"rank{rank}-values.bin", "wb") as values:
            for image in shuffled[rank::RANKS]:
                if image in seen:
                    continue
                seen.add(image)
                best = np.argsort(-probabilities[image], kind="stable")[:TOP]
                names.write(keys[image] + "\n")
                values.write(np.int32(generator.integers(1 << 31)).tobytes())
                values.write(best.astype(np.int16).tobytes())
                values.write(probabilities[image][best].astype(np.float16).tobytes())


def restored(probabilities):
    """Rows as a student of TinyViT has them, one number at a time."""
    rows = []
    for row in probabilities:
        best = sorted(range(CLASSES), key=lambda index: (-row[index], index))[:TOP]
        kept = {index: float(np.float16(row[index])) for index in best}
        rest = (1 - sum(kept.values())) / (CLASSES - TOP)
        rows.append([kept.get(index, rest) for index in range(CLASSES)])
    return np.array(rows)


def convert(root, *arguments):
    return subprocess.run(
        [sys.executable, CONVERTER, root, "--classes", str(CLASSES), "--out", "out.h5",
         *map(str, arguments)], capture_output=True, text=True)


def check(epochs, expected, images, type, tolerance):
    """The converted rows are numpy's; `images` tells the rows' images."""
    with h5py.File("out.h5") as file:
        rows = file["probabilities"]
        assert rows.shape == (len(epochs), IMAGES, CLASSES) and rows.dtype == type, rows
        assert list(rows.attrs["epochs"]) == list(epochs)
        for view, epoch in enumerate(epochs):
            worst = abs(rows[view].astype("f8") - expected[epoch][images(file)]).max()
            assert worst <= tolerance, worst
    os.unlink("out.h5")


def refuses(text, damage, *arguments):
    """A copy of the logits, damaged, is refused in these words, and leaves no file."""
    with tempfile.TemporaryDirectory() as copy:
        root = pathlib.Path(copy, "logits")
        shutil.copytree("named", root)
        damage(root / f"logits_top{TOP}_epoch{EPOCHS[0]}")
        run = convert(root, *arguments)
        said = f"tools/convert_tinyvit.py: {text}\n".replace("{root}", str(root))
        assert run.returncode == 1 and run.stderr == said, (run, said)
        assert not list(pathlib.Path().glob("out.h5*"))


def named(file):
    return [NAMES.index(name.decode().removesuffix(".jpg")) for name in file["names"][:]]


def in_order(file):
    assert list(file) == ["probabilities"]
    return list(range(IMAGES))


def damages():
    """What is wrong, what is said of it, and how it comes about."""
    first, size = "logits_top3_epoch4", 4 + 4 * TOP
    records = -(-IMAGES // RANKS)
    values = f"{first}/rank1-values.bin"

    def cut(folder):
        with open(folder / "rank1-values.bin", "r+b") as file:
            file.truncate(records * size - 1)

    def other(folder):
        text = (folder / "rank0-keys.txt").read_text()
        (folder / "rank0-keys.txt").write_text("n99_99\n" + text.split("\n", 1)[1])

    def patch(offset, type, *numbers):
        def damage(folder):
            with open(folder / "rank1-values.bin", "r+b") as file:
                file.seek(2 * size + offset)
                file.write(np.array(numbers, type).tobytes())
        return damage

    yield (f"{values}: {records * size - 1} bytes, and the {records} keys beside it need "
           f"{records} x {size}"), cut
    yield f"{first}/rank0-keys.txt: is missing", lambda folder: (folder / "rank0-keys.txt").unlink()
    yield (f"{first}/rank0-keys.txt: its last line is cut short",
           lambda folder: (folder / "rank0-keys.txt").write_text("n00_0"))
    yield ("logits_top3_epoch5: has no response to n99_99, which {root}/logits_top3_epoch4 has", other)
    for reason, damage in (
            (f"names a class beyond the {CLASSES}", patch(4, "<i2", CLASSES)),
            ("names a class twice", patch(4, "<i2", 1, 2, 1)),
            ("holds a number that is no probability", patch(4 + 2 * TOP, "<f2", np.nan)),
            ("is not in the order of probabilities", patch(4 + 2 * TOP, "<f2", 0.1, 0.2, 0.1)),
            ("holds probabilities that sum to more than 1", patch(4 + 2 * TOP, "<f2", 0.9, 0.2, 0.1)),
    ):
        yield f"{values}: record 2 {reason}", damage


def main():
    here, expected = pathlib.Path.cwd(), {}
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for epoch in EPOCHS:
            probabilities = responses()
            expected[epoch] = restored(probabilities)
            for root, keys in ("named", NAMES), ("numbered", list(map(str, range(IMAGES)))):
                save(pathlib.Path(root, f"logits_top{TOP}_epoch{epoch}"), keys, probabilities)
        # Half a unit in the last place of the largest numbers.
        for arguments, type, tolerance in ([], "f2", 2.0**-12), (["--float32"], "f4", 2.0**-25):
            run = convert("named", "--suffix", ".jpg", *arguments)
            assert run.returncode == 0 and "--keys names" in run.stdout, run
            assert "left out" in run.stdout, run
            if not arguments:
                shutil.copy("out.h5", here / "tinyvit.h5")
            check(EPOCHS, expected, named, type, tolerance)
        run = convert("numbered", "--epochs", "5")
        assert run.returncode == 0 and "--keys" not in run.stdout, run
        check([5], expected, in_order, "f2", 2.0**-12)

        refuses("{root}: holds no folder logits_top2_epoch0", lambda folder: None, "--top-k", 2)
        refuses("{root}: holds no folder logits_top3_epoch6", lambda folder: None, "--epochs", "4,6")
        for text, damage in damages():
            refuses("{root}/" + text, damage)
    with open(here / "tinyvit.json", "w") as out:
        json.dump([expected[epoch].tolist() for epoch in EPOCHS], out)
        out.write("\n")


if __name__ == "__main__":
    main()

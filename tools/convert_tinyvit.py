#!/usr/bin/env python3
"""Turns the teacher logits that TinyViT saves into a file for `understudy cache import`.

LOGITS is the folder that TinyViT calls DISTILL.TEACHER_LOGITS_PATH. Each epoch in it is a folder
logits_top<K>_epoch<E> with rank<R>-keys.txt, one key a line, and rank<R>-values.bin, which holds for
each line int32 seed, K int16 classes and K float16 probabilities, most probable first, little-endian.

FILE.h5 gets `probabilities`, [epochs, images, C], and `names`, [images]. What the K leave of 1 goes
to the other classes evenly, as in TinyViT's training. Keys that are numbers, TinyViT's for a folder
of images, count the images by sorted path: rows then come in that order, and there are no `names`.
Needs numpy and h5py.
"""
import argparse
import os
import pathlib
import re
import sys

import h5py
import numpy as np

# Rows that are decoded together: 32 MB of float64 at 1000 classes.
BLOCK = 4096
# Half of what the import allows a row's sum to differ from 1. Float16 takes at most 1/2048 of it.
TOLERANCE = 5e-4


class Damaged(Exception):
    """One line: where, what, and where it helps what to do."""


class Epoch:
    """One folder: which record is whose."""

    def __init__(self, folder, top_k):
        self.type = np.dtype([("seed", "<i4"), ("classes", "<i2", top_k), ("values", "<f2", top_k)])
        names = os.listdir(folder)
        matches = [re.fullmatch(r"rank(\d+)-(keys\.txt|values\.bin)", name) for name in names]
        ranks = sorted({int(match[1]) for match in matches if match})
        if not ranks:
            raise Damaged(f"{folder}: holds no rank<R>-keys.txt and rank<R>-values.bin")
        # Records are numbered through all files; `starts` has the first of each.
        self.numbers, self.files, self.starts, self.repeated = {}, [], [0], 0
        for rank in ranks:
            self.add(folder / f"rank{rank}-keys.txt", folder / f"rank{rank}-values.bin")
        if not self.numbers:
            raise Damaged(f"{folder}: holds no record")

    def add(self, keys, values):
        try:
            lines = keys.read_text(encoding="utf-8").split("\n")
            size = values.stat().st_size
        except FileNotFoundError as error:
            raise Damaged(f"{error.filename}: is missing") from None
        except UnicodeDecodeError:
            raise Damaged(f"{keys}: is not UTF-8 text") from None
        if lines.pop():
            raise Damaged(f"{keys}: its last line is cut short")
        if size != len(lines) * self.type.itemsize:
            raise Damaged(
                f"{values}: {size} bytes, and the {len(lines)} keys beside it need "
                f"{len(lines)} x {self.type.itemsize}")
        for number, line in enumerate(lines, self.starts[-1]):
            # A sampler that fills its last batch shows an image to two ranks, under two seeds.
            self.repeated += self.numbers.setdefault(line.strip(), number) != number
        if lines:
            self.files.append((values, np.memmap(values, self.type, "r")))
            self.starts.append(self.starts[-1] + len(lines))

    def records(self, numbers):
        """Records by their numbers, in that order."""
        found = np.empty(len(numbers), self.type)
        source = np.searchsorted(self.starts, numbers, "right") - 1
        for index in np.unique(source):
            there = source == index
            found[there] = self.files[index][1][numbers[there] - self.starts[index]]
        return found

    def place(self, number):
        """A record's file and place in it, for errors."""
        index = int(np.searchsorted(self.starts, number, "right")) - 1
        return f"{self.files[index][0]}: record {number - self.starts[index]}"


def decode(records, classes):
    """Rows, float64 [records, classes]; or the first record that is none, and why."""
    stored, values = records["classes"].astype("i8"), records["values"].astype("f8")
    total, ordered = values.sum(1), np.sort(stored, axis=1)
    full = stored.shape[1] == classes
    faults = [
        (((stored < 0) | (stored >= classes)).any(1), f"names a class beyond the {classes}"),
        ((ordered[:, 1:] == ordered[:, :-1]).any(1), "names a class twice"),
        (~((values >= 0) & (values <= 1)).all(1), "holds a number that is no probability"),
        ((values[:, 1:] > values[:, :-1]).any(1), "is not in the order of probabilities"),
        (total > 1 + TOLERANCE, "holds probabilities that sum to more than 1"),
        (full & (total < 1 - TOLERANCE), "holds every class and sums to less than 1"),
    ]
    for wrong, reason in faults:
        if wrong.any():
            return int(wrong.argmax()), reason
    # Rounding to float16 can bring the sum a little above 1.
    share = np.maximum(1 - total, 0) / max(classes - stored.shape[1], 1)
    rows = np.repeat(share[:, None], classes, axis=1)
    np.put_along_axis(rows, stored, values, axis=1)
    return rows / rows.sum(1, keepdims=True)


def folders(root, top_k, wanted):
    """The K, and the number and folder of each epoch that is wanted."""
    if not root.is_dir():
        raise Damaged(f"{root}: there is no such folder")
    found = {}
    for name in os.listdir(root):
        if match := re.fullmatch(r"logits_top([1-9]\d*)_epoch(\d+)", name):
            found.setdefault(int(match[1]), {})[int(match[2])] = root / name
    if not found:
        raise Damaged(f"{root}: holds no folder logits_top<K>_epoch<E>")
    if top_k is None and len(found) > 1:
        raise Damaged(f"{root}: holds top-{' and top-'.join(map(str, sorted(found)))}; give --top-k")
    top_k = top_k or min(found)
    there = found.get(top_k, {})
    chosen = sorted(there) if wanted is None else wanted
    for epoch in chosen or [0]:
        if epoch not in there:
            raise Damaged(f"{root}: holds no folder logits_top{top_k}_epoch{epoch}")
    return top_k, [(epoch, there[epoch]) for epoch in chosen]


def order(epoch, folder):
    """The keys in the order of their rows, and whether they are numbers of images."""
    keys = list(epoch.numbers)
    if not all(re.fullmatch(r"0|[1-9]\d*", key) for key in keys):
        return keys, False
    keys.sort(key=int)
    if int(keys[-1]) != len(keys) - 1:
        raise Damaged(f"{folder}: its keys are {len(keys)} numbers of images, up to {keys[-1]}")
    return keys, True


def convert(options, out):
    top_k, chosen = folders(options.logits, options.top_k, options.epochs)
    if top_k > options.classes:
        raise Damaged(f"{options.logits}: top-{top_k} of {options.classes} classes; mend --classes")
    keys = rows = None
    repeated = 0
    for view, (number, folder) in enumerate(chosen):
        epoch = Epoch(folder, top_k)
        repeated += epoch.repeated
        if keys is None:
            keys, numbered = order(epoch, folder)
            rows = out.create_dataset(
                "probabilities", (len(chosen), len(keys), options.classes), options.type)
            rows.attrs["epochs"] = [number for number, _ in chosen]
            if not numbered:
                names = [key + options.suffix for key in keys]
                out.create_dataset("names", data=names, dtype=h5py.string_dtype())
        if missing := next((key for key in keys if key not in epoch.numbers), None):
            raise Damaged(f"{folder}: has no response to {missing}, which {chosen[0][1]} has")
        if len(epoch.numbers) > len(keys):
            more = next(iter(epoch.numbers.keys() - set(keys)))
            raise Damaged(f"{folder}: has a response to {more}, which {chosen[0][1]} has not")
        numbers = np.array([epoch.numbers[key] for key in keys])
        for start in range(0, len(keys), BLOCK):
            block = numbers[start : start + BLOCK]
            decoded = decode(epoch.records(block), options.classes)
            if isinstance(decoded, tuple):
                raise Damaged(f"{epoch.place(block[decoded[0]])} {decoded[1]}")
            decoded = decoded.astype(options.type)
            if (abs(decoded.sum(1, dtype="f8") - 1) > TOLERANCE).any():
                raise Damaged(f"{folder}: its rows lose too much as float16; add --float32")
            rows[view, start : start + len(block)] = decoded
    return len(chosen), keys, numbered, repeated


def epoch_list(text):
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not numbers with commas between them")
    return [int(number) for number in text.split(",")]


def main():
    summary, details = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logits", type=pathlib.Path, metavar="LOGITS")
    parser.add_argument("--classes", type=int, required=True, metavar="C", help="the teacher's classes")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="FILE.h5")
    parser.add_argument("--epochs", type=epoch_list, metavar="E,E,…", help="default: all, by number")
    parser.add_argument("--top-k", type=int, metavar="K", help="needed where LOGITS has more than one")
    parser.add_argument("--suffix", default="", help="what keys lack of a file's name, as .JPEG")
    parser.add_argument(
        "--float32", dest="type", action="store_const", const="f4", default="f2",
        help="instead of float16: twice the size")
    options = parser.parse_args()
    partial = options.out.with_name(options.out.name + ".partial")
    try:
        if options.out.exists():
            raise Damaged(f"{options.out}: exists; move it away, or name another file")
        with h5py.File(partial, "w") as out:
            views, keys, numbered, repeated = convert(options, out)
        partial.rename(options.out)
    except (Damaged, OSError, RuntimeError) as error:  # the last is what h5py raises on a full disk
        partial.unlink(missing_ok=True)
        sys.exit(f"tools/convert_tinyvit.py: {str(error).splitlines()[0]}")
    print(f"{options.out}: {views} x {len(keys)} responses, {options.classes} classes")
    if repeated:
        print(f"{repeated} responses to images that another rank had, too, were left out")
    matching = "" if numbered else " --keys names"
    print(f"import with --from {options.out} --dataset probabilities{matching} --probabilities")


if __name__ == "__main__":
    main()

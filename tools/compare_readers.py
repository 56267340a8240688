"""Compares two readers of a cache, for tools/compare-readers: CACHE ROWS PROGRAM."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import read_cache

LIMIT = 1e-6
# Rows in one call of the program: 25 MB of JSON at 1000 classes.
SLICE = 2048


def ours(program, cache, epoch, slots):
    """Rows as the program prints them, float64 `[slots, classes]`."""
    run = subprocess.run(
        [program, "cache", "rows", "--cache", cache, "--epoch", str(epoch), "--slots",
         f"{slots.start}..<{slots.stop}", "--json"], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"tools/compare-readers: understudy says: {run.stderr.strip()}")
    rows = json.loads(run.stdout)["rows"]
    if [row["slot"] for row in rows] != list(slots):
        sys.exit(f"tools/compare-readers: understudy printed other slots than {slots}")
    return np.array([row["probabilities"] for row in rows])


def main():
    cache, wanted, program = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    plan = json.loads((pathlib.Path(cache) / "manifest.json").read_text())
    epoch_slots = plan["groups_per_epoch"] * plan["group_size"]
    part_slots = plan["groups_per_part"] * plan["group_size"]
    parts = [
        (epoch, range(first, min(first + part_slots, epoch_slots)))
        for epoch in range(plan["epochs"]) for first in range(0, epoch_slots, part_slots)]
    compared, worst, place = 0, 0.0, None
    for epoch, slots in parts:
        if compared >= wanted:
            break
        try:
            theirs = read_cache.read(cache, epoch, slots.start, len(slots))
        except FileNotFoundError as error:
            sys.exit(f"tools/compare-readers: {error}")
        for first in range(slots.start, slots.stop, SLICE):
            some = range(first, min(first + SLICE, slots.stop))
            rows = ours(program, cache, epoch, some)
            difference = abs(rows - theirs[first - slots.start :][: len(some)])
            # A number that is none is the worst that can be.
            difference[np.isnan(difference)] = np.inf
            compared += len(some)
            if difference.max() > worst or place is None:
                worst = float(difference.max())
                row, column = np.unravel_index(difference.argmax(), difference.shape)
                place = f"epoch {epoch}, slot {first + row}, class {column}"
    print(f"rows compared: {compared} of {plan['classes']} classes, {plan['encoding']['name']}")
    print(f"largest absolute difference: {worst:.3g} ({place})")
    if worst > LIMIT:
        sys.exit(f"tools/compare-readers: the readers differ by more than {LIMIT:g}")


if __name__ == "__main__":
    main()

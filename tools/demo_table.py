"""The table of tools/demo: FOLDER SEEDS [--json]."""

import json
import os
import pathlib
import platform
import statistics
import sys


def main() -> None:
    folder, seeds = pathlib.Path(sys.argv[1]), int(sys.argv[2])

    def read(name: str) -> dict:
        return json.loads((folder / name).read_text())

    teacher = read("teacher.json")
    students = {
        kind: [read(f"runs/{kind}-{seed}.json")["top1"] for seed in range(1, seeds + 1)]
        for kind in ("labels", "distilled")}
    differences = [b - a for a, b in zip(students["labels"], students["distilled"])]
    result = {
        "teacher": teacher["top1"],
        "labels": statistics.mean(students["labels"]),
        "labels_se": standard_error(students["labels"]),
        "distilled": statistics.mean(students["distilled"]),
        "distilled_se": standard_error(students["distilled"]),
        "difference": statistics.mean(differences),
        "difference_se": standard_error(differences),
        "seeds": seeds,
        "test_images": teacher["images"],
    }
    if "--json" in sys.argv:
        print(json.dumps(result | {"students": students}, indent=1))
        return
    cache = read("cache.json")
    own = ("beit_micro_patches", "patches-teacher")
    name = "micro BEiT" if cache["teacher"] in own else cache["teacher"]
    rows = [("top-1 on the test", "mean", "± s.e.")]
    rows.append((f"teacher ({name})", f"{result['teacher']:.2f} %", ""))
    for kind, title in (
            ("labels", f"{seeds} ResNet50s, labels only"), ("distilled", f"{seeds} ResNet50s, distilled"),
            ("difference", "difference, by pairs")):
        rows.append((title, f"{result[kind]:.2f} %", f"± {result[kind + '_se']:.2f}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for title, *cells in rows:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:])]
        print("  ".join([title.ljust(widths[0]), *padded]).rstrip())
    print(f"\ntest: {result['test_images']:,} images, on which nothing was tuned")
    print(
        f"cache: {cache['responses']:,} responses, {cache['bytes'] / 1e3:.0f} kB, "
        f"{cache['bytes_per_response']:.1f} bytes per response, read by {seeds} students")
    training = read("runs/distilled-1/result.json")
    print(f"each student: {training['epochs']} epochs")
    model = next((
        line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
        if line.startswith("model name")), platform.machine())
    print(f"machine: {len(os.sched_getaffinity(0))} cores, {model}")


def standard_error(values: list[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5


if __name__ == "__main__":
    main()

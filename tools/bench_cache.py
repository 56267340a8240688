"""Runs `understudy cache bench` on each kind of responses; called by tools/bench-cache."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What the cache of recipes/imagenet-resnet50-kd.yaml holds: 610 epochs of 1,281,167 images. A
# table that is stored once is shared among so many.
IMAGENET = 610 * 1_281_167

# What the encodings are to reach on a real teacher's responses, beside TinyViT's layout: bytes at the
# same mean divergence, whatever the bound, and divergence in the bytes of its ten classes.
BARS = {"bytes_ratio": 0.30, "kl_ratio": 0.40}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--understudy", required=True)
    arguments.add_argument("--views", type=int, required=True)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--real", action="store_true")
    options = arguments.parse_args()

    if options.real:
        subjects = real(options.views)
        named = naming(options.understudy)
    else:
        subjects = textures(options.views)
    reports = {}
    for name, subject in subjects.items():
        print(f"bench-cache: {name}", file=sys.stderr)
        command = [options.understudy, "cache", "bench", *map(str, subject)]
        # One thread computes at a time: where others do, rendering waits for them.
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if not options.json:
            print(f"== {name}", flush=True)
            if options.real:
                print(f"the teacher names {named} of 20 ImageNet photographs", flush=True)
            subprocess.run(command, env=environment, check=True)
            print(flush=True)
            continue
        done = subprocess.run(command + ["--json"], env=environment, check=True, stdout=subprocess.PIPE)
        reports[name] = json.loads(done.stdout)
    if options.json:
        first = reports[next(iter(subjects))]
        summary = {key: first[key] for key in ("bytes_ratio", "kl_ratio", "max_kl", "table")}
        summary["rows_per_second"] = first["rows_per_second"]["bounded 0.01 nats"]
        # Of every kind of responses, not only of these.
        summary["max_kl_of_all"] = max(report["max_kl"] for report in reports.values())
        if options.real:
            ratios = {f"{one['max_kl']:g}": one["ratio"] for one in first["equal"]}
            summary |= {
                "named_of_20": named, "bytes_ratios": ratios, "bars": BARS,
                "bars_met": max(ratios.values()) <= BARS["bytes_ratio"]
                and first["kl_ratio"] <= BARS["kl_ratio"]}
        print(json.dumps(summary | {"reports": reports}))


def real(views):
    recipes = ROOT / "recipes"
    return {"photographs, mixed views": [
        "--recipe", recipes / "photographs-measured.yaml", "--views", views,
        "--prior-recipe", recipes / "photographs-others.yaml", "--cached", IMAGENET]}


def naming(understudy):
    """How many of ImageNet's photographs the teacher names, out of their 20."""
    command = [
        understudy, "eval", "--teacher", ROOT / "teachers/tf_efficientnet_lite0.yaml", "--data",
        ROOT / ".bench/photographs/named.txt", "--json"]
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE)
    return round(json.loads(done.stdout)["top1"] * 20 / 100)


def textures(views):
    recipe = ["--recipe", ROOT / "recipes/textures-kd.yaml", "--views", views]
    subjects = {
        "textures, mixed views": recipe,
        "textures, clean views": recipe + ["--set", "view.mix=none"],
    }
    for family in ("peaked", "smoothed", "flat"):
        for classes, rows in ((10, 16384), (100, 8192), (1000, 4096), (21841, 256)):
            made = ["--family", family, "--classes", classes, "--views", rows]
            subjects[f"{family}, {classes} classes"] = made
    return subjects


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)

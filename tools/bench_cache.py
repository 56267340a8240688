"""Runs `understudy cache bench` on each kind of responses; called by tools/bench-cache."""
import argparse
import json
import os
import subprocess
import sys


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--understudy", required=True)
    arguments.add_argument("--recipe", required=True)
    arguments.add_argument("--views", type=int, required=True)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()

    recipe = ["--recipe", options.recipe, "--views", str(options.views)]
    subjects = {
        "textures, mixed views": recipe,
        "textures, clean views": recipe + ["--set", "view.mix=none"],
    }
    for family in ("peaked", "smoothed", "flat"):
        for classes, rows in ((10, 16384), (100, 8192), (1000, 4096), (21841, 256)):
            made = ["--family", family, "--classes", str(classes), "--views", str(rows)]
            subjects[f"{family}, {classes} classes"] = made

    reports = {}
    for name, subject in subjects.items():
        print(f"bench-cache: {name}", file=sys.stderr)
        command = [options.understudy, "cache", "bench", *subject]
        # One thread computes at a time: where others do, rendering waits for them.
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if not options.json:
            print(f"== {name}", flush=True)
            subprocess.run(command, env=environment, check=True)
            print(flush=True)
            continue
        done = subprocess.run(command + ["--json"], env=environment, check=True, stdout=subprocess.PIPE)
        reports[name] = json.loads(done.stdout)
    if options.json:
        mixed = reports["textures, mixed views"]
        summary = {key: mixed[key] for key in ("bytes_ratio", "kl_ratio", "max_kl", "table")}
        summary["rows_per_second"] = mixed["rows_per_second"]["bounded 0.01 nats"]
        # Of every kind of responses, not only of these.
        summary["max_kl_of_all"] = max(report["max_kl"] for report in reports.values())
        print(json.dumps(summary | {"reports": reports}))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)

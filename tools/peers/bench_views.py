"""The rounds and the table of tools/bench-views."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

# Our stages and theirs, row by row. Ours mirrors as it resizes, and renders in the batch itself.
ROWS = (
    ("read", ("read",), ("read",)),
    ("decode", ("decode",), ("decode",)),
    ("crop, resize, flip", ("resize",), ("crop and resize", "flip")),
    ("RandAugment", ("augment",), ("RandAugment",)),
    ("to the batch", (), ("to tensor",)),
)


class Ours:
    """`understudy views bench`, a process for each pass."""

    def __init__(self, arguments: argparse.Namespace, images: int):
        photos = arguments.photos
        # A step of one group, and no repeats: the epoch is then every image once.
        settings = {
            "data.train": photos, "data.val": photos, "data.classes": len(list(pathlib.Path(photos).glob("c*"))),
            "batch.size": 192, "batch.group": 192, "batch.repeats": 1}
        self.images = images
        self.command = [
            arguments.understudy, "views", "bench", "--recipe", arguments.recipe,
            *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
            "--views", str(images), "--json"]

    def run(self, cores: list[int]) -> dict:
        workers = len(cores)
        command = ["taskset", "-c", ",".join(map(str, cores)), *self.command, "--workers", str(workers)]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"tools/bench-views: {' '.join(command)}: exit code {done.returncode}")
        result = json.loads(done.stdout)
        if (result["views"], result["workers"]) != (self.images, workers):
            sys.exit(
                f"tools/bench-views: asked for {self.images} views on {workers} workers, got {result}")
        return result


class Theirs:
    """theirs.py, one process for all passes."""

    def __init__(self, photos: str, core: int):
        script = pathlib.Path(__file__).with_name("theirs.py")
        self.process = subprocess.Popen(
            [sys.executable, "-s", str(script), photos, str(core)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.versions = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"tools/bench-views: the Python worker ended with {self.process.wait()}")
        return json.loads(line)

    def run(self) -> dict:
        self.process.stdin.write("pass\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("understudy", "recipe", "photos"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    files = sorted(pathlib.Path(arguments.photos).glob("*/*.jpg"))
    size = sum(len(file.read_bytes()) for file in files)  # and they are in the page cache
    cores = sorted(os.sched_getaffinity(0))
    ours = Ours(arguments, len(files))
    theirs = Theirs(arguments.photos, cores[0])
    ours.run(cores[:1])
    theirs.run()
    rounds = []
    for number in range(arguments.rounds):
        one = ours.run(cores[:1])
        peer = theirs.run()
        two = ours.run(cores[:2]) if len(cores) > 1 else None
        rate, peer_rate = one["images_per_second"], len(files) / peer["seconds"]
        rounds.append({
            "ours": rate, "theirs": peer_rate,
            "ours_2_workers": two and two["images_per_second"],
            "ratio": rate / peer_rate,
            "ratio_2_workers": two and two["images_per_second"] / rate,
            "stages": {"ours": one["stages"], "theirs": peer["stages"]}})
        print(
            f"bench-views: round {number + 1} of {arguments.rounds}: "
            f"{rate:.0f} and {peer_rate:.0f} images/s", file=sys.stderr)
    theirs.close()

    result = summary(rounds)
    result["images"] = {"count": len(files), "mean_bytes": size / len(files)}
    result["versions"] = {"understudy": version(arguments.understudy), **theirs.versions}
    result["machine"] = {"cores": len(cores), "model": model()}
    print(json.dumps(result) if arguments.json else table(result))


def summary(rounds: list[dict]) -> dict:
    def spread(name: str) -> dict | None:
        values = [row[name] for row in rounds if row[name] is not None]
        if not values:
            return None
        return {"median": statistics.median(values), "min": min(values), "max": max(values)}

    def stage(side: str, names: tuple[str, ...]) -> float:
        return sum(
            statistics.median(row["stages"][side][name] for row in rounds) for name in names)

    ratio, two = spread("ratio"), spread("ratio_2_workers")
    return {
        "ratio": ratio["median"],
        "ratio_2_workers": two and two["median"],
        # Milliseconds per image, each on one core.
        "stages": {
            title: {"ours": stage("ours", mine), "theirs": stage("theirs", peer)}
            for title, mine, peer in ROWS},
        "ours": spread("ours"), "theirs": spread("theirs"),
        "ours_2_workers": spread("ours_2_workers"),
        "rounds": rounds,
    }


def table(result: dict) -> str:
    lines = [f"{'ms per image, one core':<24}{'ours':>9}{'theirs':>9}{'theirs / ours':>16}"]
    stages = dict(result["stages"])
    stages["all stages"] = {
        side: sum(row[side] for row in stages.values()) for side in ("ours", "theirs")}
    for title, row in stages.items():
        quotient = f"{row['theirs'] / row['ours']:.1f}" if row["ours"] > 0 else "-"
        lines.append(f"{title:<24}{row['ours']:>9.3f}{row['theirs']:>9.3f}{quotient:>16}")
    lines += ["", f"{'images/s':<24}{'median':>9}{'min':>9}{'max':>9}"]
    for title, name in (
            ("ours", "ours"), ("theirs", "theirs"), ("ours, two workers", "ours_2_workers")):
        if row := result[name]:
            lines.append(f"{title:<24}{row['median']:>9.0f}{row['min']:>9.0f}{row['max']:>9.0f}")
    lines += ["", f"ratio, ours / theirs on one core: {result['ratio']:.2f}"]
    if result["ratio_2_workers"] is not None:
        lines.append(f"ratio, two workers / one: {result['ratio_2_workers']:.2f}")
    versions, machine, images = result["versions"], result["machine"], result["images"]
    lines += [
        "",
        f"ours: understudy {versions['understudy']}; theirs: timm {versions['timm']}, Pillow "
        f"{versions['pillow']} (libjpeg-turbo {versions['pillow_libjpeg_turbo']}), "
        f"Python {versions['python']}",
        f"images: {images['count']} JPEGs of 500x375, mean {images['mean_bytes'] / 1000:.1f} kB; "
        f"{len(result['rounds'])} rounds",
        f"machine: {machine['cores']} cores, {machine['model']}"]
    return "\n".join(lines)


def version(program: str) -> str:
    """What the program calls itself; else its checkout's commit."""
    for command in (
            [program, "--version"],
            ["git", "-C", str(pathlib.Path(program).resolve().parent), "describe", "--always", "--dirty"]):
        try:
            done = subprocess.run(command, text=True, capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return done.stdout.strip()
    return "of unknown version"


def model() -> str:
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()

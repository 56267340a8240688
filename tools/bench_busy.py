"""The rounds and the table of tools/bench-busy."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

# What libgomp does by itself: 300,000 looks at a barrier before a thread sleeps (libgomp, env.c).
LIBGOMP = "300000"
# Steps that are not timed: the first allocates and plans what the others use again.
WARM_UP = 2
TICKS = os.sysconf("SC_CLK_TCK")


def fail(text: str) -> None:
    sys.exit(f"tools/bench-busy: {text}")


def machine_seconds() -> float:
    """CPU time of all processes since the machine began, in seconds."""
    user, nice, system, _, _, irq, softirq = map(int, open("/proc/stat").readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def process_seconds(pid: int) -> float:
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Training:
    """One training, timed between the lines of its trace."""

    def __init__(self, arguments: argparse.Namespace, spin: str | None, folder: str):
        self.trace = pathlib.Path(folder) / "trace.jsonl"
        self.errors = pathlib.Path(folder) / "errors"
        environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("OMP_", "GOMP_", "MKL_"))}
        if spin is not None:
            environment["GOMP_SPINCOUNT"] = spin
        command = [
            arguments.understudy, "train", "--recipe", arguments.recipe, "--out", f"{folder}/run",
            "--trace", str(self.trace), "--set", "schedule.epochs=1000",
            "--set", "checkpoint.every_steps=1000000", "--set", "precision=fp32"]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.errors, "w"))

    def time(self, seconds: float) -> float:
        """Steps in a second, of steps that follow one another in an epoch."""
        seen, text, began, last, spent, steps = 0, "", None, None, 0.0, 0
        try:
            stream = None
            while began is None or time.monotonic() < began + seconds or steps == 0:
                if self.process.poll() is not None:
                    fail(f"the training ended: {self.errors.read_text().strip()}")
                if stream is None and self.trace.exists():
                    stream = open(self.trace)
                text += stream.read() if stream is not None else ""
                now = time.monotonic()
                *lines, text = text.split("\n")
                for line in map(json.loads, lines):
                    seen += 1
                    place = (line["epoch"], line["step"])
                    if seen > WARM_UP:
                        began = began or now
                        if last is not None and last[0] == (place[0], place[1] - 1):
                            spent += now - last[1]
                            steps += 1
                        last = (place, now)
                time.sleep(0.002)
        finally:
            # It has nothing that is worth saving.
            self.process.kill()
            self.process.wait()
        return steps / spent


class Loops:
    """A busy loop for each core."""

    def __init__(self, count: int):
        self.processes = [
            subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]

    def seconds(self) -> float:
        return sum(process_seconds(process.pid) for process in self.processes)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def measure(arguments: argparse.Namespace, spin: str | None, cores: int, busy: bool):
    """Steps in a second, and the share of the cores that processes of others took."""
    loops = Loops(cores if busy else 0)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-busy-") as folder:
            began, before, ours = time.monotonic(), machine_seconds(), os.times()
            theirs = loops.seconds()
            rate = Training(arguments, spin, folder).time(arguments.seconds)
            used = machine_seconds() - before - (loops.seconds() - theirs)
            now = os.times()
            used -= sum(now[:4]) - sum(ours[:4])
            return rate, max(used, 0) / (time.monotonic() - began) / cores
    finally:
        loops.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--understudy", required=True)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    cores = len(os.sched_getaffinity(0))
    batch = 96  # of recipes/patches-base.yaml
    # (limit, busy) -> images in a second, for each round.
    rates = {(limit, busy): [] for limit in ("ours", "libgomp's") for busy in (False, True)}
    others = {key: [] for key in rates}
    for number in range(arguments.rounds):
        for key in rates:
            rate, share = measure(arguments, None if key[0] == "ours" else LIBGOMP, cores, key[1])
            rates[key].append(batch * rate)
            others[key].append(share)
            print(
                f"round {number + 1}/{arguments.rounds}: limit {key[0]:9} "
                f"{'busy ' if key[1] else 'quiet'} {rates[key][-1]:7.1f} images/s, "
                f"others {share:.0%}", file=sys.stderr)
    median = {key: statistics.median(values) for key, values in rates.items()}
    ratio = {limit: median[limit, True] / median[limit, False] for limit in ("ours", "libgomp's")}
    quiet_ratio = median["ours", False] / median["libgomp's", False]
    model = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
         if line.startswith("model name")), platform.machine())
    result = {
        "ratio": ratio["ours"], "ratio_unlimited": ratio["libgomp's"], "quiet_ratio": quiet_ratio,
        "images_per_second": {
            "quiet": median["ours", False], "busy": median["ours", True],
            "quiet_unlimited": median["libgomp's", False],
            "busy_unlimited": median["libgomp's", True]},
        "others": max(map(max, others.values())), "rounds": arguments.rounds, "cores": cores,
        "machine": model}
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{'images/s':28}{'quiet':>8}{'busy':>8}{'busy / quiet':>15}")
    for limit, title in (("libgomp's", "libgomp's spin limit"), ("ours", "the program's choice")):
        print(
            f"{title:28}{median[limit, False]:8.1f}{median[limit, True]:8.1f}"
            f"{ratio[limit]:15.2f}")
    print(f"quiet: {quiet_ratio:.2f}x of the speed under libgomp's limit")
    print(
        f"machine: {cores} cores, {model}; other processes took up to {result['others']:.0%} of them "
        "in a measurement")


if __name__ == "__main__":
    main()

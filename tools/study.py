"""What tools/study runs, and the page it makes of it; its arguments are described there."""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import math
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECIPE = ROOT / "recipes/patches-kd.yaml"
LABELS = ROOT / "recipes/patches-labels.yaml"
CARD = ROOT / "teachers/beit_micro_patches.yaml"
PATCHES = ROOT / ".demo/patches"
CLASSES, IMAGES = 37, 7392  # images of an epoch: whole groups
EPOCHS = 6  # of a training, where nothing else is said
# Where the study differs from the demo, whose students are larger and see less.
NETWORK = ["model={name: resnet18, init: pytorch}", "batch={size: 96, group: 96}", "optimizer.lr=5.0e-3"]


@dataclasses.dataclass(frozen=True)
class Cache:
    """A teacher's responses: to mixed views, or made of others and imported."""

    epochs: int = EPOCHS
    encoding: tuple = ("bounded", 0.01)
    source: str = "mixed"  # or "views" (clean, blended by lambda), or "images" (one of each)
    data: str = "all"

    @property
    def name(self) -> str:
        return f"{self.source}-{self.epochs}-{'-'.join(map(str, self.encoding))}" + suffix(self.data)

    @property
    def settings(self) -> list[str]:
        kind, *value = self.encoding
        bound = value[0] if kind == "bounded" else "none"
        fields = [
            f"epochs: {self.epochs}", f"encoding: {kind}", "groups_per_part: 11",
            f"max_kl: {bound}"] + ([f"top_k: {value[0]}"] if kind == "topk" else [])
        return ["cache={" + ", ".join(fields) + "}"]


@dataclasses.dataclass(frozen=True)
class Student:
    """A kind of training, of which there is one for each seed."""

    epochs: int = EPOCHS
    kl: float = 0.8
    cache: Cache | None = Cache()
    data: str = "all"  # or "quarter", a quarter of the images, or "beside": the others without labels

    @property
    def name(self) -> str:
        taught = f"kl{self.kl}-{self.cache.name}" if self.cache else "labels" + suffix(self.data)
        return f"{taught}-e{self.epochs}"

    @property
    def cost(self) -> float:
        """The views of a training, in epochs of all images."""
        return self.epochs * (0.25 if self.data == "quarter" else 1)

    @property
    def settings(self) -> list[str]:
        settings = [
            *NETWORK, f"schedule.epochs={self.epochs}", "average.keep=3",
            "checkpoint.every_steps=77"]
        if self.cache:
            settings += self.cache.settings
            settings += [f"loss={{kl: {self.kl}, ce: {round(1 - self.kl, 6)}}}"]
        return settings


def suffix(data: str) -> str:
    return "" if data == "all" else f"-{data}"


LABELS_ONLY = Student(cache=None)
PUBLISHED = Student()


def tables() -> dict[int, tuple[str, list[tuple[str, Student]]]]:
    """The title of each table, and its rows; the first is what the others are compared with."""
    def encoded(*encoding) -> Student:
        return Student(cache=Cache(encoding=encoding))

    def replayed(epochs: int) -> Student:
        return Student(epochs=8, cache=Cache(epochs=epochs))

    def quarter(cache: Cache | None) -> Student:
        return Student(epochs=4 * EPOCHS, cache=cache, data="quarter")

    lengths = (1, 2, 4, 6, 8)
    return {
        1: ("The weight of the teacher", [("labels only", LABELS_ONLY)] + [
            (f"{kl:g} KL + {1 - kl:.1g} CE" if kl < 1 else "KL alone: no label is read",
             Student(kl=kl)) for kl in (0.2, 0.5, 0.8, 1.0)]),
        2: ("How responses are stored", [("dense", encoded("dense"))] + [
            (f"bounded, {bound:g} nats", encoded("bounded", bound))
            for bound in (0.003, 0.01, 0.03, 0.1, 0.3)] + [
            (f"top {k}", encoded("topk", k)) for k in (10, 20)]),
        3: ("Epochs of views that 8 epochs of training replay", [
            (f"{epochs} of 8", replayed(epochs)) for epochs in (8, 4, 2, 1)]),
        4: ("What the teacher has seen", [
            ("the very view, mixed", PUBLISHED),
            ("both views clean, blended", Student(cache=Cache(source="views"))),
            ("each image once, blended", Student(cache=Cache(source="images"))),
            ("nothing: labels only", LABELS_ONLY)]),
        5: ("Without labels", [
            ("all labelled, labels only", LABELS_ONLY), ("all labelled, distilled", PUBLISHED),
            ("none labelled, KL alone", Student(kl=1.0)),
            ("a quarter, labels only", quarter(None)),
            ("a quarter, distilled", quarter(Cache(epochs=4 * EPOCHS, data="quarter"))),
            ("a quarter + others unlabelled", Student(cache=Cache(data="beside"), data="beside"))]),
        6: ("The length of the training", [
            (f"{epochs} epoch{'s' * (epochs > 1)}, {kind}", Student(epochs=epochs, cache=cache))
            for epochs in lengths
            for kind, cache in (("labels only", None), ("distilled", Cache(epochs=epochs)))]),
        7: ("Which weights are handed over", [
            (f"{epochs} epochs, {which}", Student(epochs=epochs, cache=Cache(epochs=epochs)))
            for epochs in (2, 4, 8) for which in WHICH]),
    }


# The EMA network at the end, the best one by validation, the mean of the three best, and the best of
# the trained network itself.
WHICH = {
    "the last EMA": "last", "the best EMA": "best", "the mean of the 3 best": "average",
    "the best raw network": "raw"}


class Study:
    def __init__(self, arguments: argparse.Namespace):
        self.folder = pathlib.Path(arguments.out).absolute()
        self.program = str(pathlib.Path(arguments.understudy).absolute())
        self.seeds = range(1, arguments.seeds + 1)
        self.jobs = arguments.jobs
        self.tables = {
            number: table for number, table in tables().items()
            if number in (arguments.table or tables())}
        self.running: set[subprocess.Popen] = set()
        self.lock = threading.Lock()
        self.stopped = False

    # What there is to run

    def students(self) -> list[Student]:
        """Each once, those of cheaper trainings first."""
        found = {student for _, rows in self.tables.values() for _, student in rows}
        return sorted(found, key=lambda student: (student.cost, student.name))

    def compared(self) -> set[Student]:
        """Those of which all weights are measured, for the table that compares them."""
        return {student for _, student in tables()[7][1]}

    def run(self) -> None:
        for name in ("runs", "caches"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        subprocess.run([ROOT / "tools/make-patches", PATCHES], check=True)
        self.part()
        caches = {student.cache for student in self.students() if student.cache}
        todo = [
            (student, seed) for student in self.students() for seed in self.seeds
            if not self.test(student, seed).exists()]
        print(f"{len(caches)} caches, {len(todo)} trainings to run", flush=True)
        for cache in sorted(caches, key=lambda cache: cache.name):
            self.build(cache)
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            futures = [pool.submit(self.train, *one) for one in todo]
            try:
                for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
                    print(f"{done}/{len(todo)} {future.result()}", flush=True)
            except BaseException:
                self.stop()
                pool.shutdown(cancel_futures=True)
                raise

    def part(self) -> None:
        """Links every fourth image of a class to one folder, and the others to another."""
        for source in sorted((PATCHES / "train").glob("*/*.jpg")):
            labeled = int(source.stem) % 4 == 0
            part = self.folder / "data" / ("labeled" if labeled else "others")
            link = part / source.parent.name / source.name
            if not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(source)

    def data(self, name: str) -> list[str]:
        """The settings of a recipe of these images, which are more than the demo's students have."""
        train = PATCHES / "train" if name == "all" else self.folder / "data/labeled"
        settings = [f"data.train={train}", f"data.val={PATCHES / 'val'}"]
        if name == "beside":
            settings.append(f"data.unlabeled={self.folder / 'data/others'}")
        return settings

    def list(self) -> None:
        for student in self.students():
            done = sum(self.test(student, seed).exists() for seed in self.seeds)
            print(f"{done}/{len(self.seeds)} {student.name}")

    # One cache

    def build(self, cache: Cache) -> None:
        folder, done = self.folder / "caches" / cache.name, self.info(cache)
        if done.exists():
            return
        print(f"cache {cache.name}", flush=True)
        settings = [*NETWORK, *cache.settings, *self.data(cache.data)]
        if cache.source == "mixed":
            self.understudy("cache", "build", "--recipe", RECIPE, *sets(settings), "--cache", folder)
        else:
            card = self.import_card(cache)
            self.understudy(
                "cache", "import", "--recipe", RECIPE, *sets(settings + [f"teacher.card={card}"]),
                "--cache", folder)
        publish(done, self.understudy("cache", "info", "--cache", folder, "--json"))

    def import_card(self, cache: Cache) -> pathlib.Path:
        """The card of responses to views that nothing was mixed into.

        With `views` the teacher sees each augmented view alone, with `images` each image once, whole.
        The rows are read from a dense cache of such views, in the order of the images.
        """
        import h5py
        import numpy

        card = self.folder / "caches" / f"{cache.source}-{cache.epochs}.yaml"
        if card.exists():
            return card
        epochs = cache.epochs if cache.source == "views" else 1
        data = self.data(cache.data)
        settings = [
            *data, *NETWORK, "view.mix=none",
            f"cache={{epochs: {epochs}, encoding: dense, max_kl: none, groups_per_part: 11}}"]
        if cache.source == "images":
            settings += [
                "view.crop={scale: [1, 1], ratio: [1, 1]}", "view.randaugment=none", "view.flip=0",
                "view.interpolation=bilinear", "batch={size: 100, group: 100, repeats: 1}",
                "cache.groups_per_part=74"]
        clean = self.folder / "caches" / f"clean-{cache.source}-{epochs}"
        self.understudy("cache", "build", "--recipe", RECIPE, *sets(settings), "--cache", clean)
        names = sorted(
            str(path.relative_to(PATCHES / "train"))
            for path in (PATCHES / "train").glob("*/*.jpg"))
        # An epoch is of whole groups: of an image that it leaves out, the next or last one tells.
        rows = numpy.full((epochs, len(names), CLASSES), numpy.nan, "f4")
        slots = 7400 if cache.source == "images" else IMAGES
        for epoch in range(epochs):
            said = json.loads(self.understudy(
                "cache", "rows", "--cache", clean, "--epoch", epoch, "--slots", f"0..<{slots}",
                "--json"))["rows"]
            views = card.with_suffix(".json")
            self.understudy(
                "views", "--recipe", RECIPE, *sets(settings), "--epoch", epoch, "--slots",
                f"0..<{slots}", "--params", views)
            for row, view in zip(said, json.loads(views.read_text())["slots"]):
                rows[epoch, view["image_index"]] = row["probabilities"]
        earlier = [(epoch, epoch + 1) for epoch in reversed(range(epochs - 1))]
        later = [(epoch, epoch - 1) for epoch in range(1, epochs)]
        for epoch, near in earlier + later:
            rows[epoch] = numpy.where(numpy.isnan(rows[epoch]), rows[near], rows[epoch])
        file = card.with_suffix(".h5")
        with h5py.File(file, "w") as archive:
            archive["probabilities"] = rows[0] if cache.source == "images" else rows
            archive["names"] = names
        self.understudy(
            "cache", "import", "--recipe", RECIPE,
            *sets([*NETWORK, *cache.settings, *data, f"teacher.card={card}"]), "--cache",
            self.folder / "caches" / f"first-{cache.name}", "--from", file, "--dataset",
            "probabilities", "--keys", "names", "--probabilities")
        return card

    # One training

    def train(self, student: Student, seed: int) -> str:
        out = self.folder / "runs" / f"{student.name}-{seed}"
        recipe = RECIPE if student.cache else LABELS
        settings = [*student.settings, *self.data(student.data), f"model.seed={seed}"]
        command = ["train", "--recipe", recipe, *sets(settings), "--threads", 1, "--workers", 1]
        if student.cache:
            command += ["--cache", self.folder / "caches" / student.cache.name]
            if student.cache.source != "mixed":
                card = self.folder / "caches" / f"{student.cache.source}-{student.cache.epochs}.yaml"
                command += sets([f"teacher.card={card}"])
        if not (out / "result.json").exists():
            self.understudy(*command, "--out", out, "--resume")
        result = json.loads((out / "result.json").read_text())["result"]
        tops = {}
        for which in WHICH.values() if student in self.compared() else [result]:
            weights = out / f"{which}.safetensors"
            if which == "last":
                self.understudy("export", "--run", out, "--which", "last", "--out", weights)
            tops[which] = json.loads(self.understudy(
                "eval", "--model", "resnet18", "--weights", weights, "--recipe", recipe, "--data",
                PATCHES / "test", "--threads", 1, "--workers", 1, "--json"))["top1"]
        publish(self.test(student, seed), json.dumps(tops))
        # What is left is the figures: a run takes 100 MB.
        shutil.rmtree(out / "checkpoints")
        for weights in out.glob("*.safetensors"):
            weights.unlink()
        return f"{student.name}-{seed}: {tops[result]:.2f} %"

    def understudy(self, *words: object) -> str:
        process = subprocess.Popen(
            [self.program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
        with self.lock:
            self.running.add(process)
        if self.stopped:
            process.terminate()
        output, errors = process.communicate()
        with self.lock:
            self.running.discard(process)
        if process.returncode:
            lines = errors.strip().splitlines() or ["failed without a word"]
            raise SystemExit(f"tools/study: understudy {' '.join(map(str, words[:2]))}: {lines[-1]}")
        return output

    def stop(self) -> None:
        self.stopped = True
        with self.lock:
            for process in self.running:
                process.send_signal(signal.SIGTERM)

    # What came of it

    def test(self, student: Student, seed: int) -> pathlib.Path:
        return self.folder / "runs" / f"{student.name}-{seed}.json"

    def info(self, cache: Cache) -> pathlib.Path:
        return self.folder / "caches" / f"{cache.name}.json"

    def figures(self, student: Student, which: str | None = None) -> list[float]:
        """The top-1 of each seed's weights; of those that its run chose, where none are named."""
        found = []
        for seed in self.seeds:
            test = self.test(student, seed)
            result = json.loads((test.with_suffix("") / "result.json").read_text())
            found.append(json.loads(test.read_text())[which or result["result"]])
        return found

    def write(self, page: pathlib.Path) -> None:
        pictures = page.with_suffix("")
        pictures.mkdir(parents=True, exist_ok=True)
        # What a reader made of the tables stands above them, and is not made here.
        first = f"## {min(self.tables)}. "
        parts = [page.read_text().split(first)[0].rstrip() + "\n" if page.exists() else HEAD.format(
            seeds=len(self.seeds))]
        for number, (title, rows) in self.tables.items():
            print(f"table {number}", flush=True)
            parts.append(self.table(number, title, rows, pictures))
        page.write_text("\n".join(parts))

    def table(
            self, number: int, title: str, rows: list[tuple[str, Student]], pictures: pathlib.Path,
    ) -> str:
        storage = number in (2, 3, 4)
        against = {6: "against labels only", 7: "against the last EMA"}.get(number, "against the first")
        head = ["", "top-1, %", against] + (["bytes a row", "mean nats"] if storage else [])
        lines = [f"## {number}. {title}", "", f"![{title}]({pictures.name}/table-{number}.svg)", ""]
        lines += ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
        points, reference = [], None
        for index, (name, student) in enumerate(rows):
            which = WHICH[name.split(", ")[1]] if number == 7 else None
            found = self.figures(student, which)
            # By the length of the training, each is compared with the labels-only students of it.
            if index == 0 or (number == 6 and student.cache is None) or (
                    number == 7 and which == "last"):
                reference = found
            mean, error = statistics.mean(found), standard_error(found)
            points.append((name, mean, error))
            cells = [name, f"{mean:.2f} ± {error:.2f}"]
            differences = [a - b for a, b in zip(found, reference)]
            cells.append("" if found is reference else (
                f"{statistics.mean(differences):+.2f} ± {standard_error(differences):.2f}"))
            if storage:
                cells += self.storage(student.cache)
            lines.append("| " + " | ".join(cells) + " |")
        (pictures / f"table-{number}.svg").write_text(picture(title, points))
        return "\n".join(lines) + "\n"

    def storage(self, cache: Cache | None) -> list[str]:
        if cache is None:
            return ["", ""]
        info = json.loads(self.info(cache).read_text())
        nats = info.get("mean_kl")
        return [f"{info['bytes_per_response']:.1f}", "" if nats is None else f"{nats:.4f}"]


def sets(settings: list[str]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def publish(path: pathlib.Path, text: str) -> None:
    making = path.with_name(path.name + ".making")
    making.write_text(text)
    making.rename(path)


def standard_error(values: list[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))


HEAD = """\
# What distillation from a cache gains, and what economies cost

<!-- The tables are made by `tools/study` and `tools/study --write docs/study.md`. -->

ResNet18s on the demo's data (`tools/make-patches`: which of 37 photographs is this patch of?), measured \
on its 3,700 test images, on which nothing was tuned: mean ± standard error of {seeds} students that \
differ in their initial weights. Differences are between students of the same initial weights. The \
teacher is `teachers/beit_micro_patches.yaml`. Where nothing else is said, a training has 6 epochs of \
7,392 views in steps of 96, the loss is 0.8 KL + 0.2 CE from responses bounded at 0.01 nats, and what is measured is what the \
run hands over: what is best on the 2,220 validation images of the mean of the three best snapshots, the \
best EMA network and the best trained one.
"""


def picture(title: str, points: list[tuple[str, float, float]]) -> str:
    """The rows as a dot plot with standard errors."""
    left, right, row, top = 230, 60, 24, 34
    width, height = 720, top + row * len(points) + 40
    low = min(mean - 2 * error for _, mean, error in points)
    high = max(mean + 2 * error for _, mean, error in points)
    step = next(step for step in (0.2, 0.5, 1, 2, 5, 10, 20) if (high - low) / step <= 7)
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step

    def x(value: float) -> float:
        return left + (value - first) / (last - first) * (width - left - right)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="20" font-weight="bold">{title}</text>']
    bottom = top + row * len(points) + 4
    for index in range(round((last - first) / step) + 1):
        value = first + index * step
        parts.append(
            f'<path d="M{x(value):.1f} {top}V{bottom}" stroke="#ddd"/>'
            f'<text x="{x(value):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">'
            f"{value:g}</text>")
    parts.append(
        f'<text x="{width - 12}" y="20" text-anchor="end" fill="#555">top-1, %</text>')
    for index, (name, mean, error) in enumerate(points):
        y = top + row * index + row / 2
        parts.append(
            f'<text x="{left - 12}" y="{y + 4:.1f}" text-anchor="end">{name}</text>'
            f'<path d="M{x(mean - error):.1f} {y:.1f}H{x(mean + error):.1f}" stroke="#2166ac" '
            f'stroke-width="2"/><circle cx="{x(mean):.1f}" cy="{y:.1f}" r="4" fill="#2166ac"/>')
    return "\n".join(parts + ["</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/study")
    parser.add_argument("--out", default=str(ROOT / ".study"))
    parser.add_argument("--table", type=int, action="append", choices=sorted(tables()))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--understudy", default=str(ROOT / ".build/release/understudy"))
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if not 2 <= arguments.seeds <= 99:
        parser.error("--seeds must be between 2 and 99")
    if not 1 <= arguments.jobs <= 1024:
        parser.error("--jobs must be between 1 and 1024")
    if not os.access(arguments.understudy, os.X_OK):
        parser.error(f"{arguments.understudy} is not a program: build one, or pass --understudy")
    study = Study(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments.list:
            study.list()
        elif arguments.write:
            study.write(arguments.write)
        else:
            study.run()
    except KeyboardInterrupt:
        study.stop()
        sys.exit(130)


if __name__ == "__main__":
    main()

"""The PyTorch side of tools/gpu-check: DEVICE.

Answers with lines of JSON: at first its versions, then one for each line on standard input, which
is an object with `task` (student, teacher, cached or online), `precision` (fp32 or bf16), `group`,
`groups`, `rounds`, `warmup` and, for the last two tasks, `images` (a folder of class folders) and
`workers`. An answer holds the seconds of each round and the bytes that tensors took at most, or
`error`, one line.

Everything is eager, in channels last where there are channels, under autocast for bf16. TF32 is off
and cuDNN chooses algorithms by timing, as on our side.
"""

import itertools
import json
import pathlib
import platform
import sys
import time

import torch
import torch.nn.functional as F

CLASSES = 1000  # of the tasks without images
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    device = torch.device(sys.argv[1])
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    if device.type == "cuda":
        torch.cuda.init()  # the counters of memory are not there before
    # What libraries print must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(value) -> None:
        print(json.dumps(value), file=answers, flush=True)

    answer(versions())
    for line in sys.stdin:
        job = json.loads(line)
        try:
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            seconds = TASKS[job["task"]](job, device)
            peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
            answer({"seconds": seconds, "peak_memory": peak})
        except Exception as error:  # noqa: BLE001  whatever it is, the others go on
            answer({"error": f"{type(error).__name__}: {error}".splitlines()[0]})
        if device.type == "cuda":
            # Ours runs next, in a process of its own.
            torch.cuda.empty_cache()


def versions() -> dict:
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for name in ("timm", "torchvision", "PIL"):
        try:
            found[name] = __import__(name).__version__
        except ImportError:
            found[name] = None
    return found


def timed(job: dict, device: torch.device, step) -> list:
    """The seconds of each round, until the device is done with it."""
    def synchronize() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(job["warmup"]):
        step()
    synchronize()
    seconds = []
    for _ in range(job["rounds"]):
        start = time.perf_counter()
        step()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds


def autocast(job: dict, device: torch.device):
    return torch.autocast(device.type, torch.bfloat16, enabled=job["precision"] == "bf16")


class Student:
    """ResNet50 with timm's LAMB and a moving average of its weights."""

    def __init__(self, job: dict, device: torch.device, classes: int):
        import timm.optim

        try:
            import torchvision

            network = torchvision.models.resnet50(num_classes=classes)
        except ImportError:
            import timm

            network = timm.create_model("resnet50", num_classes=classes)
        self.job, self.device = job, device
        self.network = network.to(device, memory_format=torch.channels_last).train()
        decayed = [p for p in network.parameters() if p.ndim > 1]
        plain = [p for p in network.parameters() if p.ndim <= 1]
        self.optimizer = timm.optim.Lamb(
            [{"params": plain, "weight_decay": 0.0}, {"params": decayed}], lr=1e-4,
            weight_decay=0.02)
        self.source = [
            t for t in itertools.chain(network.parameters(), network.buffers())
            if t.is_floating_point()]
        self.average = [t.detach().clone() for t in self.source]

    def step(self, groups) -> None:
        """Takes a step over groups of (images, targets, teacher's probabilities)."""
        total = 0.0
        for images, targets, teacher in groups:
            with autocast(self.job, self.device):
                logits = self.network(images)
            log_p = logits.float().log_softmax(-1)
            ce = -(targets * log_p).sum(-1).mean()
            kl = F.kl_div(log_p, teacher, reduction="batchmean")
            loss = 0.2 * ce + 0.8 * kl
            (loss / self.job["groups"]).backward()
            total = total + loss.detach()
        total.item()  # a training looks at its loss
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [t.detach() for t in self.source], 1e-4)


def make_teacher(device: torch.device, classes: int):
    import timm

    return timm.create_model("beit_base_patch16_224", num_classes=classes).to(device).eval()


def student(job: dict, device: torch.device) -> list:
    group = job["group"]
    images = torch.randn(group, 3, 224, 224).to(device, memory_format=torch.channels_last)
    targets, teacher = (torch.randn(group, CLASSES).softmax(-1).to(device) for _ in range(2))
    learner = Student(job, device, CLASSES)
    return timed(job, device, lambda: learner.step([(images, targets, teacher)] * job["groups"]))


def teacher(job: dict, device: torch.device) -> list:
    images = torch.randn(job["group"], 3, 224, 224).to(device)
    network = make_teacher(device, CLASSES)

    def forward() -> None:
        with torch.inference_mode(), autocast(job, device):
            network(images).float().softmax(-1)

    return timed(job, device, forward)


class Pictures(torch.utils.data.Dataset):
    """JPEGs as often as asked for, through timm's transform of the ImageNet recipe."""

    def __init__(self, folder: str, count: int):
        from timm.data import create_transform

        self.files = sorted(pathlib.Path(folder).glob("*/*.jpg"))
        names = sorted({file.parent.name for file in self.files})
        self.labels = [names.index(file.parent.name) for file in self.files]
        self.classes, self.count = len(names), count
        self.transform = create_transform(
            224, is_training=True, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), hflip=0.5,
            auto_augment="rand-m7-mstd0.5", interpolation="random", color_jitter=None,
            re_prob=0.0, use_prefetcher=True)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int):
        from PIL import Image

        index %= len(self.files)
        with Image.open(self.files[index]) as file:
            return self.transform(file.convert("RGB")), self.labels[index]


def training(job: dict, device: torch.device, online: bool) -> list:
    from timm.data import Mixup

    group, groups = job["group"], job["groups"]
    pictures = Pictures(job["images"], group * groups * (job["warmup"] + job["rounds"]))
    loader = iter(torch.utils.data.DataLoader(
        pictures, group, num_workers=job["workers"], pin_memory=device.type == "cuda",
        drop_last=True, prefetch_factor=4 if job["workers"] else None))
    mixup = Mixup(
        mixup_alpha=0.2, cutmix_alpha=1.0, prob=0.8, switch_prob=0.5, label_smoothing=0.1,
        num_classes=pictures.classes)
    mean, std = (
        torch.tensor(values, device=device).view(1, 3, 1, 1) * 255 for values in (MEAN, STD))
    learner = Student(job, device, pictures.classes)
    network = make_teacher(device, pictures.classes) if online else None
    # A cache that costs nothing to read.
    rows = torch.randn(group, pictures.classes).softmax(-1)
    if device.type == "cuda":
        rows = rows.pin_memory()

    def batches():
        for _ in range(groups):
            images, labels = next(loader)
            images = images.to(device, non_blocking=True).float().sub_(mean).div_(std)
            images, targets = mixup(images, labels.to(device, non_blocking=True))
            images = images.contiguous(memory_format=torch.channels_last)
            if network is None:
                yield images, targets, rows.to(device, non_blocking=True)
                continue
            with torch.no_grad(), autocast(job, device):
                # The teacher's own normalisation: mean and deviation 0.5.
                own = ((images * std + mean) / 255 - 0.5) / 0.5
                answers = network(own).float().softmax(-1)
            yield images, targets, answers

    return timed(job, device, lambda: learner.step(batches()))


TASKS = {
    "student": student,
    "teacher": teacher,
    "cached": lambda job, device: training(job, device, online=False),
    "online": lambda job, device: training(job, device, online=True),
}

if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes training.json: two short trainings, computed by PyTorch alone.

Made with torch 2.11.0 and torchvision 0.26.0 (CPU). Run it in a Python that has them:

    python3 Tests/Fixtures/distillation/make_training_fixtures.py

No program of ours takes part. Images, labels and responses are formulas that TrainingReferenceTests
repeats; which image a slot shows, its flip and its group's mixing are drawn by the independent
reading of the views' random numbers in ../views/make_draws.py; the network is torchvision's ResNet18
with weights from torch's generator; step, loss, moving average and rates are written out below from
the recipe's specification. Everything after the float32 draws is float64, so the numbers are the
truth that a float32 training approximates. A ResNet amplifies rounding from step to step, all the
more the further it moves; with these rates the same in float32 differs by up to 2e-5 of a figure and
1e-4 of a tensor's norm, as long as rounding tips no ReLU.

A step has four groups of eight images, and two epochs have three steps each.

training.json: {case: {steps: [{loss, ce, kl, grad_norm, lr, ema_decay}],
                       epochs: [{loss, top1, top5}], model: {name: [norm, probe]}, ema: {…}}}
    `model` and `ema` after the last step, every entry of the state dictionary but the counters;
    norm is Euclid's, probe the sum of x[i] * cos(i).
    cached   SGD with momentum, 0.8 KL + 0.2 CE, one epoch of responses replayed, drop path 0.3
    labels   LAMB with clipping, cross-entropy alone, each epoch its own views
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "views"))
import make_draws as draws  # noqa: E402

SEED, CLASSES, SIDE, TRAIN, VAL = 1234567890123, 4, 32, 96, 40
STEP, GROUP, EPOCHS = 32, 8, 2
GROUPS, STEPS = STEP // GROUP, TRAIN // STEP
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SMOOTHING = 0.1
DROP_PATH = 7  # the purpose of the draws
PRECISION = torch.float64
CASES = {
    "cached": dict(
        kl=0.8, ce=0.2, drop_path=0.3, rate=1e-5, warmup=1, final=0.1, decay=0.5, beta=5.0,
        cached_epochs=1),
    "labels": dict(
        kl=0.0, ce=1.0, drop_path=0.0, rate=2e-4, warmup=1, final=0.1, decay=0.5, beta=5.0,
        cached_epochs=EPOCHS),
}
draws.SEED, draws.N = SEED, TRAIN


def image(label: int, index: int) -> np.ndarray:
    """Stripes whose direction is the class, on a ground of its colour: [32, 32, 3], uint8."""
    y, x = np.mgrid[:SIDE, :SIDE]
    phase = (x, y, x + y, x - y + 400)[label] + index
    light = phase % 8 < 4
    ground = 50 * label + (37 * index + x * y * (index % 5)) % 50
    return np.stack([np.where(light, 230, 20), ground, np.where(light, 40, 200)], -1).astype(np.uint8)


def data(count: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels in the order of their paths, c<label>/<index>.png."""
    named = sorted((f"c{i % CLASSES}/{i:03}", i) for i in range(count))
    images = [image(i % CLASSES, i + first) for _, i in named]
    return np.stack(images), np.array([i % CLASSES for _, i in named])


def responses(first: int, labels) -> torch.Tensor:
    """Made-up responses to a group from its first slot on, in 64ths, which halves hold exactly."""
    rows = []
    for slot, label in enumerate(labels, first):
        row = [(1 + (7 * slot + 5 * c) % 8) / 64 for c in range(CLASSES)]
        row[label] = 1 - (sum(row) - row[label])
        rows.append(row)
    return torch.tensor(rows, dtype=PRECISION)


def normalised(pixels: np.ndarray) -> torch.Tensor:
    x = torch.from_numpy(pixels.astype(np.float64)) / 255
    x = (x - torch.tensor(MEAN, dtype=torch.float64)) / torch.tensor(STD, dtype=torch.float64)
    return x.permute(0, 3, 1, 2).to(PRECISION)


def group_batch(images, labels, epoch: int, group: int) -> tuple:
    """A group's mixed images, their targets, and the labels before mixing."""
    order = draws.shuffle(epoch)
    step, place = divmod(group, GROUPS)
    pixels, chosen = [], []
    for member in range(GROUP):
        slot = group * GROUP + member
        index = order[step * STEP + member * GROUPS + place]
        flip = draws.Stream(SEED, epoch, slot, draws.FLIP).uniform() < 0.5
        pixels.append(images[index][:, ::-1] if flip else images[index])
        chosen.append(labels[index])
    x = normalised(np.stack(pixels))
    off, on = SMOOTHING / CLASSES, 1 - SMOOTHING + SMOOTHING / CLASSES
    y = torch.full((GROUP, CLASSES), off, dtype=PRECISION)
    y[torch.arange(GROUP), torch.tensor(np.array(chosen))] = on
    mix = draws.mix(epoch, group, SIDE)
    share = mix["lambda"]
    if mix["mode"] == "mixup":
        x = share * x + (1 - share) * x.flip(0)
    elif mix["mode"] == "cutmix":
        left, top, width, height = mix["box"]
        partner = x.flip(0)
        x = x.clone()
        x[:, :, top:top + height, left:left + width] = partner[
            :, :, top:top + height, left:left + width]
    return x, share * y + (1 - share) * y.flip(0), chosen


def network() -> torch.nn.Module:
    """ResNet18 with weights as PyTorch's layers draw them, from one generator in their order."""
    model = torchvision.models.resnet18(num_classes=CLASSES)
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim > 1:
                bound = 1 / math.sqrt(p[0].numel())
            elif name == "fc.bias":
                bound = 1 / math.sqrt(model.fc.in_features)
            else:
                continue
            p.uniform_(-bound, bound, generator=generator)
    return model.to(PRECISION)


def logits(model, x, drop_path: float, generator=None) -> torch.Tensor:
    """torchvision's forward pass, with stochastic depth where a generator is given."""
    x = model.maxpool(F.relu(model.bn1(model.conv1(x))))
    blocks = [b for layer in (model.layer1, model.layer2, model.layer3, model.layer4) for b in layer]
    for k, block in enumerate(blocks):
        branch = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))
        rate = drop_path * k / (len(blocks) - 1)
        if generator is not None and rate > 0:
            kept = torch.empty(len(x), 1, 1, 1).uniform_(0, 1, generator=generator) > rate
            branch = branch * kept.to(PRECISION) / (1 - rate)
        x = F.relu((block.downsample(x) if block.downsample else x) + branch)
    return model.fc(x.mean((2, 3)))


def rate(case: dict, epoch: int, step: int) -> float:
    if epoch < case["warmup"]:
        first = case["rate"] / (case["warmup"] + 1)
        return first + epoch * (case["rate"] - first) / case["warmup"]
    done = STEPS * (epoch - case["warmup"]) + step - 1
    if done < 0:
        return case["rate"]
    whole = STEPS * (EPOCHS - case["warmup"])
    cosine = 0.5 * (1 + math.cos(math.pi * done / (whole + 1)))
    return case["rate"] * ((1 - case["final"]) * cosine + case["final"])


class Momentum:
    """SGD with momentum 0.9; the decay 0.01 is added to the gradient."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.velocity = [torch.zeros_like(p) for p in parameters]

    def step(self, gradients, lr):
        for p, g, v in zip(self.parameters, gradients, self.velocity):
            v.mul_(0.9).add_(g + 0.01 * p if p.ndim > 1 else g)
            p.sub_(lr * v)


class Lamb:
    """Section 1 of the recipe's specification, with weight decay 0.02."""

    def __init__(self, parameters):
        self.parameters, self.t = parameters, 0
        self.m = [torch.zeros_like(p) for p in parameters]
        self.v = [torch.zeros_like(p) for p in parameters]

    def step(self, gradients, lr):
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
        self.t += 1
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v):
            g = g / max(norm, 1)
            m.mul_(0.9).add_(0.1 * g)
            v.mul_(0.999).add_(0.001 * g * g)
            u = (m / (1 - 0.9**self.t)) / (v.sqrt() / math.sqrt(1 - 0.999**self.t) + 1e-6)
            if p.ndim > 1:
                u = u + 0.02 * p
                u = u * (p.norm() / u.norm())
            p.sub_(lr * u)


def entries(model) -> dict[str, torch.Tensor]:
    return {k: v for k, v in model.state_dict().items() if v.is_floating_point()}


def summary(tensors: dict[str, torch.Tensor]) -> dict[str, list[float]]:
    return {
        name: [x.norm().item(), (x.flatten() * torch.arange(x.numel()).double().cos()).sum().item()]
        for name, x in ((name, x.double()) for name, x in tensors.items())
    }


def accuracy(average, images, labels) -> dict[str, float]:
    """Top-1 and top-5 of the average; no image may lie so near a border that rounding decides."""
    model = network()
    model.load_state_dict(average, strict=False)
    model.eval()
    with torch.no_grad():
        out = logits(model, normalised(images), 0)
    first, second = out.topk(2).values.T
    assert (first - second).min() > 1e-3, "the accuracy hangs on rounding"
    hits = int((out.argmax(1) == torch.from_numpy(labels)).sum())
    return {"top1": 100 * hits / len(labels), "top5": 100.0}


def train(case: dict) -> dict:
    images, labels = data(TRAIN, TRAIN)
    validation = data(VAL, VAL)
    model = network()
    parameters = list(model.parameters())
    optimizer = (Momentum if case["kl"] else Lamb)([p.data for p in parameters])
    average = {k: v.clone() for k, v in entries(model).items()}
    report = {"steps": [], "epochs": []}
    for epoch in range(EPOCHS):
        view_epoch = epoch % case["cached_epochs"]
        for step in range(STEPS):
            terms = []
            # The gradient is the mean over groups; running statistics follow the first of them.
            for group in range(step * GROUPS, (step + 1) * GROUPS):
                x, y, own = group_batch(images, labels, view_epoch, group)
                model.train()
                kept = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
                generator = None
                if case["drop_path"]:
                    seed = draws.Stream(SEED, epoch, group, DROP_PATH).bits()
                    generator = torch.Generator().manual_seed(seed)
                log_p = logits(model, x, case["drop_path"], generator).log_softmax(1)
                ce = -(y * log_p).sum(1).mean()
                kl = torch.zeros((), dtype=PRECISION)
                if case["kl"]:
                    q = responses(group * GROUP, own)
                    kl = (q * (q.log() - log_p)).sum(1).mean()
                loss = case["ce"] * ce + case["kl"] * kl
                (loss / GROUPS).backward()
                if group % GROUPS:
                    model.load_state_dict(kept, strict=False)
                terms.append([loss.item(), ce.item(), kl.item()])
            lr = rate(case, epoch, step)
            gradients = [p.grad.clone() for p in parameters]
            norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
            with torch.no_grad():
                optimizer.step(gradients, lr)
            model.zero_grad()
            k = epoch * STEPS + step + 1
            decay = case["decay"] * (1 - math.exp(-case["beta"] * k / (EPOCHS * STEPS)))
            for name, x in entries(model).items():
                average[name].mul_(decay).add_((1 - decay) * x)
            loss, ce, kl = np.mean(terms, 0).tolist()
            report["steps"].append({
                "loss": loss, "ce": ce, "kl": kl, "grad_norm": norm, "lr": lr, "ema_decay": decay})
        mean = float(np.mean([s["loss"] for s in report["steps"][-STEPS:]]))
        report["epochs"].append({"loss": mean, **accuracy(average, *validation)})
    return {**report, "model": summary(entries(model)), "ema": summary(average)}


def rounded(value):
    """Nine digits: far below float32's."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def main() -> None:
    content = rounded({name: train(case) for name, case in CASES.items()})
    lines = []
    for name, case in content.items():
        inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in case.items())
        lines.append(f" {json.dumps(name)}: {{\n{inner}}}")
    (FOLDER / "training.json").write_text("{\n" + ",\n".join(lines) + "}\n")
    for name, case in content.items():
        for step in case["steps"]:
            print(name, step)


if __name__ == "__main__":
    main()

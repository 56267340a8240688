#!/usr/bin/env python3
"""Writes optimizers.json and losses.json, the fixtures of the Learning module.

Made with torch 2.11.0 and timm 1.0.31 (CPU). Run it in a Python that has them:

    python3 Tests/Fixtures/learning/make_optim_fixtures.py

Parameters and gradients are the float32-rounded numbers given in the files; all arithmetic is in
float64, so a float32 implementation should agree to a few parts in 10^6.

optimizers.json: {case: {optimizer, options, groups: [{name, shape, decay, initial}],
                         steps: [{lr, gradients: {name: […]}, values: {name: […]}}]}}
    `values` are the parameters after the step. `decay` says whether the parameter takes the
    options' weight_decay or none. Cases:
    lamb          timm.optim.Lamb, recipe options; the learning rate changes, and the gradient norm
                  is below max_grad_norm in steps 2 and 4, above it in the others
    lamb-unclipped  the same with max_grad_norm None
    lamb-spec     the three steps of the recipe's golden table (recipe specification, section 1)
    adamw         torch.optim.AdamW
    sgd           torch.optim.SGD with momentum 0.9 (dampening 0), weight decay coupled to the gradient
    sgd-nesterov  the same with Nesterov's momentum
losses.json: cases {classes, logits, teacher (probabilities), targets, kl_weight, ce_weight,
                    kl, ce, loss, gradient}: kl and ce unweighted, gradient of the loss by logits
    golden        the case of the recipe specification, section 9 (teacher = softmax of its logits)
    random        4 x 7, mixed smoothed targets
    zeros         teacher probabilities that are exactly 0 (0 * log 0 = 0), as a top-K row may have
    labels        kl_weight 0: plain cross-entropy with soft targets
    extreme       logits of +-80: finite in float32
"""

import json
import pathlib

import numpy as np
import timm.optim
import torch

FOLDER = pathlib.Path(__file__).resolve().parent


def rounded(array) -> torch.Tensor:
    """Float32-rounded values, held in float64."""
    return torch.from_numpy(np.asarray(array, dtype=np.float32).astype(np.float64))


def run(make, parameters, steps) -> dict:
    """Runs an optimizer over given gradients.

    parameters: [(name, initial, decay)]; steps: [(lr, {name: gradient})].
    """
    tensors = {name: torch.nn.Parameter(initial.clone()) for name, initial, _ in parameters}
    decayed = [tensors[name] for name, _, decay in parameters if decay]
    plain = [tensors[name] for name, _, decay in parameters if not decay]
    optimizer, options = make(decayed, plain)
    report = []
    for lr, gradients in steps:
        for group in optimizer.param_groups:
            group["lr"] = lr
        for name, gradient in gradients.items():
            tensors[name].grad = gradient.clone()
        optimizer.step()
        report.append({
            "lr": lr,
            "gradients": {n: g.flatten().tolist() for n, g in gradients.items()},
            "values": {n: t.detach().flatten().tolist() for n, t in tensors.items()},
        })
    return {
        **options,
        "groups": [
            {"name": n, "shape": list(t.shape), "decay": d, "initial": t.flatten().tolist()}
            for n, t, d in parameters
        ],
        "steps": report,
    }


def grouped(kind, name, decay, **options):
    def make(decayed, plain):
        optimizer = kind(
            [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}],
            lr=1.0, **options)
        return optimizer, {"optimizer": name, "options": {"weight_decay": decay, **options}}
    return make


def optimizers() -> dict:
    random = np.random.default_rng(20240601)
    parameters = [
        ("weight", rounded(random.normal(0, 0.5, (3, 4))), True),
        ("kernel", rounded(random.normal(0, 0.2, (2, 3, 3, 3))), True),
        ("zero", rounded(np.zeros((2, 2))), True),
        ("bias", rounded(random.normal(0, 0.1, 3)), False),
        ("norm", rounded(np.ones(5)), False),
    ]
    rates, scales = [5e-3, 4e-3, 4e-3, 1e-3, 2e-3], [1.0, 0.01, 0.5, 0.02, 2.0]
    steps = []
    for lr, scale in zip(rates, scales):
        steps.append((lr, {n: rounded(random.normal(0, scale, t.shape)) for n, t, _ in parameters}))

    lamb = dict(betas=(0.9, 0.999), eps=1e-6)
    spec = [
        ("w", rounded([1, -2, 3, 0.5]), True), ("z", rounded([0, 0]), True),
        ("b", rounded([0.1, -0.2]), False),
    ]
    table = [
        ([0.5, -0.25, 1, 2], [0.3, -0.1], [0.2, 0.4]),
        ([0.01, 0.02, -0.03, 0.04], [0.05, 0], [0, -0.1]),
        ([-0.5, 0.25, 0.1, -0.2], [0.3, 0.1], [0, 0.1]),
    ]
    golden = [(5e-3, {"w": rounded(w), "b": rounded(b), "z": rounded(z)}) for w, b, z in table]
    return {
        "lamb": run(
            grouped(timm.optim.Lamb, "lamb", 0.02, max_grad_norm=1.0, **lamb), parameters, steps),
        "lamb-unclipped": run(
            grouped(timm.optim.Lamb, "lamb", 0.02, max_grad_norm=None, **lamb), parameters, steps),
        "lamb-spec": run(
            grouped(timm.optim.Lamb, "lamb", 0.02, max_grad_norm=1.0, **lamb), spec, golden),
        "adamw": run(
            grouped(torch.optim.AdamW, "adamw", 0.05, betas=(0.9, 0.95), eps=1e-8),
            parameters, steps),
        "sgd": run(grouped(torch.optim.SGD, "sgd", 1e-2, momentum=0.9), parameters, steps),
        "sgd-nesterov": run(
            grouped(torch.optim.SGD, "sgd", 1e-2, momentum=0.9, nesterov=True), parameters, steps),
    }


def loss(logits, teacher, targets, kl_weight=0.8, ce_weight=0.2) -> dict:
    logits = logits.clone().requires_grad_(True)
    logp = torch.log_softmax(logits, dim=1)
    ce = -(targets * logp).sum(1).mean()
    kl = torch.nn.functional.kl_div(logp, teacher, reduction="batchmean")
    total = kl_weight * kl + ce_weight * ce
    total.backward()
    return {
        "classes": logits.shape[1], "logits": logits.tolist(), "teacher": teacher.tolist(),
        "targets": targets.tolist(), "kl_weight": kl_weight, "ce_weight": ce_weight,
        "kl": kl.item(), "ce": ce.item(), "loss": total.item(), "gradient": logits.grad.tolist(),
    }


def losses() -> dict:
    random = np.random.default_rng(7)
    logits = rounded(random.normal(0, 2, (4, 7)))
    teacher = rounded(torch.softmax(torch.from_numpy(random.normal(0, 3, (4, 7))), 1).numpy())
    off, on, mix = 0.1 / 7, 0.9 + 0.1 / 7, 0.3
    hot = np.full((4, 7), off)
    hot[np.arange(4), [0, 6, 3, 3]] = on
    targets = rounded(mix * hot + (1 - mix) * hot[::-1])
    sparse = teacher.clone()
    sparse[:, 2:] = 0
    sparse = rounded((sparse / sparse.sum(1, keepdim=True)).numpy())
    extreme = rounded([[80, -80, 0], [-80, 80, 79]])
    return {
        "golden": loss(
            rounded([[1, 2, 0.5], [0, -1, 3]]),
            torch.softmax(rounded([[2, 1, 0], [0.5, 0.5, 2.5]]), 1),
            torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], dtype=torch.float64)),
        "random": loss(logits, teacher, targets),
        "zeros": loss(logits, sparse, targets),
        "labels": loss(logits, teacher, targets, kl_weight=0.0, ce_weight=1.0),
        "extreme": loss(extreme, rounded([[0.25, 0.5, 0.25], [1, 0, 0]]),
                        rounded([[0.5, 0.25, 0.25], [0, 0.5, 0.5]])),
    }


def main() -> None:
    for name, content in (("optimizers", optimizers()), ("losses", losses())):
        (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    content = optimizers()["lamb-spec"]["steps"]
    for step in content:
        print({k: [float(f"{x:.9g}") for x in v] for k, v in step["values"].items()})
    golden = losses()["golden"]
    print(golden["ce"], golden["kl"], golden["loss"], golden["gradient"][0])


if __name__ == "__main__":
    main()

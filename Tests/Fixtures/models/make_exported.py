"""Makes exported-*.pt, exported-logits.pt2 and exported.json: tiny TorchScript modules, one of them as
an AOTInductor package, and their answers.

    python3 make_exported.py            with torch 2.11.0, and g++ for the package

The package runs on any x86-64: it is compiled for the oldest, and without vectors of its own.
"""

import json
import os
import pathlib
import tempfile

import torch

HERE = pathlib.Path(__file__).parent
SIZE, CLASSES = 12, 4


class Tiny(torch.nn.Module):
    """A convolution, whose weights are a formula, a normalization with statistics, and a head."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 5, 3, stride=2)
        self.norm = torch.nn.BatchNorm2d(5)
        self.head = torch.nn.Linear(5, CLASSES)
        with torch.no_grad():
            for number, tensor in enumerate([*self.parameters(), self.norm.running_mean]):
                tensor.copy_(formula(tensor.shape, 0.3 + number) * 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.norm(self.conv(x))).mean([2, 3]))


class Shares(torch.nn.Module):
    """Answers with probabilities."""

    def __init__(self):
        super().__init__()
        self.tiny = Tiny()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.tiny(x).softmax(-1)


class Named(torch.nn.Module):
    """Answers as Hugging Face's networks do."""

    def __init__(self):
        super().__init__()
        self.tiny = Tiny()

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"features": x, "logits": self.tiny(x)}


class Three(torch.nn.Module):
    """Takes three images at a time, and half-precision ones; the logits are its first output."""

    def __init__(self):
        super().__init__()
        self.tiny = Tiny()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        assert x.dtype == torch.float16 and x.shape[0] == 3
        return self.tiny(x.float()), x


def formula(shape, phase: float) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return torch.sin(phase + 0.37 * torch.arange(count, dtype=torch.float64)).reshape(shape).float()


COMPILER = """#!/bin/sh
for word; do
    shift
    case $word in -march=native) word=-march=x86-64 ;; esac
    set -- "$@" "$word"
done
exec g++ "$@" -s -Os
"""


def package(module: torch.nn.Module, path: pathlib.Path) -> None:
    """Compiles a module for any number of images."""
    program = torch.export.export(
        module, (torch.zeros(2, 3, SIZE, SIZE),),
        dynamic_shapes=({0: torch.export.Dim("batch", max=1024)},))
    with tempfile.TemporaryDirectory() as folder:
        compiler = pathlib.Path(folder) / "compiler"
        compiler.write_text(COMPILER)
        compiler.chmod(0o755)
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        torch._inductor.config.cpp.cxx = (str(compiler),)
        torch._inductor.config.cpp.simdlen = 1
        torch._inductor.aoti_compile_and_package(program, package_path=str(path))


def main() -> None:
    images = formula([5, 3, SIZE, SIZE], 0.1)
    modules = {"logits": Tiny(), "probabilities": Shares(), "named": Named(), "three": Three()}
    answers = {}
    for name, module in modules.items():
        scripted = torch.jit.script(module.eval())
        torch.jit.save(scripted, HERE / f"exported-{name}.pt")
    package(modules["logits"], HERE / "exported-logits.pt2")
    with torch.no_grad():
        answers["logits"] = modules["logits"](images).flatten().tolist()
        half = images.half().float()
        answers["half"] = modules["logits"](half).flatten().tolist()
    text = json.dumps({"size": SIZE, "classes": CLASSES, "images": 5} | answers)
    (HERE / "exported.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

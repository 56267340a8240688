"""The checks of tools/check-exports: see there."""

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

import peers  # noqa: F401  # before torch

import numpy as np
import onnx
import onnxruntime
import safetensors.torch
import timm
import torch
import torchvision
from PIL import Image

# Logits may be this far from ours, times the largest where that is above 1.
TOLERANCE = 1e-4
# Top-1 in 8 bits may be this many points from our simulation's.
INT8_POINTS = 0.3
# What ONNX Runtime adds to our simulation, over what 8 bits add to the logits.
INT8_NOISE = 0.5


class Failure(Exception):
    """An export that is not as it should be."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise Failure(message)


class Export:
    """A folder that `understudy export --to` wrote."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.facts = json.loads((folder / "export.json").read_text())
        golden = safetensors.torch.load_file(folder / "golden/golden.safetensors")
        self.pixels, self.images = golden["pixels"], golden["images"]
        self.logits, self.int8_logits = golden["logits"], golden.get("int8_logits")
        self.classes = self.facts["classes"]

    def check_golden(self) -> None:
        """The images are the tensors, and the tensors the normalized images."""
        pixels = np.stack([
            np.asarray(Image.open(self.folder / f"golden/{index}.png"))
            for index in range(len(self.pixels))])
        require((pixels == self.pixels.numpy()).all(), "golden's images are not golden's pixels")
        preprocessing = self.facts["preprocessing"]
        mean, std = (torch.tensor(preprocessing[key]) for key in ("mean", "std"))
        images = ((self.pixels / 255 - mean) / std).permute(0, 3, 1, 2)
        require(
            torch.allclose(images, self.images, atol=1e-5), "golden's pixels are not golden's images")

    def compare(self, answer, inputs=None) -> float:
        """The largest difference of logits at a batch of 1 and of 7, and of all."""
        inputs = self.images if inputs is None else inputs
        worst = 0.0
        for count in (1, 7, len(inputs)):
            # An export of a few images has them several times.
            index = torch.arange(count) % len(inputs)
            logits = torch.as_tensor(answer(inputs[index]))
            expected = self.logits[index]
            require(logits.shape == expected.shape, f"logits are {list(logits.shape)}")
            worst = max(worst, (logits - expected).abs().max().item())
        bound = TOLERANCE * max(1.0, self.logits.abs().max().item())
        require(worst <= bound, f"logits differ by {worst:.1e}, more than {bound:.1e}")
        return worst


# ---- The libraries


def answers_of(network: torch.nn.Module):
    network.eval()

    def answer(images):
        with torch.no_grad():
            return network(images)

    return answer


def check_huggingface(export: Export) -> str:
    from transformers import AutoImageProcessor, AutoModelForImageClassification
    from transformers.utils import logging

    logging.disable_progress_bar()
    network, loading = AutoModelForImageClassification.from_pretrained(
        export.folder, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        require(not loading[kind], f"{kind}: {sorted(map(str, loading[kind]))[:5]}")
    names = network.config.id2label
    require(len(names) == export.classes, f"{len(names)} names of classes")
    require(
        all(network.config.label2id[name] == index for index, name in names.items()),
        "label2id is not id2label turned round")
    answer = answers_of(network)
    worst = export.compare(lambda images: answer(images).logits)

    processor = AutoImageProcessor.from_pretrained(export.folder)
    size = export.facts["preprocessing"]["size"]
    photo = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (2 * size, 3 * size, 3), dtype=np.uint8))
    shape = list(processor(photo, return_tensors="pt")["pixel_values"].shape)
    require(shape == [1, 3, size, size], f"the processor makes images of {shape}")
    # An image of the crop's own size is cropped from what it is resized to: compared without both.
    images = [Image.fromarray(pixels.numpy()) for pixels in export.pixels]
    ours = processor(images, do_resize=False, do_center_crop=False, return_tensors="pt")
    difference = (ours["pixel_values"] - export.images).abs().max().item()
    require(difference <= 1e-5, f"the processor normalizes otherwise, by {difference:.1e}")
    card = (export.folder / "README.md").read_text()
    require(card.startswith("---\nlibrary_name: transformers\n"), "README.md has no front matter")
    return f"logits within {worst:.1e}"


def check_timm(export: Export) -> str:
    network = timm.create_model(f"local-dir:{export.folder}", pretrained=True)
    worst = export.compare(answers_of(network))
    config = timm.data.resolve_data_config({}, model=network)
    preprocessing = export.facts["preprocessing"]
    size, resize = preprocessing["size"], preprocessing["resize"]
    require(list(config["input_size"]) == [3, size, size], f"input size {config['input_size']}")
    require(int(size / config["crop_pct"]) == resize, f"crop share {config['crop_pct']}")
    require(config["interpolation"] == preprocessing["interpolation"], config["interpolation"])
    for key in ("mean", "std"):
        require(np.allclose(config[key], preprocessing[key]), f"{key} {config[key]}")
    return f"logits within {worst:.1e}"


def check_constructor(export: Export) -> str:
    """torchvision's network by its constructor; SuperGradients' by one that equals it."""
    config = json.loads((export.folder / "config.json").read_text())
    state = safetensors.torch.load_file(export.folder / config["weights"])
    name, arguments = config["model"], config["arguments"]
    if config["library"] == "supergradients":
        renamed = {"linear.": "fc.", ".shortcut.": ".downsample."}
        for theirs, ours in renamed.items():
            state = {key.replace(theirs, ours): tensor for key, tensor in state.items()}
        state = {key: tensor for key, tensor in state.items() if "_position_index" not in key}
    if name in torchvision.models.list_models():
        network = torchvision.models.get_model(name, **arguments)
    else:
        network = timm.create_model(name, **arguments)
    network.load_state_dict(state, strict=True)
    return f"logits within {export.compare(answers_of(network)):.1e}"


# ---- ONNX


def session(path: pathlib.Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check_onnx(export: Export) -> str:
    facts = export.facts["onnx"]
    path = export.folder / "model.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    require(model.ir_version == 8, f"version {model.ir_version} of the format")
    require([(o.domain, o.version) for o in model.opset_import] == [("", 17)], "not opset 17")
    for value in (*model.graph.input, *model.graph.output):
        batch = value.type.tensor_type.shape.dim[0].dim_param
        require(batch == "batch", f"{value.name}: the first dimension is called {batch!r}")
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    known = {value.name for value in inferred.graph.value_info}
    unknown = [
        name for node in model.graph.node for name in node.output
        if name not in known and name != "logits"]
    require(not unknown, f"no shape is inferred of {unknown[:5]}")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    require(len(json.loads(metadata["understudy.classes"])) == export.classes, "classes are missing")
    require(
        json.loads(metadata["understudy.preprocessing"]) == export.facts["preprocessing"],
        "preprocessing is not the export's")
    require(metadata["understudy.weights_sha256"] == export.facts["weights"]["sha256"], "SHA-256")
    require("name:" in metadata["understudy.recipe"], "the recipe is missing")
    kinds = {node.op_type for node in model.graph.node}
    if facts["fold_bn"]:
        require("BatchNormalization" not in kinds, "batch normalizations are left")
    running = session(path)
    source = running.get_inputs()[0].name
    inputs = export.pixels if facts["input"] == "pixels" else export.images
    require(source == facts["input"], f"the input is called {source}")

    def answer(batch):
        return running.run(["logits"], {source: batch.numpy()})[0]

    if not facts["int8"]:
        return f"logits within {export.compare(answer, inputs):.1e}"
    require({"QuantizeLinear", "DequantizeLinear"} <= kinds, "nothing is quantized")
    logits = torch.as_tensor(answer(inputs))
    for count in (1, 7):
        index = torch.arange(count) % len(inputs)
        worst = (torch.as_tensor(answer(inputs[index])) - logits[index]).abs().max().item()
        require(
            worst <= TOLERANCE * max(1.0, logits.abs().max().item()),
            f"logits of {count} images differ by {worst:.1e} from those of {len(inputs)}")
    noise = (export.int8_logits - export.logits).square().mean().sqrt().item()
    added = (logits - export.int8_logits).square().mean().sqrt().item()
    require(
        added <= INT8_NOISE * noise,
        f"logits are {added:.1e} from the simulation, whose noise is {noise:.1e}; processors without "
        "VNNI saturate sums of 8-bit products")
    return f"{added / max(noise, 1e-12):.2f} of the noise of 8 bits from the simulation"


CHECKS = {
    "huggingface": check_huggingface, "timm": check_timm, "torchvision": check_constructor,
    "supergradients": check_constructor, "onnx": check_onnx,
}


def check(folder: pathlib.Path) -> bool:
    try:
        export = Export(folder)
        export.check_golden()
        text = CHECKS[export.facts["format"]](export)
        print(f"ok      {folder}: {export.facts['format']}, {text}", flush=True)
        return True
    except Exception as error:
        line = (str(error) or type(error).__name__).splitlines()[0]
        print(f"FAILED  {folder}: {type(error).__name__}: {line}", flush=True)
        return False


# ---- Runs of our own

CLASSES, SIDE = 8, 32


@dataclasses.dataclass
class Student:
    """A network that is trained here, and what it is exported to."""

    formats: list[str]
    # The rule for its initial weights.
    init: str
    # A transformer has one.
    side: int = SIDE
    epochs: int = 6


# Of each family one, and of those whose exports differ within it several. torchvision's transformers
# are too large to be trained here: Tests/Fixtures/models/make_counterparts.py makes them.
NETWORKS = {
    "resnet18": Student(
        ["torchvision", "timm", "huggingface", "supergradients", "onnx"], "pytorch"),
    "resnet50": Student(
        ["torchvision", "timm", "huggingface", "supergradients", "onnx"], "pytorch"),
    "resnext50_32x4d": Student(["torchvision", "timm", "onnx"], "pytorch", epochs=2),
    "resnet18d": Student(["timm", "onnx"], "pytorch"),
    "beit_micro_patch4_32": Student(["timm", "huggingface", "onnx"], "timm"),
    "deit_micro_patch4_32": Student(["timm", "huggingface", "onnx"], "timm"),
    "vit_tiny_patch16_224": Student(["timm", "huggingface", "onnx"], "timm", 224, epochs=2),
    "deit_tiny_distilled_patch16_224": Student(
        ["timm", "huggingface", "onnx"], "timm", 224, epochs=2),
    "convnext_tiny": Student(["torchvision", "timm", "huggingface", "onnx"], "timm", epochs=2),
    "tf_efficientnet_lite0": Student(["timm", "onnx"], "timm"),
    "mobilenet_v3_small": Student(["torchvision", "onnx"], "torchvision"),
}
ONNX_OPTIONS = {
    "onnx": [], "onnx-folded": ["--fold-bn"], "onnx-pixels": ["--fold-bn", "--input", "uint8"],
    "onnx-int8": ["--int8", "--input", "uint8"],
}


def make_images(folder: pathlib.Path, per_class: int, seed: int) -> None:
    """Stripes of some direction and width in much noise: classes that are not told apart always."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    for label in range(CLASSES):
        place = folder / f"class {label}"
        place.mkdir(parents=True)
        for index in range(per_class):
            angle = np.pi * (label % 4) / 4 + generator.normal(0, 0.12)
            wave = np.sin(
                (x * np.cos(angle) + y * np.sin(angle)) * (0.5 if label < 4 else 0.9)
                + generator.uniform(0, 6.28))
            image = 128 + 40 * wave[..., None] * generator.uniform(0.3, 1, 3)
            image = image + generator.normal(0, 40, (SIDE, SIDE, 3))
            # As they are: a validation of this very size takes the pixels themselves.
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(place / f"{index}.png")


RECIPE = """
name: {name}
data: {{train: train, val: val, classes: {classes}}}
view: {{size: {side}, randaugment: none}}
batch: {{size: 64, group: 64, repeats: 1}}
model: {{name: {network}, init: {init}, drop_path: 0.0}}
loss: {{kl: 0.0, ce: 1.0}}
optimizer: {{name: adamw, lr: 1.0e-3, weight_decay: 0.05}}
schedule: {{epochs: {epochs}, warmup: 1, cooldown: 0}}
ema: {{decay: 0.9, beta: 15}}
average: {{keep: 2}}
validation: {{size: {side}, resize: {side}, batch: 200}}
precision: fp32
"""


def check_own(understudy: str, folder: pathlib.Path) -> bool:
    def run(*words: object) -> str:
        return subprocess.run(
            [understudy, *map(str, words)], check=True, text=True, cwd=folder,
            stdout=subprocess.PIPE).stdout

    make_images(folder / "train", 80, seed=1)
    make_images(folder / "val", 125, seed=2)
    passed = True
    for network, student in NETWORKS.items():
        (folder / f"{network}.yaml").write_text(RECIPE.format(
            name=f"check-{network.replace('_', '-')}", network=network, classes=CLASSES,
            side=student.side, init=student.init, epochs=student.epochs))
        run("train", "--recipe", f"{network}.yaml", "--out", network)
        for kind in student.formats:
            options = ONNX_OPTIONS if kind == "onnx" else {kind: []}
            for name, words in options.items():
                out = f"{network}-{name}"
                run("export", "--run", network, "--to", kind, "--out", out, *words)
                passed &= check(folder / out)
        # Others resize their images, so that the files' pixels are not theirs; the micro DeiT stands
        # for them.
        if student.side != SIDE:
            continue
        passed &= check_int8(
            folder / f"{network}-onnx-int8", folder / "val",
            json.loads(run("eval", "--run", network, "--int8", "--json")))
    return passed


def check_int8(folder: pathlib.Path, validation: pathlib.Path, report: dict) -> bool:
    """Top-1 of the model in 8 bits as ONNX Runtime has it, beside our simulation's."""
    running = session(folder / "model.onnx")
    correct = images = 0
    for label, place in enumerate(sorted(validation.iterdir())):
        pixels = np.stack([np.asarray(Image.open(path)) for path in sorted(place.iterdir())])
        logits = running.run(["logits"], {"pixels": pixels})[0]
        correct += int((logits.argmax(1) == label).sum())
        images += len(pixels)
    theirs, ours = 100 * correct / images, report["int8"]["top1"]
    agrees = abs(theirs - ours) <= INT8_POINTS
    print(
        f"{'ok     ' if agrees else 'FAILED '} {folder}: top-1 {report['top1']:.2f} % in floats, "
        f"{ours:.2f} % in 8 bits as simulated, {theirs:.2f} % in ONNX Runtime", flush=True)
    return agrees


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--understudy")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    if arguments.folders:
        passed = all([check(folder) for folder in arguments.folders])
    else:
        with tempfile.TemporaryDirectory(prefix="understudy-exports-") as folder:
            passed = check_own(
                str(pathlib.Path(arguments.understudy).resolve()), pathlib.Path(folder).resolve())
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

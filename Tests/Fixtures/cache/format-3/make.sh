#!/usr/bin/env bash
# Makes a data set of eight images and the caches of a file of responses to them, as the program made
# them while a fingerprint still said cache.epochs and views.flip:
#
#   Tests/Fixtures/cache/format-3/make.sh UNDERSTUDY PYTHON
#
# UNDERSTUDY is the program of commit 5cf7998, the last of that kind; PYTHON has numpy and h5py (the
# files here: numpy 2.4, h5py 3.16). It is not to be run again with a later program: what these files
# are for is that it did not make them.
set -euo pipefail
understudy=$(realpath "$1")
python=$(command -v "$2")
cd "$(dirname "${BASH_SOURCE[0]}")"

"$python" - <<'PYTHON'
import pathlib
import struct
import zlib

import h5py
import numpy as np


def png(pixels):
    """An RGB image as a PNG file."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
            + chunk(b"IEND", b""))


generator = np.random.default_rng(3)
names = []
for index in range(8):
    names.append(f"c{index % 4}/{index}.png")
    path = pathlib.Path("images") / names[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(generator.integers(0, 256, (5, 7, 3), dtype=np.uint8)))
with h5py.File("responses.h5", "w", libver="latest") as file:
    file["logits"] = generator.normal(0, 3, (2, 8, 4)).astype("f4")
    file["names"] = np.array(names, dtype="S8")
PYTHON

cat >teacher.yaml <<YAML
name: elsewhere
kind: precomputed
classes: 4
responses: {dataset: logits, keys: names, values: logits, temperature: 2}
weights: {file: responses.h5, sha256: $(sha256sum responses.h5 | cut -d' ' -f1)}
source: drawn by make.sh
YAML
cat >recipe.yaml <<'YAML'
name: format-3
seed: 7
data: {train: images, val: images, classes: 4}
view:
  size: 32
  crop: {scale: [0.3, 1.0], ratio: [0.75, 1.5]}
  interpolation: random
  flip: 0.5
  randaugment: rand-m7-mstd0.5
  color_jitter: {brightness: 0.4, contrast: 0.3, saturation: 0.2}
  mean: [0.5, 0.25, 0.5]
  std: [0.25, 0.25, 0.5]
  mix: {probability: 1.0, mixup: 0.2, cutmix: 1.0, switch: 0.5}
  label_smoothing: 0.1
batch: {size: 4, group: 2, repeats: 1}
teacher: {card: teacher.yaml}
cache: {epochs: 2, encoding: dense, groups_per_part: 2}
model: {name: resnet18, init: pytorch}
loss: {kl: 1, ce: 0}
optimizer: {name: sgd, lr: 0.1, weight_decay: 0, momentum: 0.9}
schedule: {epochs: 2, warmup: 0, cooldown: 0, final_ratio: 0.01}
ema: none
average: {keep: 1}
validation: {size: 32, resize: 36, interpolation: bilinear, batch: 4}
precision: fp32
checkpoint: {every_steps: 500}
YAML

rm -rf dense topk bounded
for encoding in dense topk bounded; do
    more=()
    if [[ $encoding == topk ]]; then more=(--set cache.top_k=2); fi
    "$understudy" cache import --recipe recipe.yaml --cache $encoding \
        --set cache.encoding=$encoding "${more[@]}"
done
# One cache with an epoch in one file, and two in which a part is still to be built: to these bytes.
"$understudy" cache compact --cache bounded --epochs '0..<1'
mv topk/epoch-0001/part-00001.h5 topk-missing.h5
mv bounded/epoch-0001/part-00000.h5 bounded-missing.h5

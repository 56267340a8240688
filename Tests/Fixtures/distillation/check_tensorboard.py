#!/usr/bin/env python3
"""Reads a run as TensorBoard does, and compares what it shows with the run's own records.

    python3 Tests/Fixtures/distillation/check_tensorboard.py RUN

Written for tensorboard 2.21.0; run it in a Python that has it. RUN is a folder that `understudy train`
made, killed and resumed as often as you like. Every curve must have each step once and in order,
every figure of `metrics.jsonl` must be the point of its epoch, and the hparams plug-in must list the
run with its recipe's values. Prints what is there; fails at the first difference.
"""

import json
import math
import pathlib
import sys

from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.context import RequestContext
from tensorboard.data import provider as provider_api
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups


def tag_of(name):
    if name in ("loss", "ce", "kl"):
        return f"epoch/{name}"
    if name.endswith(("top1", "top5")):
        return f"validation/{name}"
    return "speed/images_per_second" if name == "images_per_second" else None


def main(folder):
    read = event_accumulator.EventAccumulator(
        str(folder), {name: 0 for name in ("scalars", "images", "histograms", "tensors")}
    )
    read.Reload()
    tags = read.Tags()
    for tag in tags["scalars"]:
        steps = [event.step for event in read.Scalars(tag)]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps}"
        print(f"{tag:32} {len(steps)} points, steps {steps[0]} to {steps[-1]}")
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for name in lines[0]:
        if (tag := tag_of(name)) is None:
            continue
        shown = [event.value for event in read.Scalars(tag)]
        assert len(shown) == len(lines), f"{tag}: {len(shown)} points of {len(lines)} epochs"
        for value, line in zip(shown, lines):
            assert math.isclose(value, line[name], rel_tol=1e-6, abs_tol=1e-30), (tag, value, line)
    print(f"{len(tags['histograms'])} histograms, {len(tags['images'])} pictures")
    assert tags["images"] == ["views"] and tags["tensors"], tags
    for tag in tags["histograms"]:
        steps = [event.step for event in read.Histograms(tag)]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps}"

    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder.parent))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder.parent))
    context = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = RequestContext()
    metadata = context.hparams_metadata(request, "0")
    experiment = context.experiment_from_metadata(
        request, "0", True, metadata, provider_api.ListHyperparametersResult([], []))
    columns = [info.name for info in experiment.hparam_infos]
    assert "optimizer.lr" in columns, columns
    query = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=[0, 1, 2, 3], start_index=0, slice_size=1000)
    groups = list_session_groups.Handler(request, context, "0", query).run().session_groups
    names = [session.name for group in groups for session in group.sessions]
    assert any(name in (folder.name, ".") for name in names), names
    print(f"hparams: {len(columns)} values; sessions {', '.join(names)}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve())

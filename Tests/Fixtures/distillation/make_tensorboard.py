#!/usr/bin/env python3
"""Writes tensorboard.json: events as TensorBoard's own code writes and reads them.

Made with tensorboard 2.21.0 and protobuf 7.36.2. Run it in a Python that has them:

    python3 Tests/Fixtures/distillation/make_tensorboard.py

No program of ours takes part. The events are TensorBoard's generated messages, framed by its
RecordWriter; TensorBoardTests puts the same ones together and wants the same bytes. Then they are
read back by TensorBoard's EventAccumulator and by its hparams plug-in, and what is to be seen of them
is checked here, so that equal bytes mean that TensorBoard shows them.

tensorboard.json: {name: the record in hex}
"""

import json
import math
import pathlib
import tempfile

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

FOLDER = pathlib.Path(__file__).resolve().parent
PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(range(200))


def event(time, step=0, **content):
    return event_pb2.Event(wall_time=time, step=step, **content)


def summary(time, step, *values):
    return event(time, step, summary=summary_pb2.Summary(value=values))


def plugged(tag, plugin, tensor, content=b""):
    data = summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=data, data_class=summary_pb2.DATA_CLASS_TENSOR
    )
    return summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=tensor)


def text(tag, words):
    shape = tensor_shape_pb2.TensorShapeProto()
    tensor = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[words.encode()]
    )
    return plugged(tag, "text", tensor)


def session(tag, **info):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=0)])
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape)
    data = plugin_data_pb2.HParamsPluginData(version=0, **info)
    return plugged(f"_hparams_/{tag}", "hparams", tensor, data.SerializeToString(deterministic=True))


def start(time, **hparams):
    info = plugin_data_pb2.SessionStartInfo(start_time_secs=time)
    for name, value in hparams.items():
        kind = {bool: "bool_value", float: "number_value", str: "string_value"}[type(value)]
        setattr(info.hparams[name], kind, value)
    return session("session_start_info", session_start_info=info)


values = [-1.5, -0.25, 0.0, 0.125, 2.0]
limits = [-1.5 + i * (3.5 / 30) for i in range(1, 30)] + [2.0]
counts = [0.0] * 30
for value in values:
    counts[min(int((value + 1.5) / (3.5 / 30)), 29)] += 1
histogram = dict(
    min=-1.5, max=2.0, num=5.0, sum=math.fsum(values), sum_squares=math.fsum(v * v for v in values)
)

Value = summary_pb2.Summary.Value
EVENTS = {
    "version": event(1700000000.25, file_version="brain.Event:2"),
    "hparams": summary(
        1700000000.25, 0, start(1700000000.25, a=0.005, b="lamb", c=False, d=0.0)
    ),
    "recipe": summary(1700000000.25, 0, text("recipe", "    name: größe\n    seed: 42")),
    "picture": summary(
        1700000000.25, 0,
        Value(tag="views", image=summary_pb2.Summary.Image(
            height=300, width=7, colorspace=3, encoded_image_string=PNG)),
    ),
    "scalars": summary(
        1700000001.5, 127,
        Value(tag="step/loss", simple_value=1.25), Value(tag="step/kl", simple_value=0.0),
    ),
    "forgotten": summary(1700000002.5, 129, Value(tag="step/loss", simple_value=9.0)),
    "restart": event(
        1700000003.5, 128,
        session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
    "histogram": summary(
        1700000004.5, 300,
        Value(tag="weights/conv1.weight", histo=summary_pb2.HistogramProto(
            bucket_limit=limits, bucket=counts, **histogram)),
        Value(tag="step/loss", simple_value=1.0),
    ),
    "end": summary(
        1700000005.5, 301,
        session("session_end_info", session_end_info=plugin_data_pb2.SessionEndInfo(
            status="STATUS_SUCCESS", end_time_secs=1700000005.5)),
    ),
}


def record(message):
    with tempfile.TemporaryFile() as file:
        RecordWriter(file).write(message.SerializeToString(deterministic=True))
        file.seek(0)
        return file.read()


def check_reading(records):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "events.out.tfevents.1700000000.host.1.0"
        path.write_bytes(b"".join(records.values()))
        read = event_accumulator.EventAccumulator(folder, {"images": 0, "histograms": 0})
        read.Reload()
        scalars = [(e.step, e.value) for e in read.Scalars("step/loss")]
        assert scalars == [(127, 1.25), (300, 1.0)], scalars
        assert [e.encoded_image_string for e in read.Images("views")] == [PNG]
        shown = read.Histograms("weights/conv1.weight")[0].histogram_value
        assert (shown.num, list(shown.bucket)) == (5.0, counts), shown
        words = read.Tensors("recipe")[0].tensor_proto.string_val[0].decode()
        assert words.startswith("    name: größe"), words
        plugins = read.PluginTagToContent("hparams")
        data = plugin_data_pb2.HParamsPluginData.FromString(
            plugins["_hparams_/session_start_info"])
        seen = dict(data.session_start_info.hparams)
        assert seen["b"].string_value == "lamb" and seen["a"].number_value == 0.005, seen


if __name__ == "__main__":
    records = {name: record(message) for name, message in EVENTS.items()}
    check_reading(records)
    text = json.dumps({name: data.hex() for name, data in records.items()}, indent=1)
    (FOLDER / "tensorboard.json").write_text(text + "\n")

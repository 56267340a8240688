#!/usr/bin/env python3
"""Checks what understudy pack wrote against Python's tarfile and, where it is installed, the
webdataset package. Usage: python3 check_pack.py FOLDER. Prints the number of samples.
"""
import hashlib
import pathlib
import sys
import tarfile


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC_TABLE[(value ^ byte) & 0xFF]
    return f"{value ^ 0xFFFFFFFF:08x}"


CRC_TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC_TABLE.append(value)

folder = pathlib.Path(sys.argv[1])
text = (folder / "index.tsv").read_bytes()
text, seal = text[: text.rindex(b"checksum\t")], text[text.rindex(b"checksum\t") :]
assert seal == f"checksum\t{crc32c(text)}\n".encode(), seal
lines = text.decode().rstrip("\n").split("\n")
assert lines[0] == "understudy-index\t2", lines[0]
content = lines[1].split("\t")[1]
count = int(lines[2].split("\t")[1])
shards = [line.split("\t") for line in lines[3 : 3 + count]]
rows = [line.split("\t", 6) for line in lines[4 + count :]]
assert len(rows) == int(lines[3 + count].split("\t")[1])

members, files = {}, []
for number, (name, size, digest) in enumerate(shards):
    data = (folder / name).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), digest), name
    files.append(data)
    with tarfile.open(folder / name) as archive:
        for member in archive:
            assert (member.mode, member.uid, member.gid) == (0o644, 0, 0)
            members[number, member.offset_data] = member, archive.extractfile(member).read()

hashes = hashlib.sha256()
keys = []
for shard, offset, size, label, header, checksum, path in rows:
    member, data = members.pop((int(shard), int(offset)))
    assert len(data) == int(size)
    comment = member.pax_headers.get("comment", "understudy path=" + member.name)
    assert comment == "understudy path=" + path, (member.name, path)
    assert "." not in pathlib.PurePosixPath(member.name).stem, member.name
    assert fnv(files[int(shard)][int(offset) - 512 : int(offset)]) == header
    assert crc32c(data) == checksum
    hashes.update(hashlib.sha256(data).digest())
    keys.append((str(pathlib.PurePosixPath(member.name).with_suffix("")), label, data))
assert hashes.hexdigest() == content
assert all(member.name.endswith(".cls") for member, _ in members.values())
assert len(members) == len(rows)

try:
    import webdataset
except ImportError:
    webdataset = None
if webdataset:
    urls = [str(folder / name) for name, _, _ in shards]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False))
    assert len(samples) == len(keys)
    for sample, (key, label, data) in zip(samples, keys):
        image = next(sample[e] for e in ("jpg", "jpeg", "png") if e in sample)
        assert (sample["__key__"], sample["cls"].decode(), image) == (key, label, data), key
print(len(rows), "samples", "with webdataset" if webdataset else "")

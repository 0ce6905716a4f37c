"""Reads data sets with PyPI's tfrecord and h5py and writes them again.

Arguments: `tfrecord FROM TO` or `hdf5 FROM TO`, two files. Prints as JSON what FROM holds.
"""

import hashlib
import json
import struct
import sys

import crc32c
import h5py
import tfrecord
from tfrecord.example_pb2 import Example


def masked(data):
    checksum = crc32c.crc32c(data)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def checksums_hold(path):
    """tfrecord reads over checksums; TensorFlow does not."""
    data, at = open(path, "rb").read(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        header, body = data[at : at + 8], data[at + 12 : at + 12 + length]
        found = struct.unpack_from("<I", data, at + 8) + struct.unpack_from("<I", data, at + 12 + length)
        if found != (masked(header), masked(body)):
            return False
        at += 16 + length
    return at == len(data)


def shard(source, target):
    writer, scenes = tfrecord.TFRecordWriter(target), []
    for record in tfrecord.reader.tfrecord_iterator(source):
        feature = Example.FromString(bytes(record)).features.feature
        frames, cameras = list(feature["frames"].bytes_list.value), list(feature["cameras"].float_list.value)
        scenes.append({"frames": [hashlib.sha256(frame).hexdigest() for frame in frames], "cameras": cameras})
        writer.write({"frames": (frames, "byte"), "cameras": (cameras, "float")})
    writer.close()
    return {"checksums_hold": checksums_hold(source), "scenes": scenes}


def hdf5(source, target):
    with h5py.File(source, "r") as file:
        images, viewpoints = file["images"], file["viewpoints"]
        with h5py.File(target, "w") as copy:
            copy.create_dataset("images", data=images[:], chunks=(1, *images.shape[1:]), compression="gzip")
            copy.create_dataset("viewpoints", data=viewpoints[:])
        return {
            "images": [str(images.dtype), list(images.shape), int(images[:].sum())],
            "viewpoints": [str(viewpoints.dtype), list(viewpoints.shape)],
            "first": viewpoints[0, 0].tolist(),
        }


kind, source, target = sys.argv[1:]
print(json.dumps({"tfrecord": shard, "hdf5": hdf5}[kind](source, target)))

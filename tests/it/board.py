"""Reads a run's event files as TensorBoard does. Argument: their folder. Prints as JSON what it found."""

import io
import json
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KEEP_ALL = {"scalars": 0, "images": 0, "histograms": 0}

board = EventAccumulator(sys.argv[1], size_guidance=KEEP_ALL)
board.Reload()
tags = board.Tags()
found = {"scalars": {}, "images": {}, "histograms": {}}
for tag in tags["scalars"]:
    found["scalars"][tag] = [[event.step, event.value] for event in board.Scalars(tag)]
for tag in tags["images"]:
    pictures = []
    for event in board.Images(tag):
        # The size that the PNG itself has, behind its signature and the head of its first chunk.
        png = event.encoded_image_string
        assert png[:8] == b"\x89PNG\r\n\x1a\n" and png[12:16] == b"IHDR", tag
        assert struct.unpack(">II", png[16:24]) == (event.width, event.height), tag
        pictures.append([event.step, event.width, event.height])
    found["images"][tag] = pictures
for tag in tags["histograms"]:
    histograms = []
    for event in board.Histograms(tag):
        value = event.histogram_value
        assert len(value.bucket) == len(value.bucket_limit), tag
        histograms.append([event.step, value.num, value.sum, sum(value.bucket), value.min, value.max])
    found["histograms"][tag] = histograms
print(json.dumps(found))

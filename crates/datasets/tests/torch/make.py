"""Writes the files of `tests/torch_set.rs`: three scenes of two views of 8 pixels, in the forms that PyTorch ports of GQN
save them in.

    python make.py    # writes beside this file

Needs torch 2.11, numpy and pillow, on a CPU. Colours and cameras follow from the indices, as `tests/torch_set.rs` says.
"""

import collections
import gzip
import io
import pathlib

import numpy
import torch
from PIL import Image

HERE = pathlib.Path(__file__).parent
SCENES, VIEWS, SIDE = 3, 2, 8
Scene = collections.namedtuple("Scene", ["frames", "cameras"])


def frame(scene, view):
    """[S,S,3]: red grows with the column, green with the row, blue is the scene's and view's."""
    y, x = numpy.mgrid[0:SIDE, 0:SIDE]
    blue = numpy.full_like(x, 100 * view + 20 * scene)
    return numpy.stack([30 * x, 30 * y, blue], -1).astype(numpy.uint8)


def camera(scene, view):
    return [scene, view, 0.5, 0.25 * view, -0.125 * scene]


def jpeg(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "jpeg", quality=95)
    return file.getvalue()


def save(name, value, compress=True, **flags):
    with (gzip.GzipFile(HERE / name, "wb", mtime=0) if compress else open(HERE / name, "wb")) as file:
        torch.save(value, file, **flags)


frames = [numpy.stack([frame(s, v) for v in range(VIEWS)]) for s in range(SCENES)]
cameras = [numpy.array([camera(s, v) for v in range(VIEWS)], numpy.float32) for s in range(SCENES)]

# A scene a file: an object array of JPEG files, cameras in one row.
files = numpy.empty(VIEWS, object)
files[:] = [jpeg(frame(0, v)) for v in range(VIEWS)]
save("named_jpeg.pt.gz", Scene(frames=files, cameras=cameras[0].reshape(-1)))
# Lists of scenes: pixels, in the old format.
save("pixels.pt.gz", list(zip(frames, cameras)), _use_new_zipfile_serialization=False)
# Pixels under the shape of planes, and real planes.
shapes = [f.reshape(VIEWS, 3, SIDE, SIDE) for f in frames]
save("misnamed.pt.gz", list(zip(shapes, cameras)))
planes = [numpy.ascontiguousarray(f.transpose(0, 3, 1, 2)) for f in frames]
save("planes.pt", list(zip(planes, cameras)), compress=False, pickle_protocol=4)
# Tensors: floats, and seven numbers a camera.
poses = [numpy.stack([c[:, 0], c[:, 1], c[:, 2], numpy.cos(c[:, 3]), numpy.sin(c[:, 3]), numpy.cos(c[:, 4]),
                      numpy.sin(c[:, 4])], -1) for c in cameras]
save("tensors.pt", [(torch.tensor(f / numpy.float32(255)), torch.tensor(p)) for f, p in zip(frames, poses)],
     compress=False)

"""Writes the files of `tests/hdf5.rs` that only the C library writes: data sets that were never written, and new formats.

    python make.py    # writes beside this file

Needs h5py 3.15 or newer with HDF5 2.
"""

import pathlib

import h5py
import numpy

HERE = pathlib.Path(__file__).parent


def shapes(scenes, views, side):
    return (scenes, views, side, side, 3), (scenes, views, 7)


def write(name, scenes, views, side, written=False, libver=None, **images):
    with h5py.File(HERE / name, "w", libver=libver) as file:
        for dataset, shape, kind in zip(["images", "viewpoints"], shapes(scenes, views, side), ["u1", "f4"]):
            flags = images if dataset == "images" else {}
            data = file.create_dataset(dataset, shape=shape, dtype=kind, **flags)
            if written:
                data[...] = numpy.zeros(shape, kind)


# Never written: many views, many bytes, many chunks.
write("views.h5", 1, 2**40, 64)
write("bytes.h5", 100_000, 10, 64)
write("chunks.h5", 2**50, 10, 64, chunks=(1, 1, 64, 64, 3))
# One of four chunks.
with h5py.File(HERE / "part.h5", "w") as file:
    file.create_dataset("images", shape=(4, 1, 4, 4, 3), dtype="u1", chunks=(1, 1, 4, 4, 3))[0] = 7
    file.create_dataset("viewpoints", data=numpy.zeros((4, 1, 7), "f4"))
# The newest format.
write("newest.h5", 2, 1, 4, True, "latest", chunks=(1, 1, 4, 4, 3), compression="gzip")

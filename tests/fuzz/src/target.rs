//! The list of fuzz targets.

use crate::{data, formats, graph};

/// A parser, or what belongs together.
#[derive(Debug)]
pub struct Target {
    /// Also the folder of its seeds in `corpus/`.
    pub name: &'static str,
    /// What it parses.
    pub what: &'static str,
    /// Parses bytes, and uses what comes out.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "manifest", what: "manifest.json of a package", run: formats::manifest },
    Target { name: "views", what: "views.json: pictures and their cameras", run: formats::views },
    Target {
        name: "checkpoint",
        what: "checkpoint.safetensors and the tensors of a sample",
        run: formats::checkpoint,
    },
    Target {
        name: "state",
        what: "state.safetensors: a checkpoint and the optimiser's moments",
        run: formats::state,
    },
    Target {
        name: "package",
        what: "a package as a zip, also with its checksums put right",
        run: formats::package,
    },
    Target { name: "onnx", what: "a graph on the built-in engine", run: graph::onnx },
    Target { name: "torch", what: "a file of torch.save", run: formats::torch },
    Target {
        name: "torch-set",
        what: "scenes of a PyTorch port, .pt or .pt.gz",
        run: data::torch_set,
    },
    Target {
        name: "records",
        what: "DeepMind's record files, also with their checksums put right",
        run: data::records,
    },
    Target { name: "hdf5", what: "HDF5 files of the gqn-dataset-renderer", run: data::hdf5 },
    Target { name: "toml", what: "a model's sizes in TOML", run: formats::settings },
    Target { name: "picture", what: "JPEG, PNG and GIF files", run: data::picture },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

//! What crosses crates: the engines against libtorch, the programs one after the other, and what holds of the sources.
//!
//! Needs libtorch, ONNX Runtime and some of Python's packages: `cargo xtask test` fetches them, `cargo xtask setup` does so alone.
//! Programs are called as `cargo test --release --workspace` builds them, on one thread each.
//!
//! | file | holds |
//! |---|---|
//! | `oracle.rs` | the trainer against the `PyTorch` reference's numbers |
//! | `import.rs` | weights that `PyTorch` wrote, against what it computes with them |
//! | `conformance.rs` | one suite over `Engine`: libtorch, ONNX Runtime, the built-in engine, tract |
//! | `precision.rs` | half precision, eight bits and fewer steps against libtorch |
//! | `external_data.rs` | a model whose weights stand beside its graphs |
//! | `onnx_checker.rs` | exported graphs before the checker of `PyPI`'s `onnx` |
//! | `triton.rs` | a Triton model repository before Triton's own description of it |
//! | `shards.rs` | data sets before the readers and writers of `PyPI`'s `tfrecord` and `h5py` |
//! | `board.rs` | event files before `PyPI`'s `tensorboard` |
//! | `watching.rs` | the best weights are kept, what goes wrong is said |
//! | `batches.rs` | the query view is never in the context |
//! | `data.rs` | training on files |
//! | `pipeline.rs` | train, export, verify, paint, by the programs |
//! | `voxel_programs.rs` | the same of a voxel model, and the geometry that it takes from files |
//! | `trained.rs` | the weights beside the recipes on every engine |
//! | `strips.rs` | ways between views, mental rotation, sums of scenes |
//! | `settings.rs` | mutated settings of a run are refused or read |
//! | `resume.rs` | a run that was killed or interrupted, and resumed, is the run |
//! | `bad_input/` | what the programs say of input that does not fit |
//! | `architecture.rs`, `deny.rs`, `sources.rs` | which crate may use which, under which licences, how sources look |
//! | `circles.rs`, `modules.rs` | which modules of a crate use which: no folder is part of a circle |
//! | `file_tables.rs` | tables of files, as this one, against the tree |
//! | `snapshots.rs` | help texts, what `inspect` prints, a model card and a manifest, word for word |
//! | `documents.rs` | files that documents name, and links between them |
//! | `examples.rs` | the programs of `examples/` |
//! | `programs.rs`, `micro.rs`, `weights.rs` | calling programs, a run of seconds, random weights |

mod architecture;
mod bad_input;
mod batches;
mod board;
mod circles;
mod conformance;
mod data;
mod deny;
mod documents;
mod examples;
mod external_data;
mod file_tables;
mod import;
mod micro;
mod modules;
mod onnx_checker;
mod oracle;
mod pipeline;
mod precision;
mod programs;
mod resume;
mod settings;
mod shards;
mod snapshots;
mod sources;
mod strips;
mod trained;
mod triton;
mod voxel_programs;
mod watching;
mod weights;

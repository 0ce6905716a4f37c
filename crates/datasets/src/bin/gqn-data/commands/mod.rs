//! What the subcommands do.

mod bench;
mod data_set;
mod pictures;
mod render;

pub(crate) use bench::bench;
pub(crate) use data_set::{convert, inspect, verify};
pub(crate) use pictures::{scene, sheet};
pub(crate) use render::render;

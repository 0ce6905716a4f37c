//! Writes a small data set in the layout of `DeepMind`'s, and reads it back.
//!
//! `cargo run --release -p gqn-datasets --example read_data_set -- FOLDER`

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use gqn_datasets::{DataSet, Layout, RenderPlan, write_shards};
use gqn_scenes::{Split, World};
use gqn_system::Overwrite;

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).context("expected FOLDER")?;

    // Four scenes of five views, 32x32 pixels, in two files.
    let plan = RenderPlan {
        world: World::RoomsRingCamera,
        split: Split::Train,
        base_seed: 1,
        views: 5,
        side: 32,
        quality: 95,
    };
    let layout = Layout { scenes: 4, shards: 2 };
    write_shards(&folder, plan.split, layout, Overwrite::Refuse, |scenes| {
        plan.render(scenes, || {})
    })?;

    let set = DataSet::open(&folder, Split::Train)?;
    println!("{} scenes of {} views, {} pixels wide", set.len(), set.views(), set.side());
    let scene = set.scene(0)?;
    println!("the first camera of the first scene stands at {:?}", scene.cameras[0].position);
    Ok(())
}

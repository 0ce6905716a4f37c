//! Looks around in a package with the portable engine: pure Rust, nothing to install.
//!
//! `cargo run --release -p gqn-portable --example look_around_portable -- web-demo/models/rooms-ring-camera-demo view.png`

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use gqn_formats::Package;
use gqn_pictures::{PngSize, encode_png};
use gqn_portable::PortableEngine;
use gqn_runtime::{Noise, Session};
use gqn_scenes::{Scene, World};

fn main() -> Result<()> {
    let [package, out] = arguments("PACKAGE OUT.png")?;
    let package = Package::open(&package)?;
    let side = package.manifest.config.image_size;

    // A scene that no model was trained on: three views to show, and a fourth camera to look from.
    let scene = Scene::generate(World::RoomsRingCamera, 1);
    let cameras = scene.cameras(4);
    let views: Vec<_> =
        cameras[..3].iter().map(|camera| (scene.render(camera, side), *camera)).collect();

    let mut session = Session::new(PortableEngine::new(&package)?, &package.manifest);
    session.observe(&views)?;
    let frame = session.query(&cameras[3..], &Noise::mean())?.remove(0);

    std::fs::write(&out, encode_png(side, side, frame.rgb8(), PngSize::Small)?)?;
    println!("{}: what the model expects at {:?}", out.display(), cameras[3].position);
    Ok(())
}

/// The two arguments, or how to call the program.
fn arguments(usage: &str) -> Result<[PathBuf; 2]> {
    let given: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    <[PathBuf; 2]>::try_from(given).ok().with_context(|| format!("expected {usage}"))
}

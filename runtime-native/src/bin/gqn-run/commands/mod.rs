//! What the subcommands do.

mod arithmetic;
mod bench;
mod compare;
mod completions;
mod doctor;
mod info;
mod interpolate;
mod orbit;
mod render;
mod rotate;
#[cfg(feature = "serve")]
mod serve;
mod uncertainty;
mod verify;
mod warmup;

use std::path::Path;

use anyhow::{Result, ensure};
use gqn_command_line::{progress_bar, say};
use gqn_formats::Package;
use gqn_runtime::{Engine, Noise, Session, SessionError};
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtError, Spin};
use gqn_scenes::{Camera, Frame, World};
use gqn_system::Overwrite;

pub(crate) use self::arithmetic::arithmetic;
pub(crate) use self::bench::bench;
pub(crate) use self::compare::compare;
pub(crate) use self::completions::{completions, manual};
pub(crate) use self::doctor::doctor;
pub(crate) use self::info::info;
pub(crate) use self::interpolate::interpolate;
pub(crate) use self::orbit::orbit;
pub(crate) use self::render::render;
pub(crate) use self::rotate::rotate;
#[cfg(feature = "serve")]
pub(crate) use self::serve::serve;
pub(crate) use self::uncertainty::uncertainty;
pub(crate) use self::verify::verify;
pub(crate) use self::warmup::warmup;

use crate::cli;
use crate::input::Input;

/// Pictures painted in one run of the graph: enough to keep the cores busy, few enough for progress and memory.
const BATCH: usize = 8;

fn open(what: &cli::What) -> Result<Package> {
    ensure!(
        what.package.exists(),
        "{} does not exist\nhint: a package is a folder that `gqn-export export` writes, or one zip of it",
        what.package.display()
    );
    Ok(Package::open(&what.package)?)
}

/// Says when the scenes to paint are of a world that the model never saw.
fn warn_of_other_world(package: &Package, world: Option<World>) {
    if let (Some(trained), Some(asked)) = (package.manifest.provenance.world(), world)
        && trained != asked
    {
        say(&format!("note: the model was trained on {trained}, not on {asked}"));
    }
}

/// Says what is odd about cameras that somebody gave, so that nobody takes for the model's fault what they asked for.
fn warn_of_cameras(package: &Package, input: &Input, cameras: Option<(&Path, &[Camera])>) {
    if input.scene.is_none() {
        let given: Vec<Camera> = input.context.iter().map(|(_, camera)| *camera).collect();
        warn(&package.manifest.camera_warnings(&given, |index| format!("view {index}")));
    }
    if let Some((file, cameras)) = cameras {
        let name = |index| format!("camera {index} in {}", file.display());
        warn(&package.manifest.camera_warnings(cameras, name));
    }
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
}

/// What runs the package. Says when it is not what was asked for.
fn engine(what: &cli::What, package: &Package) -> Result<OrtEngine, OrtError> {
    engine_with(what, package, Spin::On, false)
}

/// As [`engine`]; `placed` asks for the placement of the CPU's nodes too.
fn engine_with(
    what: &cli::What,
    package: &Package,
    spin: Spin,
    placed: bool,
) -> Result<OrtEngine, OrtError> {
    let runtime = OnnxRuntime::load(what.engine.ort.as_deref())?;
    let mut options = what.engine.options(spin);
    options.measure_placement |= placed;
    let engine = OrtEngine::new(runtime, package, &options)?;
    if what.engine.strict {
        engine.check_strict()?;
    }
    Ok(engine)
}

/// Paints many cameras, with progress.
fn paint(
    session: &mut Session<impl Engine>,
    cameras: &[Camera],
    noise: &Noise,
) -> Result<Vec<Frame>, SessionError> {
    let bar = progress_bar("painting", cameras.len());
    let mut frames = Vec::with_capacity(cameras.len());
    for batch in cameras.chunks(BATCH) {
        frames.extend(session.query(batch, noise)?);
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(frames)
}

/// Mean squared error of pictures, and their signal-to-noise ratio, for people.
fn errors(painted: &[Frame], truth: &[Frame]) -> String {
    error_in_words(mse(painted, truth))
}

fn error_in_words(mse: f64) -> String {
    format!("MSE {mse:.4}, PSNR {:.1} dB", gqn_runtime::psnr(mse))
}

/// Mean squared error of pictures.
fn mse(painted: &[Frame], truth: &[Frame]) -> f64 {
    let planar = |frame: &Frame| {
        let mut values = vec![0.0; 3 * frame.side() * frame.side()];
        frame.write_planar(&mut values);
        values
    };
    let error = |(a, b): (&Frame, &Frame)| gqn_runtime::mse(&planar(a), &planar(b));
    painted.iter().zip(truth).map(error).sum::<f64>() / painted.len().max(1) as f64
}

fn noise(look: &cli::Look) -> Noise {
    Noise::new(look.noise_seed, look.temperature)
}

fn overwrite(look: &cli::Look) -> Overwrite {
    Overwrite::forced(look.force)
}

//! Opening a package and its engine, with what is to be said about them.

use std::path::Path;

use anyhow::{Result, ensure};
use gqn_command_line::say;
use gqn_formats::Package;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtError, Spin};
use gqn_scenes::{Camera, World};

use crate::cli;
use crate::input::Input;

pub(super) fn open(what: &cli::What) -> Result<Package> {
    ensure!(
        what.package.exists(),
        "{} does not exist\nhint: a package is a folder that `gqn-export export` writes, or one zip of it",
        what.package.display()
    );
    Ok(Package::open(&what.package)?)
}

/// Says when the scenes to render are of a world that the model never saw.
pub(super) fn warn_of_other_world(package: &Package, world: Option<World>) {
    if let (Some(trained), Some(asked)) = (package.manifest.provenance.world(), world)
        && trained != asked
    {
        say(&format!("note: the model was trained on {trained}, not on {asked}"));
    }
}

/// Says what is odd about cameras that somebody gave, so that nobody takes for the model's fault what they asked for.
pub(super) fn warn_of_cameras(
    package: &Package,
    input: &Input,
    cameras: Option<(&Path, &[Camera])>,
) {
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
pub(super) fn engine(what: &cli::What, package: &Package) -> Result<OrtEngine, OrtError> {
    engine_with(what, package, Spin::On, false)
}

/// As [`engine`], with all that a verification looks at: the drawing graph, and the placement of the CPU's nodes too.
pub(super) fn engine_to_verify(what: &cli::What, package: &Package) -> Result<OrtEngine, OrtError> {
    let runtime = OnnxRuntime::load(what.engine.ort.as_deref())?;
    let options = what.engine.options(Spin::On);
    engine_with(what, package, Spin::On, true)?.with_drawing(runtime, package, &options)
}

/// As [`engine`]; `placed` asks for the placement of the CPU's nodes too.
pub(super) fn engine_with(
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

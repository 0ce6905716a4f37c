//! What the subcommands do.

mod info;
mod orbit;
mod render;
mod verify;

use std::path::Path;

use anyhow::{Result, ensure};
use gqn_formats::{FormatError, Overwrite, Package};
use gqn_runtime::Noise;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtError, OrtOptions};
use gqn_scenes::World;

pub(crate) use self::info::info;
pub(crate) use self::orbit::orbit;
pub(crate) use self::render::render;
pub(crate) use self::verify::verify;

use crate::{cli, output};

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
        output::talk(&format!("note: the model was trained on {trained}, not on {asked}"));
    }
}

fn engine(what: &cli::What, package: &Package) -> Result<OrtEngine, OrtError> {
    let runtime = OnnxRuntime::load(what.ort.as_deref())?;
    OrtEngine::new(runtime, package, &OrtOptions { provider: what.provider, threads: what.threads })
}

fn noise(look: &cli::Look) -> Noise {
    Noise::new(look.noise_seed, look.temperature)
}

fn overwrite(look: &cli::Look) -> Overwrite {
    if look.force { Overwrite::Force } else { Overwrite::Refuse }
}

/// Refuses before the work, not after it.
fn check_free(path: &Path, overwrite: Overwrite) -> Result<()> {
    if overwrite == Overwrite::Refuse && path.exists() {
        return Err(FormatError::Exists { path: path.to_owned() }.into());
    }
    Ok(())
}

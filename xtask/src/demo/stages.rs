//! The stages of the demo, each a call of one of the project's programs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::figures::{Figures, expectation, next_steps};
use super::folder;
use crate::setup::{Parts, set_up};
use crate::stopwatch::Stopwatch;
use crate::talk;
use crate::workspace::{self, Workspace};

/// The world that shows the most in a few minutes; the training's configuration names the same.
const WORLD: &str = "rooms-ring-camera";

/// Held-out scenes to paint: seeds that a person types are never trained on.
const SCENES: [u32; 4] = [1, 2, 3, 4];

/// Context views of each; the scene's other views are painted.
const CONTEXT: u32 = 5;

/// What to train, and where to.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) minutes: f64,
    pub(crate) seed: u32,
    pub(crate) out: PathBuf,
    pub(crate) force: bool,
}

/// Runs the whole pipeline and tells what came of it.
pub(crate) fn run(workspace: &Workspace, demo: &Demo) -> Result<()> {
    let out = workspace.root().join(&demo.out);
    folder::check(&out, demo.force)?;
    let programs = Programs { workspace, folder: beside_us()? };
    let mut stopwatch = Stopwatch::new(6);
    stopwatch.time("set-up", || set_up(workspace, Parts { python: false, ..Parts::ALL }))?;
    stopwatch.time("build", || build(workspace))?;
    stopwatch.time("train", || train(&programs, demo, &out))?;
    stopwatch.time("export", || export(&programs, &out))?;
    stopwatch.time("verify", || verify(&programs, &out))?;
    stopwatch.time("paint", || paint(&programs, &out))?;
    let figures = Figures::read(&out.join("metrics.json"))?;
    report(demo, &out, &figures, &stopwatch)?;
    figures.check()
}

fn build(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release"]);
    for package in ["gqn-trainer", "gqn-exporter", "gqn-runtime-native", "gqn-datasets"] {
        cargo.args(["--package", package]);
    }
    workspace::run(&mut cargo)
}

fn train(programs: &Programs<'_>, demo: &Demo, out: &Path) -> Result<()> {
    // Only now, so that a set-up or build that fails costs nobody the last demo's pictures.
    folder::prepare(out)?;
    talk::line(&expectation(demo.minutes));
    let config = programs.workspace.root().join("trainer/configs/demo.toml");
    programs.run(
        "gqn-train",
        &[
            "train".into(),
            "--config".into(),
            config.into(),
            "--minutes".into(),
            demo.minutes.to_string().into(),
            "--seed".into(),
            demo.seed.to_string().into(),
            "--out".into(),
            out.join("run").into(),
        ],
    )?;
    let (measured, shown) = (out.join("run/metrics.json"), out.join("metrics.json"));
    fs::copy(&measured, &shown).with_context(|| format!("cannot copy {}", measured.display()))?;
    Ok(())
}

fn export(programs: &Programs<'_>, out: &Path) -> Result<()> {
    let (run, package) = (out.join("run"), out.join("package"));
    programs.run("gqn-export", &["export".into(), run.into(), "--out".into(), package.into()])
}

fn verify(programs: &Programs<'_>, out: &Path) -> Result<()> {
    programs.run("gqn-run", &["verify".into(), out.join("package").into()])
}

fn paint(programs: &Programs<'_>, out: &Path) -> Result<()> {
    let package = out.join("package");
    for scene in SCENES {
        programs.run(
            "gqn-run",
            &[
                "render".into(),
                package.clone().into(),
                "--world".into(),
                WORLD.into(),
                "--seed".into(),
                scene.to_string().into(),
                "--context".into(),
                CONTEXT.to_string().into(),
                "--out".into(),
                out.join("views").join(format!("scene-{scene}")).into(),
            ],
        )?;
    }
    programs.run(
        "gqn-run",
        &[
            "orbit".into(),
            package.into(),
            "--world".into(),
            WORLD.into(),
            "--seed".into(),
            SCENES[0].to_string().into(),
            "--out".into(),
            out.join("orbit.gif").into(),
        ],
    )
}

fn report(demo: &Demo, out: &Path, figures: &Figures, stopwatch: &Stopwatch) -> Result<()> {
    let files: Vec<_> =
        folder::written(out)?.iter().map(|path| format!("  {}", path.display())).collect();
    talk::line(&format!("\n{}", stopwatch.summary()));
    talk::line(&format!("\nwritten to {}:\n{}", demo.out.display(), files.join("\n")));
    talk::line(&format!("\n{}", figures.describe()));
    talk::line(&format!("\n{}", expectation(demo.minutes)));
    talk::line(&format!("\n{}", next_steps(&demo.out)));
    Ok(())
}

/// The project's programs, which cargo builds beside this one.
struct Programs<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

impl Programs<'_> {
    fn run(&self, name: &str, arguments: &[OsString]) -> Result<()> {
        workspace::run(self.workspace.command(self.folder.join(name)).args(arguments))
    }
}

fn beside_us() -> Result<PathBuf> {
    let us = env::current_exe().context("cannot tell where this program lies")?;
    Ok(us.parent().context("this program lies in no folder")?.to_owned())
}

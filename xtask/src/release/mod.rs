//! `cargo xtask train-release NAME`: a recipe trained slice by slice, and the best package of it for the page.

mod recipe;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use crate::setup::{Parts, set_up};
use crate::stopwatch::Stopwatch;
use crate::talk;
use crate::workspace::{Programs, Workspace};
use recipe::Recipe;

/// The largest package that the page should have to load.
const MOST_PACKAGE_BYTES: u64 = 4_000_000;
/// The largest checkpoint that is committed beside a recipe.
const MOST_MILESTONE_BYTES: u64 = 8_000_000;

/// A slice of a recipe.
#[derive(Debug)]
pub(crate) struct Release {
    /// The recipe: `trainer/configs/NAME.toml`.
    pub(crate) name: String,
    /// Minutes of training in this slice.
    pub(crate) minutes: f64,
    /// Where to compute, as `gqn-train` takes it.
    pub(crate) device: String,
    /// CPU threads of the trainer.
    pub(crate) threads: Option<u16>,
    /// Write the weights beside the recipe.
    pub(crate) milestone: bool,
    /// Folder of the run, instead of `out/release/NAME`.
    pub(crate) out: Option<PathBuf>,
}

/// Trains one more slice, exports what came of it, and keeps the package if it is the best so far.
pub(crate) fn run(workspace: &Workspace, release: &Release) -> Result<()> {
    let recipe = Recipe::find(workspace, &release.name)?;
    let out = match &release.out {
        Some(out) => std::path::absolute(out).context("cannot tell the working folder")?,
        None => workspace.root().join("out/release").join(&release.name),
    };
    let programs = Programs::beside_us(workspace)?;
    let mut stopwatch = Stopwatch::new(6 + usize::from(release.milestone));
    stopwatch.time("set-up", || set_up(workspace, Parts { python: false, ..Parts::ALL }))?;
    stopwatch
        .time("build", || programs.build(&["gqn-trainer", "gqn-exporter", "gqn-runtime-native"]))?;
    env::set_current_dir(workspace.root()).context("cannot enter the workspace's root")?;
    let out = out.strip_prefix(workspace.root()).map(Path::to_owned).unwrap_or(out);
    let (run, package) = (out.join("run"), out.join("package"));
    stopwatch.time("train", || train(&programs, release, &recipe, &run))?;
    stopwatch.time("export", || export(&programs, &run, &package))?;
    stopwatch
        .time("verify", || programs.run("gqn-run", &["verify".into(), package.clone().into()]))?;
    stopwatch.time("keep", || keep(&programs, &run, &package, &out, &release.name))?;
    if release.milestone {
        stopwatch.time("milestone", || milestone(&programs, &run, &recipe))?;
    }
    talk::line(&format!("\n{}", stopwatch.summary()));
    talk::line(&next(release, &out));
    Ok(())
}

/// The first slice starts the recipe; every other goes on exactly where the last one stopped.
fn train(programs: &Programs<'_>, release: &Release, recipe: &Recipe, run: &Path) -> Result<()> {
    let mut arguments: Vec<OsString> = vec!["train".into()];
    if run.join("state.safetensors").exists() {
        arguments.push("--resume".into());
    } else {
        let path = recipe.path();
        let root = programs.root();
        arguments.extend(["--config".into(), path.strip_prefix(root).unwrap_or(path).into()]);
    }
    arguments.extend(["--slice".into(), release.minutes.to_string().into()]);
    arguments.extend(["--device".into(), release.device.clone().into()]);
    if let Some(threads) = release.threads {
        arguments.extend(["--threads".into(), threads.to_string().into()]);
    }
    arguments.extend(["--out".into(), run.into()]);
    programs.run("gqn-train", &arguments)
}

/// A new package beside the old one, which it replaces when it is whole.
fn export(programs: &Programs<'_>, run: &Path, package: &Path) -> Result<()> {
    let mut arguments: Vec<OsString> = vec!["export".into(), run.into()];
    // Half the bytes to load; the loss is measured and stands in the model card.
    arguments.extend(["--precision".into(), "fp16".into(), "--target".into(), "all".into()]);
    arguments.extend(["--out".into(), package.into(), "--force".into()]);
    programs.run("gqn-export", &arguments)
}

/// The curves of the run, and the package in the place of the best one unless that is better.
fn keep(programs: &Programs<'_>, run: &Path, package: &Path, out: &Path, name: &str) -> Result<()> {
    let (curves, best) = (out.join("training.svg"), Path::new("web-demo/models").join(name));
    let arguments: [OsString; 5] =
        ["curves".into(), run.into(), "--force".into(), "--out".into(), curves.clone().into()];
    programs.run("gqn-train", &arguments)?;
    let mut arguments: Vec<OsString> = vec!["keep".into(), package.into()];
    arguments.extend(["--best".into(), best.into(), "--curves".into(), curves.into()]);
    arguments.extend(["--most-bytes".into(), MOST_PACKAGE_BYTES.to_string().into()]);
    programs.run("gqn-export", &arguments)
}

/// The newest weights in half precision beside the recipe, to be committed: small enough for that, or refused.
fn milestone(programs: &Programs<'_>, run: &Path, recipe: &Recipe) -> Result<()> {
    let (path, part) = (recipe.milestone(), run.join("milestone.safetensors"));
    let arguments = ["checkpoint".into(), run.into(), "--half".into(), "--force".into()];
    programs
        .run("gqn-train", &[&arguments[..], &["--out".into(), part.clone().into()]].concat())?;
    let failed = |path: &Path| format!("cannot write {}", path.display());
    let bytes = fs::metadata(&part).with_context(|| failed(&part))?.len();
    ensure!(
        bytes <= MOST_MILESTONE_BYTES,
        "the checkpoint has {bytes} bytes, expected at most {MOST_MILESTONE_BYTES} beside a recipe"
    );
    fs::rename(&part, &path).with_context(|| failed(&path))?;
    talk::line(&format!("{bytes} bytes of weights in {}", path.display()));
    Ok(())
}

fn next(release: &Release, out: &Path) -> String {
    let steps = fs::read_to_string(out.join("run/metrics.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()?["steps"].as_u64());
    format!(
        "the run stands at step {} in {}\nnext slice: cargo xtask train-release {} --minutes {}",
        steps.unwrap_or_default(),
        out.join("run").display(),
        release.name,
        release.minutes
    )
}

/// The files of a folder, by name, without folders.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("cannot open {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

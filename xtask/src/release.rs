//! `cargo xtask train-release NAME`: a recipe trained slice by slice, and the best package of it for the page.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use xtask_workspace::{Programs, Workspace, console, failure};

use crate::cli::ReleaseOptions;
use crate::setup::{Parts, set_up};
use crate::stopwatch::Stopwatch;

/// The recipes, each `NAME.toml`.
const RECIPES: &str = "trainer/configs";
/// The largest package that the page should have to load.
const MOST_PACKAGE_BYTES: &str = "4000000";
/// The largest checkpoint that is committed beside a recipe.
const MOST_MILESTONE_BYTES: &str = "8000000";

/// Trains one more slice, exports what came of it, and keeps the package if it is the best so far.
pub(crate) fn run(workspace: &Workspace, release: &ReleaseOptions) -> Result<()> {
    check_recipe(workspace, &release.name)?;
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
    stopwatch.time("train", || train(&programs, release, &run))?;
    stopwatch.time("export", || export(&programs, &run, &package))?;
    stopwatch
        .time("verify", || programs.run("gqn-run", &["verify".into(), package.clone().into()]))?;
    stopwatch.time("keep", || keep(&programs, &run, &package, &out, &release.name))?;
    if release.milestone {
        stopwatch.time("milestone", || milestone(&programs, &run, &release.name))?;
    }
    console::line(&format!("\n{}", stopwatch.summary()));
    console::line(&next(release, &out));
    Ok(())
}

/// Refuses a name that is none, and tells which there are.
fn check_recipe(workspace: &Workspace, name: &str) -> Result<()> {
    let folder = workspace.root().join(RECIPES);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot open {}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.strip_suffix(".toml")?.to_owned())).collect();
    names.sort();
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    Err(failure(
        format!("no recipe `{name}`, expected one of {}", names.join(", ")),
        "write your own: trainer/configs/NAME.toml",
    ))
}

/// The first slice starts the recipe; every other goes on exactly where the last one stopped.
fn train(programs: &Programs<'_>, release: &ReleaseOptions, run: &Path) -> Result<()> {
    let mut arguments: Vec<OsString> = vec!["train".into()];
    if run.join("state.safetensors").exists() {
        arguments.push("--resume".into());
    } else {
        let recipe = Path::new(RECIPES).join(format!("{}.toml", release.name));
        arguments.extend(["--config".into(), recipe.into()]);
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
    arguments.extend(["--most-bytes".into(), MOST_PACKAGE_BYTES.into()]);
    programs.run("gqn-export", &arguments)
}

/// The newest weights in half precision beside the recipe, to be committed: small enough for that, or refused.
fn milestone(programs: &Programs<'_>, run: &Path, name: &str) -> Result<()> {
    let path: PathBuf = Path::new(RECIPES).join(format!("{name}.safetensors"));
    let mut arguments: Vec<OsString> = vec!["checkpoint".into(), run.into(), "--half".into()];
    arguments.extend(["--most-bytes".into(), MOST_MILESTONE_BYTES.into()]);
    arguments.extend(["--force".into(), "--out".into(), path.into()]);
    programs.run("gqn-train", &arguments)
}

fn next(release: &ReleaseOptions, out: &Path) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_found_by_its_name_and_no_other_way() {
        let folder = tempfile::tempdir().unwrap();
        let configs = folder.path().join(RECIPES);
        fs::create_dir_all(&configs).unwrap();
        for file in ["rooms.toml", "rooms.safetensors", "mazes.safetensors"] {
            fs::write(configs.join(file), "").unwrap();
        }
        let workspace = Workspace::at(folder.path());
        check_recipe(&workspace, "rooms").unwrap();
        for name in ["room", "../rooms", "rooms.toml", "mazes", ""] {
            let error = check_recipe(&workspace, name).unwrap_err().to_string();
            assert!(error.ends_with("expected one of rooms"), "{error}");
        }
    }
}

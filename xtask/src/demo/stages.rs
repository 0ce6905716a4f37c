//! The stages of the demo, each a call of one of the project's programs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{self, Path, PathBuf};

use anyhow::{Context, Result};
use xtask_workspace::{Programs, Workspace, console, debian, write};

use super::folder::{self, COMPARISON};
use super::words::{expectation, next_steps};
use crate::cli::DemoOptions;
use crate::setup::{Parts, set_up};
use crate::stopwatch::Stopwatch;

/// Held-out scenes to render: seeds that a person types are never trained on.
const SCENES: [u32; 4] = [1, 2, 3, 4];
/// The packages that the page offers; that of a world with much training is called WORLD-edge.
const MODELS: &str = "web-demo/models";

/// Runs the whole pipeline and tells what came of it.
pub(crate) fn run(workspace: &Workspace, demo: &DemoOptions) -> Result<()> {
    let out = place(workspace, demo)?;
    debian::list_missing(workspace, debian::DEMO);
    let programs = Programs::beside_us(workspace)?;
    let mut stopwatch = Stopwatch::new(6);
    stopwatch.time("set-up", || set_up(workspace, Parts { python: false, ..Parts::ALL }))?;
    stopwatch.time("build", || {
        programs.build(&["gqn-trainer", "gqn-exporter", "gqn-runtime-native", "gqn-datasets"])
    })?;
    // From here on as the programs see it, which are called in the workspace's root: short if it lies below.
    env::set_current_dir(workspace.root()).context("cannot enter the workspace's root")?;
    let out = out.strip_prefix(workspace.root()).map(Path::to_owned).unwrap_or(out);
    stopwatch.time("train", || train(&programs, demo, &out))?;
    stopwatch.time("export", || export(&programs, &out))?;
    stopwatch.time("verify", || verify(&programs, &out))?;
    stopwatch.time("render", || render(&programs, &out))?;
    console::line(&format!("\n{}", stopwatch.summary()));
    report(&programs, demo, &out)
}

/// Where to write, as an absolute path; refused when it is someone else's.
fn place(workspace: &Workspace, demo: &DemoOptions) -> Result<PathBuf> {
    let out =
        demo.out.as_deref().map_or_else(|| Ok(workspace.root().join("out/demo")), path::absolute);
    let out = out.context("cannot tell the working folder")?;
    folder::check(&out, demo.force)?;
    Ok(out)
}

fn train(programs: &Programs<'_>, demo: &DemoOptions, out: &Path) -> Result<()> {
    // Only now, so that a set-up or build that fails costs nobody the last demo's pictures.
    folder::prepare(out)?;
    console::line(&expectation(demo.minutes));
    let config = Path::new("trainer/configs/demo.toml");
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
    let bytes =
        fs::read(&measured).with_context(|| format!("cannot open {}", measured.display()))?;
    write(&shown, &bytes)
}

fn export(programs: &Programs<'_>, out: &Path) -> Result<()> {
    let (run, package) = (out.join("run"), out.join("package"));
    programs.run("gqn-export", &["export".into(), run.into(), "--out".into(), package.into()])
}

fn verify(programs: &Programs<'_>, out: &Path) -> Result<()> {
    programs.run("gqn-run", &["verify".into(), out.join("package").into()])
}

fn render(programs: &Programs<'_>, out: &Path) -> Result<()> {
    let (package, world) = (out.join("package"), world(&out.join("run/config.toml"))?);
    let scene = |command: &str, seed: u32| -> Vec<OsString> {
        let flags =
            [command.into(), package.clone().into(), "--world".into(), world.clone().into()];
        flags
            .into_iter()
            .chain(["--seed".into(), seed.to_string().into(), "--out".into()])
            .collect()
    };
    for seed in SCENES {
        let mut arguments = scene("render", seed);
        arguments.push(out.join("views").join(format!("scene-{seed}")).into());
        programs.run("gqn-run", &arguments)?;
    }
    let mut arguments = scene("orbit", SCENES[0]);
    arguments.extend([out.join("orbit.gif").into(), "--truth".into()]);
    programs.run("gqn-run", &arguments)?;
    let shipped = Path::new(MODELS).join(format!("{world}-edge"));
    if shipped.join("manifest.json").is_file() {
        let mut arguments: Vec<OsString> = vec!["compare".into(), package.into(), shipped.into()];
        arguments.extend(["--names".into(), "of this demo,shipped; hours of training".into()]);
        arguments.extend(["--world".into(), world.into(), "--seed".into()]);
        arguments.extend([SCENES[0].to_string().into(), "--scale".into(), "2".into()]);
        arguments.extend(["--out".into(), out.join(COMPARISON).into()]);
        programs.run("gqn-run", &arguments)?;
    }
    Ok(())
}

/// The world that was trained on, from the run's own record.
fn world(config: &Path) -> Result<String> {
    let text =
        fs::read_to_string(config).with_context(|| format!("cannot open {}", config.display()))?;
    let value = text.lines().find_map(|line| line.strip_prefix("world = "));
    let name = value.map(|value| value.trim().trim_matches('"').to_owned());
    name.with_context(|| format!("{} names no world", config.display()))
}

/// What was written, what the evaluation found, and what comes next; an error if the model learned nothing.
fn report(programs: &Programs<'_>, demo: &DemoOptions, out: &Path) -> Result<()> {
    let written = folder::OWN.iter().filter(|(name, _)| out.join(name).exists());
    let files: Vec<String> = written.map(|(name, what)| format!("  {name:<14}{what}")).collect();
    console::line(&format!("\nwritten to {}:\n{}\n", out.display(), files.join("\n")));
    let learned = programs.run("gqn-train", &["summary".into(), out.join("run").into()]);
    console::line(&format!("\n{}", expectation(demo.minutes)));
    console::line(&format!("\n{}", next_steps(out)));
    learned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_read_from_the_runs_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "world = \"shepard-metzler-5\"\nscenes = 3\n\n[model]\nsteps = 4\n")
            .unwrap();
        assert_eq!(world(&path).unwrap(), "shepard-metzler-5");
        fs::write(&path, "scenes = 3\n").unwrap();
        assert!(world(&path).unwrap_err().to_string().ends_with("names no world"));
    }
}

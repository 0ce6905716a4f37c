//! An archive's program and C library on several versions of ONNX Runtime, as a table on stdout.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;
use xtask_workspace::{Workspace, call, console, last_line, name_of, output, read};

use crate::emulator::Runner;
use crate::target::Target;
use xtask_workspace::wheels::onnxruntime::{RELEASES, Release};

/// What is read of `gqn-run verify --json`.
#[derive(Debug, Deserialize)]
struct Verified {
    sample: Sample,
}

#[derive(Debug, Deserialize)]
struct Sample {
    passed: bool,
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    difference: f64,
}

/// Unpacks the archive and runs it.
///
/// # Errors
/// If one run fails; the table is printed whole before.
pub(crate) fn run(
    workspace: &Workspace,
    folder: &Path,
    archive: &Path,
    target: Target,
    packages: &[PathBuf],
) -> Result<()> {
    let start = Instant::now();
    let runner = Runner::of(workspace, target, folder)?;
    let unpacked = unpack(archive, &folder.join("unpacked"))?;
    let example = example(folder, &unpacked, target)?;
    console::line(&format!("running {} on {}", name_of(archive), runner.name()));
    let mut failures = 0;
    print(
        "| ONNX Runtime | what | result | largest difference | seconds |\n|---|---|---|---|--:|",
    )?;
    for release in RELEASES {
        let ort = release.fetch(target.platform(), &workspace.downloads())?;
        for package in packages {
            let mut command = runner.command(&unpacked.join("bin/gqn-run"));
            command.arg("verify").arg(package).arg("--ort").arg(&ort);
            command.args(["--provider", "cpu", "--json"]);
            let what = format!("verify {}", name_of(package));
            failures += row(&release, &what, &mut command, verified)?;
        }
        let Some(package) = packages.first() else { continue };
        let mut command = runner.command(&example);
        command.arg(package).arg(folder.join("orbit.ppm")).env("ORT_DYLIB_PATH", &ort);
        failures += row(&release, "example in C", &mut command, |_| Ok("–".to_owned()))?;
    }
    console::line(&format!("{:.0} s", start.elapsed().as_secs_f64()));
    if failures > 0 {
        bail!("{failures} of the runs failed")
    }
    Ok(())
}

/// Prints one row; 1 if its command failed.
fn row(
    release: &Release,
    what: &str,
    command: &mut Command,
    judge: impl Fn(&[u8]) -> Result<String>,
) -> Result<usize> {
    let start = Instant::now();
    let output = output(command)?;
    let seconds = start.elapsed().as_secs_f64();
    let found = judge(&output.stdout);
    let (result, difference, failed) = match found {
        Ok(difference) if output.status.success() => ("pass".to_owned(), difference, 0),
        Ok(difference) => (format!("**fail** ({})", output.status), difference, 1),
        Err(_) => (format!("**fail**: {}", last_line(&output.stderr)), "–".to_owned(), 1),
    };
    print(&format!("| {} | {what} | {result} | {difference} | {seconds:.1} |", release.version))?;
    Ok(failed)
}

/// The largest difference in the JSON of a check that passed.
fn verified(stdout: &[u8]) -> Result<String> {
    let Verified { sample } = serde_json::from_slice(stdout).context("no JSON")?;
    let largest = sample.checks.iter().map(|check| check.difference).fold(0.0, f64::max);
    if !sample.passed {
        bail!("differs by {largest:.1e}")
    }
    Ok(format!("{largest:.1e}"))
}

/// The archive's folder, unpacked.
fn unpack(archive: &Path, folder: &Path) -> Result<PathBuf> {
    let bytes = fs::read(archive).with_context(|| format!("cannot open {}", archive.display()))?;
    let name = name_of(archive);
    let top = folder.join(name.strip_suffix(".tar.gz").unwrap_or(&name));
    if top.exists() {
        fs::remove_dir_all(&top).with_context(|| format!("cannot remove {}", top.display()))?;
    }
    tar::Archive::new(GzDecoder::new(bytes.as_slice()))
        .unpack(folder)
        .with_context(|| format!("cannot unpack {}", archive.display()))?;
    Ok(top)
}

/// The example in C, compiled as a user of the archive compiles it, but by zig's compiler.
fn example(folder: &Path, unpacked: &Path, target: Target) -> Result<PathBuf> {
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.args(["--cflags", "--libs", "gqn"]);
    let flags = read(pkg_config.env("PKG_CONFIG_PATH", unpacked.join("lib/pkgconfig")))?;
    let flags = String::from_utf8_lossy(&flags).into_owned();
    let program = folder.join(format!("orbit-{}", target.architecture()));
    let mut zig = Command::new(folder.join("tools/bin/python"));
    zig.args(["-m", "ziglang", "cc", "-std=c99", "-target"]);
    zig.arg(format!("{}-linux-gnu.{}", target.architecture(), crate::compile::GLIBC));
    zig.arg(unpacked.join("share/doc/gqn-run/examples/orbit.c")).args(flags.split_whitespace());
    zig.arg(format!("-Wl,-rpath,{}", unpacked.join("lib").display())).arg("-o").arg(&program);
    call(&mut zig)?;
    Ok(program)
}

/// One line of the table. A closed stdout is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_did_not_pass_is_no_success() {
        let json = |passed: bool| {
            format!(r#"{{"sample": {{"passed": {passed}, "checks": [{{"difference": 0.25}}]}}}}"#)
        };
        assert_eq!(verified(json(true).as_bytes()).unwrap(), "2.5e-1");
        assert!(verified(json(false).as_bytes()).is_err());
        assert!(verified(b"").is_err());
    }

    #[test]
    fn a_command_that_fails_is_counted() {
        let row = |script: &str| {
            let mut command = Command::new("sh");
            super::row(&RELEASES[0], "x", command.args(["-c", script]), |_| Ok(String::new()))
        };
        assert_eq!(row("exit 0").unwrap(), 0);
        assert_eq!(row("exit 1").unwrap(), 1);
    }
}

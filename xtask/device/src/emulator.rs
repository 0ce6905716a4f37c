//! How a program of a target is run here: as it is, or under qemu with Debian's libraries of that architecture.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use xtask_workspace::{Workspace, debian, failure};

use crate::target::Target;

/// Runs programs of one target.
#[derive(Debug)]
pub(crate) enum Runner {
    Native,
    /// qemu's program, and the folder in which it looks for libraries.
    Qemu(String, PathBuf),
}

impl Runner {
    /// Installs qemu and libraries from Debian's packages if they are missing.
    ///
    /// # Errors
    /// Names those that are missing and cannot be installed.
    pub(crate) fn of(workspace: &Workspace, target: Target, folder: &Path) -> Result<Self> {
        if target.is_native() {
            return Ok(Self::Native);
        }
        let architecture = target.architecture();
        let qemu = format!("qemu-{architecture}-static");
        let libraries = PathBuf::from(format!("/usr/{architecture}-linux-gnu/lib"));
        let find = || missing(&qemu, &libraries, architecture);
        let mut missing = find();
        if !missing.is_empty() {
            let packages: Vec<&str> = missing.iter().map(String::as_str).collect();
            debian::install(workspace, &packages)?;
            missing = find();
        }
        if !missing.is_empty() {
            return Err(failure(
                format!("missing of the system: {}", missing.join(", ")),
                format!("apt-get install --no-install-recommends {}", missing.join(" ")),
            ));
        }
        let root = folder.join(format!("sysroot-{architecture}"));
        make_root(&root, &libraries)?;
        Ok(Self::Qemu(qemu, root))
    }

    /// A command that runs a program. The loader gets no folders from the environment: cargo names those of its builds, and a
    /// `libgqn.so` there would be taken in place of the archive's.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Self::Native => Command::new(program),
            Self::Qemu(qemu, root) => {
                let mut command = Command::new(qemu);
                command.arg("-L").arg(root).arg(program);
                command
            }
        };
        command.env_remove("LD_LIBRARY_PATH");
        command
    }

    /// How it runs, for people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Native => "this machine",
            Self::Qemu(qemu, _) => qemu,
        }
    }
}

fn missing(qemu: &str, libraries: &Path, architecture: &str) -> Vec<String> {
    let debian = if architecture == "x86_64" { "amd64" } else { "arm64" };
    let runs = Command::new(qemu).arg("--version").stdout(Stdio::null()).status();
    let mut missing = Vec::new();
    if !runs.is_ok_and(|status| status.success()) {
        missing.push("qemu-user-static".to_owned());
    }
    for (file, package) in [("libc.so.6", "libc6"), ("libstdc++.so.6", "libstdc++6")] {
        if !libraries.join(file).exists() {
            missing.push(format!("{package}-{debian}-cross"));
        }
    }
    missing
}

/// A root folder with libraries and a `/proc/cpuinfo` of ARM: without it ONNX Runtime 1.31 and newer crash, and with
/// fewer processors in it than the machine has, older ones do.
fn make_root(root: &Path, libraries: &Path) -> Result<()> {
    let proc = root.join("proc");
    fs::create_dir_all(&proc).with_context(|| format!("cannot make {}", proc.display()))?;
    let link = root.join("lib");
    let _ = fs::remove_file(&link);
    symlink(libraries, &link).with_context(|| format!("cannot make {}", link.display()))?;
    let host = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processors = host.lines().filter(|line| line.starts_with("processor")).count().max(1);
    fs::write(proc.join("cpuinfo"), cpuinfo(processors)).context("cannot write proc/cpuinfo")
}

/// That of Cortex-A57 cores, which have what every 64-bit ARM has.
fn cpuinfo(processors: usize) -> String {
    let mut text = String::new();
    for processor in 0..processors {
        let _ = write!(
            text,
            "processor\t: {processor}\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd evtstrm cpuid\n\
             CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd07\n\
             CPU revision\t: 0\n\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_by_its_packages() {
        let found = missing("/nonexistent/qemu", Path::new("/nonexistent"), "aarch64");
        assert_eq!(found, ["qemu-user-static", "libc6-arm64-cross", "libstdc++6-arm64-cross"]);
    }

    #[test]
    fn programs_take_no_libraries_of_cargos_builds() {
        let root = PathBuf::from("/nonexistent");
        for runner in [Runner::Native, Runner::Qemu("qemu".to_owned(), root)] {
            let command = runner.command(Path::new("program"));
            assert!(
                command
                    .get_envs()
                    .any(|(name, value)| name == "LD_LIBRARY_PATH" && value.is_none())
            );
        }
    }

    #[test]
    fn every_processor_is_in_the_list() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            make_root(folder.path(), Path::new("/usr/lib")).unwrap();
        }
        assert!(folder.path().join("lib").is_dir());
        assert_eq!(cpuinfo(3).matches("processor\t: ").count(), 3);
    }
}

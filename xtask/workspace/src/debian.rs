//! Programs from Debian's packages. What is missing is installed where that is allowed: by root, as in a container, and
//! without `--no-system`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use clap::Args;

use crate::command::call;
use crate::console;
use crate::workspace::Workspace;

/// What may be done about a program that the system lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemPackages {
    /// Install it, as root on Debian.
    Install,
    /// Say what is missing and how to install it.
    ListOnly,
}

/// The flag of all command lines that decides it.
#[derive(Debug, Args)]
pub struct SystemFlag {
    /// Install no packages of the system, as root otherwise does on Debian: list those that are missing, and how to
    /// install them
    #[arg(long, global = true)]
    pub no_system: bool,
}

impl SystemPackages {
    /// What the flag says.
    pub fn without(no_system: bool) -> Self {
        if no_system { Self::ListOnly } else { Self::Install }
    }
}

/// A program that a command calls, and the packages that it comes from.
#[derive(Debug)]
pub struct Need {
    /// How to see that it is there: a program and its arguments, which ends without an error.
    probe: &'static [&'static str],
    packages: &'static [&'static str],
}

const CXX: Need = Need { probe: &["c++", "--version"], packages: &["g++"] };
const PIP: Need =
    Need { probe: &["python3", "-m", "pip", "--version"], packages: &["python3-pip"] };
const VENV: Need =
    Need { probe: &["python3", "-c", "import ensurepip"], packages: &["python3-venv"] };
const NODE: Need = Need { probe: &["npm", "--version"], packages: &["nodejs", "npm"] };
const CHROMIUM: Need = Need { probe: &["chromium", "--version"], packages: &["chromium"] };
const FIREFOX: Need = Need { probe: &["firefox-esr", "--version"], packages: &["firefox-esr"] };
const MPI: Need = Need {
    probe: &["mpicc", "--version"],
    packages: &["libopenmpi-dev", "openmpi-bin", "libclang-dev"],
};

/// What `cargo xtask demo` needs.
pub const DEMO: &[Need] = &[CXX, PIP];
/// What `cargo xtask web` needs.
pub const WEB: &[Need] = &[NODE];
/// What `cargo xtask bench-web` needs.
pub const BENCH_WEB: &[Need] = &[NODE, CHROMIUM];
/// What `cargo xtask dist` needs; for `--verify` more.
pub const DIST: &[Need] = &[PIP];
/// What `cargo xtask providers` needs.
pub const PROVIDERS: &[Need] = &[PIP, CHROMIUM];
/// What `cargo xtask check` needs.
pub const CHECK: &[Need] = &[CXX, PIP, NODE];
/// What `cargo xtask test` needs.
pub const TEST: &[Need] = &[CXX, PIP, VENV, NODE, CHROMIUM, FIREFOX, MPI];

/// With `--no-system`, lists what is missing of `needs`, before anything else is done.
pub fn list_missing(workspace: &Workspace, needs: &[Need]) {
    if workspace.system_packages() == SystemPackages::Install {
        return;
    }
    let missing = packages_of(needs, runs);
    if !missing.is_empty() {
        console::line(&format!("missing of the system, and not installed: {}", missing.join(", ")));
        console::line(&hint(&missing));
    }
}

/// Installs packages if we may; whether it was tried.
///
/// # Errors
/// `apt-get` fails.
pub fn install(workspace: &Workspace, packages: &[&str]) -> Result<bool> {
    if workspace.system_packages() == SystemPackages::ListOnly {
        console::line(&hint(packages));
        return Ok(false);
    }
    if !(is_root() && Path::new("/usr/bin/apt-get").is_file()) {
        return Ok(false);
    }
    console::line(&format!("installing {}", packages.join(", ")));
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        call(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "--quiet"])?;
    let flags = ["install", "--yes", "--quiet", "--no-install-recommends"];
    apt(&[&flags[..], packages].concat())?;
    Ok(true)
}

fn hint(packages: &[&str]) -> String {
    format!("hint: apt-get install --no-install-recommends {}", packages.join(" "))
}

fn packages_of(needs: &[Need], is_there: impl Fn(&[&str]) -> bool) -> Vec<&'static str> {
    needs
        .iter()
        .filter(|need| !is_there(need.probe))
        .flat_map(|need| need.packages)
        .copied()
        .collect()
}

fn runs(probe: &[&str]) -> bool {
    let quiet = Command::new(probe[0])
        .args(&probe[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_run_is_listed_with_its_packages() {
        let missing = packages_of(TEST, |probe| probe[0] != "mpicc" && probe[0] != "c++");
        assert_eq!(missing, ["g++", "libopenmpi-dev", "openmpi-bin", "libclang-dev"]);
        assert!(packages_of(DEMO, |_| true).is_empty());
        assert!(!runs(&["no-program-of-this-name"]) && !runs(&["false"]) && runs(&["true"]));
    }

    #[test]
    fn nothing_is_installed_where_packages_are_only_listed() {
        let workspace =
            Workspace::at(Path::new("/")).with_system_packages(SystemPackages::ListOnly);
        assert!(!install(&workspace, &["a-package"]).unwrap());
    }
}

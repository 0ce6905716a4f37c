//! The machine's own `python3` and its pip, and what their complaints mean.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Error, Result, anyhow};

use crate::command::{last_line, read};
use crate::error::failure;
use crate::files::remove;

/// `python3`, untouched by the caller's own Python settings.
pub fn python() -> Command {
    let mut command = Command::new("python3");
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
}

/// Runs `python3 -m pip …`; its progress passes through, its complaints are read. Temporary files go to `temporary`,
/// because a wheel can be larger than `/tmp`.
///
/// # Errors
/// With a remedy for what pip complained of.
pub fn pip(arguments: &[&str], temporary: &Path) -> Result<()> {
    let mut command = python();
    command
        .args(["-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--no-input"])
        .args(arguments);
    // As root, pip warns of system packages; it touches none here.
    command.env("TMPDIR", temporary).env("PIP_ROOT_USER_ACTION", "ignore");
    run(&mut command)
}

/// Runs a Python command; stdout passes through to stderr, stderr is kept and interpreted on failure.
///
/// # Errors
/// With a remedy for what it complained of.
pub fn run(command: &mut Command) -> Result<()> {
    let mut child =
        command.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::piped()).spawn().map_err(
            |error| {
                failure(
                    format!("cannot run python3: {error}"),
                    "install Python 3 with pip (Debian and Ubuntu: `apt-get install python3-pip`)",
                )
            },
        )?;
    let mut pipe = child.stderr.take().context("python3's stderr was not kept")?;
    let reader = thread::spawn(move || io::read_to_string(&mut pipe).unwrap_or_default());
    let status = child.wait().context("cannot wait for python3")?;
    let complaints =
        reader.join().map_err(|_| anyhow!("the reader of python3's stderr ended early"))?;
    if status.success() {
        // Warnings of a run that went well are the user's to read.
        let _ = io::stderr().lock().write_all(complaints.as_bytes());
        return Ok(());
    }
    Err(interpret(&complaints))
}

/// Makes a virtual environment, filled by the machine's own pip with what the arguments name: where `venv` comes without
/// `ensurepip`, that still works.
///
/// # Errors
/// Python has no `venv` or no pip, or pip fails.
pub fn make_environment(folder: &Path, arguments: &[&str], temporary: &Path) -> Result<()> {
    remove(folder)?;
    run(python().args(["-m", "venv", "--without-pip"]).arg(folder))?;
    let packages = site_packages(folder)?;
    fs::create_dir_all(temporary)
        .with_context(|| format!("cannot make {}", temporary.display()))?;
    pip(&[&["install", "--quiet", "--target", &packages], arguments].concat(), temporary)?;
    remove(temporary)
}

/// Where the interpreter of an environment looks for packages.
///
/// # Errors
/// It does not run.
pub fn site_packages(folder: &Path) -> Result<String> {
    let interpreter = folder.join("bin/python");
    let script = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
    let stdout = read(Command::new(interpreter).args(["-c", script]))?;
    String::from_utf8(stdout).context("the environment's path is not UTF-8")
}

/// Turns what pip or venv said into one line and a remedy.
fn interpret(complaints: &str) -> Error {
    const NETWORK: [&str; 6] = [
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "NewConnectionError",
        "ConnectTimeout",
        "Read timed out",
        "ProxyError",
    ];
    let has = |needle: &str| complaints.contains(needle);
    if has("No module named pip") {
        failure(
            "python3 has no pip",
            "install it (Debian and Ubuntu: `apt-get install python3-pip`)",
        )
    } else if has("No module named venv") || has("ensurepip is not available") {
        failure(
            "python3 has no venv",
            "install it (Debian and Ubuntu: `apt-get install python3-venv`)",
        )
    } else if has("No space left on device") || has("Disk quota exceeded") {
        failure(
            "no space left on the disk",
            "free some space and call again: what was fetched is kept",
        )
    } else if NETWORK.iter().any(|needle| has(needle)) {
        failure(
            "the package index cannot be reached",
            "is the network up? behind a proxy, set HTTPS_PROXY; pip's own configuration is respected",
        )
    } else {
        let last = last_line(complaints.as_bytes());
        failure(
            format!("python3 failed: {}", last.trim().trim_start_matches("ERROR: ")),
            "does `python3 -m pip download onnx --no-deps` work by hand?",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(complaint: &str, message: &str) {
        assert_eq!(interpret(complaint).to_string(), message);
    }

    #[test]
    fn complaints_become_one_line() {
        check("/usr/bin/python3: No module named pip", "python3 has no pip");
        check("/usr/bin/python3: No module named venv", "python3 has no venv");
        check("ERROR: [Errno 28] No space left on device\n", "no space left on the disk");
        check(
            "WARNING: Retrying ... Temporary failure in name resolution\nERROR: No matching distribution",
            "the package index cannot be reached",
        );
        check("ERROR: something else\n\n", "python3 failed: something else");
    }
}

//! What the machine has: free space, a C++ compiler.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use xtask_workspace::{console, failure};

/// Refuses when the folder's file system has less than `needed` bytes free; where that cannot be told, goes on.
pub(crate) fn require_space(folder: &Path, needed: u64) -> Result<()> {
    let output = Command::new("df").arg("-Pk").arg(folder).env("LC_ALL", "C").output().ok();
    let free = output.and_then(|output| free_bytes(&String::from_utf8_lossy(&output.stdout)));
    match free {
        Some(found) if found < needed => Err(failure(
            format!(
                "{} has {} free, {} are needed while it is fetched and unpacked",
                folder.display(),
                console::size(found),
                console::size(needed)
            ),
            "free some space, or clone onto a larger disk",
        )),
        _ => Ok(()),
    }
}

/// The "Available" column of `df -Pk`, in bytes.
fn free_bytes(table: &str) -> Option<u64> {
    let row = table.lines().nth(1)?;
    row.split_whitespace().nth(3)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Refuses when there is no C++ compiler: the trainer's binding to libtorch is compiled here.
pub(crate) fn require_cxx() -> Result<()> {
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".into());
    let mut words = compiler.split_whitespace();
    let program = words.next().unwrap_or("c++");
    let found = Command::new(program)
        .args(words)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(failure(
        format!("no C++ compiler: `{program}` does not run"),
        "install one (Debian and Ubuntu: `apt-get install g++`), or name yours in CXX",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_the_fourth_column_of_the_second_line() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 1000 400 600 40% /\n";
        assert_eq!(free_bytes(table), Some(600 * 1024));
        assert_eq!(free_bytes("df: no such folder"), None);
    }

    #[test]
    fn too_little_space_names_both_sizes() {
        let folder = tempfile::tempdir().unwrap();
        let error = require_space(folder.path(), u64::MAX / 2).unwrap_err();
        let text = xtask_workspace::describe(&error);
        assert!(
            text.contains("free,") && text.contains("are needed") && text.contains("hint:"),
            "{text}"
        );
    }
}

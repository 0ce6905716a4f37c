//! What a device is, from files below its root.

use std::fs;
use std::path::{Path, PathBuf};

use memchr::memmem;

/// Longest text that is read, in bytes.
const MOST_TEXT: usize = 1 << 24;

/// A file's text below the root.
pub(crate) fn text(root: &Path, path: &str) -> Option<String> {
    let bytes = fs::read(root.join(path)).ok()?;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_TEXT)]);
    Some(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
}

/// The release of a Jetson's system, such as `36.4.0`, from a line such as `# R36 (release), REVISION: 4.0, …`.
pub(crate) fn l4t(root: &Path) -> Option<String> {
    let line = text(root, "etc/nv_tegra_release")?;
    let major = line.split_once('R')?.1.split_whitespace().next()?;
    let revision = line.split_once("REVISION:")?.1.split(',').next()?.trim();
    Some(format!("{major}.{revision}"))
}

/// The version of an installed package of the system.
pub(crate) fn package_version(root: &Path, name: &str) -> Option<String> {
    let status = text(root, "var/lib/dpkg/status")?;
    let is_it =
        |entry: &&str| entry.lines().any(|line| line.strip_prefix("Package: ") == Some(name));
    let entry = status.split("\n\n").find(is_it)?;
    entry.lines().find_map(|line| line.strip_prefix("Version: ")).map(str::to_owned)
}

/// The GPU of a Jetson's chip, as compute capability times ten.
pub(crate) fn tegra_gpu(root: &Path) -> Option<u32> {
    let chips = text(root, "proc/device-tree/compatible")?;
    let known =
        [("tegra210", 53), ("tegra186", 62), ("tegra194", 72), ("tegra234", 87), ("tegra264", 110)];
    known.into_iter().find(|(chip, _)| chips.contains(chip)).map(|(_, sm)| sm)
}

/// Bytes of memory that programs can still have.
pub(crate) fn available_memory(root: &Path) -> Option<u64> {
    let text = text(root, "proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(1024 * line.split_whitespace().next()?.parse::<u64>().ok()?)
}

/// Folders that the loader searches, below the root: those of the variable (of this machine only), of `ld.so.conf`, and the
/// usual ones.
pub(crate) fn loader_folders(root: &Path, variable: Option<&str>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = variable
        .into_iter()
        .flat_map(|list| list.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from))
        .collect();
    let mut lists = vec![root.join("etc/ld.so.conf")];
    if let Ok(entries) = fs::read_dir(root.join("etc/ld.so.conf.d")) {
        let mut more: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        more.sort();
        lists.extend(more);
    }
    for list in lists {
        let text = fs::read_to_string(list).unwrap_or_default();
        let lines = text.lines().map(str::trim);
        folders.extend(lines.filter(|line| line.starts_with('/')).map(|line| below(root, line)));
    }
    let usual = [
        "lib/aarch64-linux-gnu",
        "usr/lib/aarch64-linux-gnu",
        "lib/x86_64-linux-gnu",
        "usr/lib/x86_64-linux-gnu",
        "lib64",
        "usr/lib64",
        "lib",
        "usr/lib",
    ];
    folders.extend(usual.map(|folder| root.join(folder)));
    folders
}

/// Folders where CUDA's libraries often lie and the loader does not search by itself.
pub(crate) fn other_folders(root: &Path) -> Vec<PathBuf> {
    let usual = [
        "usr/local/cuda/lib64",
        "usr/local/cuda/targets/aarch64-linux/lib",
        "usr/local/cuda/targets/x86_64-linux/lib",
        "usr/lib/aarch64-linux-gnu/nvidia",
        "usr/lib/aarch64-linux-gnu/tegra",
    ];
    usual.map(|folder| root.join(folder)).to_vec()
}

/// An absolute path of the device below its root.
pub(crate) fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Whether a file holds some bytes; not if it cannot be read.
pub(crate) fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).is_ok_and(|content| memmem::find(&content, bytes).is_some())
}

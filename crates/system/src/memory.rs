//! How much memory a process may still take, and the refusal of what cannot fit.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::SystemError;

/// Bytes that this process can take before the system refuses them or ends it: the least of what the machine has
/// available, of what its control groups leave, and of what its address space may grow by. `None` where the system does
/// not tell.
pub fn available_memory() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"));
    let space = read("/proc/self/limits").zip(read("/proc/self/status"));
    let space = space.and_then(|(limits, status)| address_space_left(&limits, &status));
    let groups = read("/proc/self/cgroup")
        .map(|groups| left_in_groups(Path::new("/sys/fs/cgroup"), &groups))
        .unwrap_or_default();
    [machine, space, groups].into_iter().flatten().min()
}

/// Refuses work that needs more memory than there is, before it is begun.
///
/// # Errors
/// [`SystemError::Memory`] with both numbers; `hint` says what needs less.
pub fn check_memory(what: &str, needed: u64, hint: &str) -> Result<(), SystemError> {
    match available_memory() {
        Some(available) if needed > available => {
            let (what, hint) = (what.to_owned(), hint.to_owned());
            Err(SystemError::Memory { what, needed, available, hint })
        }
        _ => Ok(()),
    }
}

/// A line `KEY  NUMBER kB` of a file in `/proc`, in bytes.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// What the limit on the address space, as `ulimit -v` sets it, leaves to the process.
fn address_space_left(limits: &str, status: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(kilobytes(status, "VmSize:")?))
}

/// What the control groups of a process, and those around them, leave to it.
fn left_in_groups(root: &Path, groups: &str) -> Option<u64> {
    let left = |line: &str| {
        let [_, controllers, path] = line.splitn(3, ':').collect::<Vec<_>>()[..] else {
            return None;
        };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            let files = ["memory.max", "memory.current", "inactive_file"];
            return left_in_group(root, path, files);
        }
        let is_memory = controllers.split(',').any(|controller| controller == "memory");
        let files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
        is_memory.then(|| left_in_group(&root.join("memory"), path, files)).flatten()
    };
    groups.lines().filter_map(left).min()
}

/// The least of a group and of those that it is in. What files are kept in memory and were not looked at for long makes
/// room when it is needed.
fn left_in_group(root: &Path, path: &str, [limit, used, idle]: [&str; 3]) -> Option<u64> {
    let of = |folder: PathBuf| {
        let number = |name: &str| -> Option<u64> {
            fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok()
        };
        let (limit, used) = (number(limit)?, number(used)?);
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let idle = stat.lines().find_map(|line| line.strip_prefix(idle)?.trim().parse().ok());
        Some(limit.saturating_sub(used.saturating_sub(idle.unwrap_or(0))))
    };
    let folders = Path::new(path).ancestors();
    folders.filter_map(|folder| of(root.join(folder))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read() {
        let meminfo = "MemTotal:       24000000 kB\nMemAvailable:   21000000 kB\n";
        assert_eq!(kilobytes(meminfo, "MemAvailable:"), Some(21_000_000 * 1024));
        let status = "Name:\ta\nVmSize:\t    1000 kB\n";
        let limits = |limit: &str| format!("Max address space         {limit}   {limit}   bytes\n");
        assert_eq!(address_space_left(&limits("unlimited"), status), None);
        assert_eq!(address_space_left(&limits("4096000"), status), Some(4_096_000 - 1_024_000));
        assert_eq!(address_space_left(&limits("1"), status), Some(0));
    }

    #[test]
    fn the_smallest_group_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, content: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        };
        write("a/b/memory.max", "max\n");
        write("a/b/memory.current", "5000\n");
        write("a/memory.max", "9000\n");
        write("a/memory.current", "8000\n");
        write("a/memory.stat", "anon 1\ninactive_file 3000\n");
        assert_eq!(left_in_groups(folder.path(), "0::/a/b\n"), Some(4000));
        assert_eq!(left_in_groups(folder.path(), "0::/\n"), None);
        write("memory/c/memory.limit_in_bytes", "700\n");
        write("memory/c/memory.usage_in_bytes", "300\n");
        assert_eq!(left_in_groups(folder.path(), "4:cpu:/x\n3:memory:/c\n"), Some(400));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers() {
        check_memory("this", 1, "none").expect("a byte");
        let error = check_memory("it all", u64::MAX, "less").expect_err("too much").to_string();
        assert!(
            error.contains("it all needs 16777216.0 TiB") && error.contains("iB left"),
            "{error}"
        );
        assert!(error.ends_with("\nhint: less"), "{error}");
    }
}

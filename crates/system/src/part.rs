//! What is not yet whole: files and folders under temporary names, and what killed processes left of them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::atomic::{folder_of, sync_folder};
use crate::lock;

/// Beginning and end of the names of what is not yet whole.
const PART: (&str, &str) = (".gqn-", ".part");
/// End of the name of what has stepped aside, which nobody removes but who put it there.
const ASIDE: &str = ".old";
/// When a part of a process whose number is in use again, or of another machine, counts as left behind.
const LEFT_BEHIND_SECS: u64 = 3600;

/// A folder that is filled under a temporary name and then put in its place. Without that, it is removed.
#[derive(Debug)]
pub struct PartFolder {
    folder: TempDir,
    /// Says that this process is alive, where folders can be locked.
    _marked: Option<File>,
}

impl PartFolder {
    /// An empty folder beside the place that it is for, which is in `parent`. What killed processes left there is removed.
    ///
    /// # Errors
    /// What the system says.
    pub fn new_in(parent: &Path) -> io::Result<Self> {
        remove_left_behind(parent);
        let folder = folder_in(parent, PART.1)?;
        let marked = File::open(folder.path()).ok().filter(|folder| lock::mark(folder).is_ok());
        Ok(Self { folder, _marked: marked })
    }

    /// Where it is filled.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the folder at `out`, beside it. What is there is exchanged for it in one step where the system can do that, so
    /// that one or the other is there at any moment, and then removed.
    ///
    /// # Errors
    /// What the system says; what was at `out` is there again then.
    pub fn take_place(self, out: &Path) -> io::Result<()> {
        let parent = folder_of(out);
        sync_folder(self.path())?;
        if std::fs::symlink_metadata(out).is_err() {
            std::fs::rename(self.path(), out)?;
            let _renamed = self.folder.keep();
        } else if exchange(self.path(), out).is_err() {
            let aside = folder_in(parent, ASIDE)?;
            let old = aside.path().join("old");
            std::fs::rename(out, &old)?;
            if let Err(error) = std::fs::rename(self.path(), out) {
                std::fs::rename(&old, out)?;
                return Err(error);
            }
            let _renamed = self.folder.keep();
        }
        sync_folder(parent)
    }
}

#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn folder_in(parent: &Path, end: &str) -> io::Result<TempDir> {
    let prefix = format!("{}{}-", PART.0, std::process::id());
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(end);
    #[cfg(unix)]
    {
        // The ordinary mode of a new folder (less the user's mask) rather than tempfile's private one.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent).map_err(without_path)
}

/// What the system said, without the temporary name that `tempfile` adds: it tells a user nothing, and the message that
/// the error goes into names the place itself.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path \"") {
        Some((said, _)) => io::Error::new(error.kind(), said),
        None => error,
    }
}

/// A file that is removed with the value unless it is renamed before.
pub(crate) fn file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!("{}{}-", PART.0, std::process::id());
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(PART.1);
    #[cfg(unix)]
    {
        // The ordinary mode of a new file (less the user's mask) rather than tempfile's private one.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder).map_err(without_path)?;
    if cfg!(unix) {
        lock::mark(file.as_file())?;
    }
    Ok(file)
}

/// Removes what a process began and was killed over; once for each folder, as it does not become more. What cannot be
/// removed stays.
pub(crate) fn remove_left_behind(folder: &Path) {
    static LOOKED_AT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let is_new = |mut folders: std::sync::MutexGuard<'_, BTreeSet<PathBuf>>| {
        std::fs::canonicalize(folder).is_ok_and(|folder| folders.insert(folder))
    };
    if !LOOKED_AT.lock().is_ok_and(is_new) {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if !is_left_behind(&entry) {
            continue;
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let remove: fn(PathBuf) -> io::Result<()> =
            if is_folder { std::fs::remove_dir_all } else { std::fs::remove_file };
        let _ = remove(entry.path());
    }
}

/// Whether something is a part that nobody is writing any more: its writer would hold its lock.
fn is_left_behind(entry: &std::fs::DirEntry) -> bool {
    let name = entry.file_name();
    let inner = name.to_str().and_then(|name| name.strip_prefix(PART.0)?.strip_suffix(PART.1));
    let (Some(inner), Ok(metadata)) = (inner, entry.metadata()) else { return false };
    if !metadata.is_file() && !metadata.is_dir() {
        return false;
    }
    let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
    let is_old = age.is_some_and(|age| age.as_secs() > LEFT_BEHIND_SECS);
    let process = inner.split_once('-').and_then(|(process, _)| process.parse::<u32>().ok());
    let is_dead = cfg!(target_os = "linux")
        && process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists());
    (is_old || is_dead) && lock::is_free(&entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        names
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn parts_of_dead_processes_go_and_no_others() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // No process has a number as high as this: the kernel's limit is 2^22.
        let dead = 1_u32 << 30;
        let part = |name: String| {
            let path = folder.path().join(name);
            File::create(path).expect("a file")
        };
        part(format!(".gqn-{dead}-a.part"));
        let locked = part(format!(".gqn-{dead}-b.part"));
        locked.lock().expect("a lock");
        part(format!(".gqn-{}-c.part", std::process::id()));
        part(".gqn-other.part".to_owned());
        let old = part(".gqn-older.part".to_owned());
        let hours = std::time::Duration::from_secs(2 * LEFT_BEHIND_SECS);
        old.set_modified(std::time::SystemTime::now() - hours).expect("a time");
        drop(old);
        part("mine.part".to_owned());
        for (name, file) in [("d.part", "manifest.json"), ("e.old", "old")] {
            let inner = folder.path().join(format!(".gqn-{dead}-{name}"));
            std::fs::create_dir(&inner).expect("a folder");
            std::fs::write(inner.join(file), b"a").expect("a file");
        }
        remove_left_behind(folder.path());
        let own = format!(".gqn-{}-c.part", std::process::id());
        let mut left = vec![format!(".gqn-{dead}-b.part"), own, ".gqn-other.part".into()];
        left.extend(["mine.part".to_owned(), format!(".gqn-{dead}-e.old")]);
        left.sort();
        assert_eq!(names(folder.path()), left);
    }

    #[test]
    fn a_folder_takes_its_place_and_the_old_one_goes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("out");
        for content in ["one", "two"] {
            let part = PartFolder::new_in(folder.path()).expect("a folder");
            assert!(!lock::is_free(part.path()), "others see that it is being filled");
            std::fs::write(part.path().join("a"), content).expect("a file");
            part.take_place(&out).expect("its place");
            assert_eq!(std::fs::read_to_string(out.join("a")).expect("the file"), content);
            assert_eq!(names(folder.path()), ["out"], "nothing temporary stays");
        }
        drop(PartFolder::new_in(folder.path()).expect("a folder"));
        assert_eq!(names(folder.path()), ["out"], "what takes no place goes");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_exchange_is_one_step() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        for path in [&one, &other] {
            std::fs::create_dir(path).expect("a folder");
        }
        std::fs::write(one.join("a"), b"").expect("a file");
        exchange(&one, &other).expect("Linux and the usual file systems can");
        assert!(other.join("a").exists() && one.exists() && !one.join("a").exists());
    }
}

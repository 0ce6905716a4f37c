//! Folders for targets that read files.

use std::cell::RefCell;
use std::path::Path;

use tempfile::TempDir;

thread_local! {
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// Shows a file of those bytes and that name, alone in its folder.
pub(crate) fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a folder"));
        for entry in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
            std::fs::remove_file(entry.path()).expect("a file of ours");
        }
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        read(&path);
    });
}

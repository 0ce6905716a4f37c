//! What programs and libraries ask of the operating system: files that are there whole or not at all, one writer to a
//! folder, regular files and no devices, memory that is left, shared libraries that are whole.
//!
//! Not a place for what is in a file: nothing here knows a format. In a browser, where there are no files, [`read_at_most`]
//! is all that is left of it.
//!
//! | file | holds |
//! |---|---|
//! | `atomic.rs` | [`write_atomic`]: a file is there whole, or not at all; [`Overwrite`] |
//! | `lock.rs` | [`FolderLock`]: one writer to a folder at a time |
//! | `part.rs` | [`PartFolder`]: what is not yet whole, and what killed processes left of it |
//! | `regular.rs`, `bounded.rs` | [`read_regular`]: files and no devices, up to a size |
//! | `memory.rs` | [`check_memory`]: what does not fit is refused before it is begun |
//! | `shared_library.rs` | [`check_library`]: is a shared library there as a whole? |
//! | `error.rs` | [`SystemError`] |
//!
//! One process writes to a folder at a time, and a file is replaced only if that is asked for:
//!
//! ```
//! use gqn_system::{FolderLock, Overwrite, SystemError, read_regular, write_atomic};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let parent = tempfile::tempdir()?;
//! let folder = parent.path().join("run");
//! let lock = FolderLock::acquire(&folder)?;
//! assert!(FolderLock::is_taken(&folder));
//!
//! let path = folder.join("log.txt");
//! write_atomic(&path, b"step 1", Overwrite::Refuse)?;
//! let again = write_atomic(&path, b"step 2", Overwrite::Refuse);
//! assert!(matches!(again, Err(SystemError::Exists { .. })));
//! assert_eq!(read_regular(&path, 100)?, b"step 1");
//! # drop(lock);
//! # Ok(())
//! # }
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod atomic;
mod bounded;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod lock;
#[cfg(not(target_arch = "wasm32"))]
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod part;
#[cfg(not(target_arch = "wasm32"))]
mod regular;
#[cfg(not(target_arch = "wasm32"))]
mod shared_library;

#[cfg(not(target_arch = "wasm32"))]
pub use atomic::{
    Overwrite, check_folder, check_output, check_place, folder_of, sync_folder, write_atomic,
};
pub use bounded::read_at_most;
pub use error::{SystemError, read_hint};
#[cfg(not(target_arch = "wasm32"))]
pub use lock::{FolderLock, LOCK_FILE};
#[cfg(not(target_arch = "wasm32"))]
pub use memory::{available_memory, check_memory};
#[cfg(not(target_arch = "wasm32"))]
pub use part::PartFolder;
#[cfg(not(target_arch = "wasm32"))]
pub use regular::{not_regular, open_regular, read_regular};
#[cfg(not(target_arch = "wasm32"))]
pub use shared_library::{LibraryDamage, LibraryNeeds, check_library, library_needs};

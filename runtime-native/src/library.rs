//! The one ONNX Runtime of this process.

use std::ffi::CStr;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use gqn_system::{LibraryDamage, check_library};
use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::error::{OrtError, first_line};
use crate::provider::Provider;
use crate::search::{Found, file_name, find};

/// A loaded ONNX Runtime. A process has one, which stays until it ends.
#[derive(Debug)]
pub struct OnnxRuntime {
    /// Never dropped: after a provider has failed to register, some builds of ONNX Runtime crash when their environment is
    /// released (1.27 with WebGPU), also while a process ends.
    pub(crate) environment: ManuallyDrop<Environment>,
    version: String,
    path: PathBuf,
    how: &'static str,
    /// The name that it was loaded by, if one was given.
    named: Option<PathBuf>,
}

static LOADED: OnceLock<OnnxRuntime> = OnceLock::new();

impl OnnxRuntime {
    /// Finds and loads ONNX Runtime: `named` (a file or folder), else `ORT_DYLIB_PATH`, else beside the program, else
    /// where `cargo xtask setup` puts it, else by the system's loader. Later calls return the one that is loaded.
    ///
    /// # Errors
    /// [`OrtError`] if there is none, it is no ONNX Runtime or too old, or another was loaded before.
    pub fn load(named: Option<&Path>) -> Result<&'static Self, OrtError> {
        static LOADING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        let variable = std::env::var_os("ORT_DYLIB_PATH");
        let program = std::env::current_exe().ok();
        let folder = program.as_deref().and_then(Path::parent);
        if let Some(loaded) = LOADED.get() {
            // The same name means what is loaded, also after its file was removed or replaced.
            if let Some(named) = named.filter(|&named| loaded.named.as_deref() != Some(named)) {
                let asked = absolute(&find(Some(named), None, None)?.0.path);
                if asked != loaded.path {
                    return Err(OrtError::AlreadyLoaded { asked, loaded: loaded.path.clone() });
                }
            }
            return Ok(loaded);
        }
        let (found, searched) = find(named, variable.as_deref(), folder)?;
        let runtime = Self::start(&found, searched, named)?;
        Ok(LOADED.get_or_init(|| runtime))
    }

    /// The library that [`OnnxRuntime::load`] would load, without loading it.
    ///
    /// # Errors
    /// [`OrtError`] if what was named is not there, or the system's loader would have to look for it.
    pub fn locate(named: Option<&Path>) -> Result<PathBuf, OrtError> {
        let variable = std::env::var_os("ORT_DYLIB_PATH");
        let program = std::env::current_exe().ok();
        let folder = program.as_deref().and_then(Path::parent);
        let (found, searched) = find(named, variable.as_deref(), folder)?;
        if found.path == Path::new(&file_name()) {
            return Err(OrtError::NotFound { searched });
        }
        Ok(absolute(&found.path))
    }

    /// Its version, such as `1.32.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The library's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it was found, such as `named by --ort`.
    pub fn how_found(&self) -> &'static str {
        self.how
    }

    /// The providers that it was built with. That one is there does not yet mean that it runs.
    pub fn available_providers(&self) -> Vec<Provider> {
        let is_there = |provider: &Provider| {
            *provider != Provider::Auto && provider.missing_from_build().is_none()
        };
        Provider::ALL.into_iter().filter(is_there).collect()
    }

    fn start(found: &Found, searched: Vec<String>, named: Option<&Path>) -> Result<Self, OrtError> {
        let by_name = found.path == Path::new(&file_name());
        let path = if by_name { found.path.clone() } else { absolute(&found.path) };
        // `ort` panics over some libraries that are none of ours, so the library is looked at first.
        let version = match version_of(&path) {
            Err(OrtError::Load { .. }) if by_name => return Err(OrtError::NotFound { searched }),
            version => version?,
        };
        check_version(&path, &version)?;
        let failed =
            |reason: &str| OrtError::Start { path: path.clone(), reason: first_line(reason) };
        let builder = ort::init_from(&path).map_err(|error| failed(&error.to_string()))?;
        let builder = builder.with_name("gqn").with_telemetry(false);
        let environment = builder.build().map_err(|error| failed(error.message()))?;
        if std::env::var_os("ORT_LOG").is_none() {
            // Every failure is returned as an error too; said once is enough.
            environment.set_log_level(LogLevel::Fatal);
        }
        let path = if by_name { mapped_file().unwrap_or(path) } else { path };
        let environment = ManuallyDrop::new(environment);
        let named = named.map(Path::to_owned);
        Ok(Self { environment, version, path, how: found.how, named })
    }
}

fn check_version(path: &Path, version: &str) -> Result<(), OrtError> {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if release.0 == 1 && release.1 >= ort::MINOR_VERSION {
        return Ok(());
    }
    let (path, found, expected) =
        (path.to_owned(), version.to_owned(), format!("1.{}", ort::MINOR_VERSION));
    Err(OrtError::Version { path, found, expected })
}

/// Asks a library for the version of ONNX Runtime that it is.
#[allow(
    unsafe_code,
    reason = "a library is loaded at run time; its two entry points are declared by ort-sys"
)]
fn version_of(path: &Path) -> Result<String, OrtError> {
    type GetApiBase = unsafe extern "C" fn() -> *const ort::sys::OrtApiBase;
    // The loader would touch what is missing of a file, which ends the process. A name without a folder is the loader's.
    if path.components().count() > 1
        && path.is_file()
        && let Err(damage @ (LibraryDamage::CutShort { .. } | LibraryDamage::Empty)) =
            check_library(path)
    {
        return Err(OrtError::Damaged { path: path.to_owned(), source: damage });
    }
    // SAFETY: running the initialisers of a library that the user names, or that lies where ours does, is what
    // loading ONNX Runtime means; nothing of it is used after `library` is dropped.
    let library = unsafe { libloading::Library::new(path) }
        .map_err(|source| OrtError::Load { path: path.to_owned(), source })?;
    let none = |_| OrtError::NotOnnxRuntime { path: path.to_owned() };
    // SAFETY: the name belongs to ONNX Runtime, which has kept this signature since its first release.
    let get_api_base = unsafe { library.get::<GetApiBase>(b"OrtGetApiBase") }.map_err(none)?;
    // SAFETY: as above; the pointer is checked before it is read, and the text is copied.
    unsafe {
        let base = get_api_base()
            .as_ref()
            .ok_or_else(|| OrtError::NotOnnxRuntime { path: path.to_owned() })?;
        let version = (base.GetVersionString)();
        if version.is_null() {
            return Err(OrtError::NotOnnxRuntime { path: path.to_owned() });
        }
        Ok(CStr::from_ptr(version).to_string_lossy().into_owned())
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The file behind a library that the system's loader found by its name (Linux only).
fn mapped_file() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let files =
        maps.lines().filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..])));
    let name = file_name();
    let is_ours =
        |file: &PathBuf| file.file_name().is_some_and(|f| f.to_string_lossy().starts_with(&name));
    files.into_iter().find(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_odd_versions_are_refused() {
        let path = Path::new("libonnxruntime.so");
        for version in ["1.20.0", "1.32.0", "1.33.0-dev"] {
            check_version(path, version).expect("new enough");
        }
        for version in ["1.19.2", "1.4", "0.32.0", "2.0.0", "", "one"] {
            assert!(
                matches!(check_version(path, version), Err(OrtError::Version { .. })),
                "{version}"
            );
        }
    }

    #[test]
    fn the_environment_is_never_dropped() {
        fn released_with_its_owner<T>(_: fn(&OnnxRuntime) -> &T) -> bool {
            std::mem::needs_drop::<T>()
        }
        assert!(std::mem::needs_drop::<Environment>(), "ort releases it");
        assert!(!released_with_its_owner(|runtime| &runtime.environment));
    }

    #[test]
    fn what_is_no_library_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file_name());
        std::fs::write(&path, b"no library").expect("a file");
        assert!(matches!(version_of(&path), Err(OrtError::Load { .. })));
        std::fs::write(&path, b"").expect("a file");
        assert!(matches!(version_of(&path), Err(OrtError::Damaged { .. })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_that_is_cut_short_ends_no_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file_name());
        // This test's program, which is as large as a library and laid out like one.
        let whole = std::fs::read(std::env::current_exe().expect("a path")).expect("a program");
        for length in [100, 5000, whole.len() / 2] {
            std::fs::write(&path, &whole[..length]).expect("a file");
            let error = version_of(&path).expect_err("a part of a library");
            assert!(error.to_string().contains("is cut short: it has"), "{error}");
        }
    }
}

//! Which device computes. CUDA is loaded when it is there, never linked: one binary for both kinds of host.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

use crate::model::ComputeType;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first CUDA device if there is one, otherwise the CPU; of several processes, each the next device.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with that number.
    Cuda(usize),
}

/// A device that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDevice {
    /// The device.
    pub device: tch::Device,
    /// What runs, and when that is not what was asked for, why.
    pub description: String,
}

/// Why a device cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum DeviceError {
    #[error("unknown device `{found}`, expected auto, cpu or cuda:N")]
    Unknown { found: String },
    #[error(
        "cuda:{index} was asked for, but libtorch_cuda.so could not be loaded: {reason}\n\
         hint: put the folder of a libtorch with CUDA into LD_LIBRARY_PATH or LIBTORCH, or use --device cpu"
    )]
    NoCuda { index: usize, reason: String },
    #[error(
        "cuda:{index} was asked for, but this host has {found} CUDA devices\n\
         hint: they are counted from 0; --device auto takes the first if there is one"
    )]
    NoSuchDevice { index: usize, found: i64 },
}

impl DeviceChoice {
    /// The device, after loading CUDA if it may be needed.
    ///
    /// # Errors
    /// [`DeviceError`] if a CUDA device was asked for by number and cannot be had.
    pub fn open(self) -> Result<OpenDevice, DeviceError> {
        self.open_for(0)
    }

    /// The device of process `local_rank` of this host: `auto` gives each its own. Where a process sees one device
    /// only, as under some schedulers, it takes that.
    ///
    /// # Errors
    /// As [`DeviceChoice::open`].
    pub fn open_for(self, local_rank: usize) -> Result<OpenDevice, DeviceError> {
        let cpu =
            |why: &str| OpenDevice { device: tch::Device::Cpu, description: format!("cpu{why}") };
        let cuda = |index| OpenDevice {
            device: tch::Device::Cuda(index),
            description: format!("cuda:{index}"),
        };
        let devices =
            if self == Self::Cpu { Ok(0) } else { load_cuda().map(|()| tch::Cuda::device_count()) };
        match (self, devices) {
            (Self::Cpu, _) => Ok(cpu("")),
            (Self::Auto, Ok(found)) if found > 0 => Ok(cuda(local_rank % found as usize)),
            (Self::Auto, Ok(_)) => Ok(cpu(" (asked for auto; cuda: no device)")),
            (Self::Auto, Err(reason)) => Ok(cpu(&format!(" (asked for auto; cuda: {reason})"))),
            (Self::Cuda(index), Err(reason)) => Err(DeviceError::NoCuda { index, reason }),
            (Self::Cuda(index), Ok(found)) if (index as i64) < found => Ok(cuda(index)),
            (Self::Cuda(index), Ok(found)) => Err(DeviceError::NoSuchDevice { index, found }),
        }
    }
}

/// Settings of the whole process that suit a precision on a device.
pub fn prepare(device: tch::Device, precision: ComputeType) {
    if device.is_cuda() {
        allow_tf32(precision != ComputeType::Fp32);
        // Sizes recur: cuDNN tries its algorithms once for each.
        tch::Cuda::cudnn_set_benchmark(true);
    }
}

/// Whether CUDA devices may multiply 32-bit numbers with 10 bits of mantissa, from now on and in the whole process.
/// libtorch's own default is a mixture: convolutions may, products of matrices may not. False where this libtorch has
/// no such switch.
#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "libtorch offers the switch in C++ only; both functions take a context and a bool and return nothing"
)]
pub fn allow_tf32(allow: bool) -> bool {
    use libloading::os::unix::{Library, Symbol};
    type Context = *mut std::ffi::c_void;
    type Switch = unsafe extern "C" fn(Context, bool);
    // at::globalContext(), at::Context::setAllowTF32CuBLAS(bool), at::Context::setAllowTF32CuDNN(bool)
    let program = Library::this();
    unsafe {
        let context: Result<Symbol<unsafe extern "C" fn() -> Context>, _> =
            program.get(b"_ZN2at13globalContextEv");
        let products: Result<Symbol<Switch>, _> =
            program.get(b"_ZN2at7Context18setAllowTF32CuBLASEb");
        let convolutions: Result<Symbol<Switch>, _> =
            program.get(b"_ZN2at7Context17setAllowTF32CuDNNEb");
        let (Ok(context), Ok(products), Ok(convolutions)) = (context, products, convolutions)
        else {
            return false;
        };
        products(context(), allow);
        convolutions(context(), allow);
    }
    true
}

/// There is no CUDA to switch.
#[cfg(not(unix))]
pub fn allow_tf32(_allow: bool) -> bool {
    false
}

/// Loads `libtorch_cuda.so` for the whole process: from beside the libtorch that runs, from `LIBTORCH`, or from where
/// the system looks.
fn load_cuda() -> Result<(), String> {
    const LIBRARY: &str = "libtorch_cuda.so";
    let beside = loaded_libtorch().map(|path| path.with_file_name(LIBRARY));
    let own =
        std::env::var_os("LIBTORCH").map(|folder| PathBuf::from(folder).join("lib").join(LIBRARY));
    let places = [beside, own].into_iter().flatten().filter(|path| path.exists());
    let mut reason = String::new();
    for place in places.chain([PathBuf::from(LIBRARY)]) {
        match open_globally(&place) {
            Ok(()) => return Ok(()),
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

/// The file of the CPU library that this process runs with, links followed.
fn loaded_libtorch() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    let start = line.find('/')?;
    std::fs::canonicalize(&line[start..]).ok()
}

#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "loading a library runs its initialisers; this one is libtorch's own"
)]
fn open_globally(path: &std::path::Path) -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    if path.exists() {
        let damage = |damage| format!("{} {damage}", path.display());
        gqn_system::check_library(path).map_err(damage)?;
    }
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    // The error itself only says that loading failed, its source which file and why.
    library
        .map(std::mem::forget)
        .map_err(|error| std::error::Error::source(&error).unwrap_or(&error).to_string())
}

#[cfg(not(unix))]
fn open_globally(path: &std::path::Path) -> Result<(), String> {
    Err(format!("{} is loaded at run time on Unix only", path.display()))
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown { found: text.to_owned() };
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto),
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", index)) => index.parse().map(Self::Cuda).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// Free bytes of the current CUDA device; none where there is none.
#[cfg(unix)]
#[allow(unsafe_code, reason = "libcudart is loaded at run time; the function fills in two numbers")]
pub(crate) fn free_on_device() -> Option<u64> {
    use libloading::os::unix::{Library, Symbol};
    type GetInfo = unsafe extern "C" fn(*mut usize, *mut usize) -> i32;
    let (mut free, mut total) = (0, 0);
    let code = unsafe {
        let get_info: Symbol<GetInfo> = Library::this().get(b"cudaMemGetInfo").ok()?;
        get_info(&raw mut free, &raw mut total)
    };
    (code == 0).then_some(free as u64)
}

/// Free bytes of the current CUDA device; none where there is none.
#[cfg(not(unix))]
pub(crate) fn free_on_device() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn this_libtorch_has_the_switch() {
        assert!(allow_tf32(true) && allow_tf32(false));
    }

    #[test]
    #[cfg(unix)]
    fn a_library_that_does_not_load_is_named() {
        let reason = open_globally(std::path::Path::new("/no/such/libtorch_cuda.so"));
        let reason = reason.expect_err("there is none");
        assert!(reason.contains("/no/such/libtorch_cuda.so"), "{reason}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("libtorch_cuda.so");
        let whole = std::fs::read(std::env::current_exe().expect("a path")).expect("a program");
        std::fs::write(&path, &whole[..whole.len() / 2]).expect("half of a library");
        let reason = open_globally(&path).expect_err("loading it would end the process");
        assert!(reason.contains("libtorch_cuda.so is cut short"), "{reason}");
    }

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for name in ["auto", "cpu", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().expect("a device").to_string(), name);
        }
        for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0"] {
            assert!(name.parse::<DeviceChoice>().is_err(), "{name}");
        }
    }
}

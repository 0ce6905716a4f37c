//! Peak memory of a process or of a device.

use std::fs;

use tch::Device;
use thiserror::Error;

use crate::device::free_on_device;

/// Why memory could not be measured.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum MemoryError {
    #[error("could not read or reset {what}\nhint: memory is measured on Linux only")]
    Kernel { what: &'static str, source: std::io::Error },
    #[error("{what} has no line `{line}`")]
    Line { what: &'static str, line: &'static str },
    #[error("libcudart's cudaMemGetInfo was not found or failed")]
    Cuda,
}

/// What is held now and at most, measured between two points.
#[derive(Debug)]
pub(super) enum Meter {
    /// Resident memory of the process at the start, in bytes.
    Process(u64),
    /// Free memory of the device before anything was there, in bytes. libtorch keeps what it has asked for, so that
    /// what is missing at the end is the most there was.
    Cuda,
}

/// Environment of a process whose memory is measured: freed memory goes back to the system at once, so that what is
/// resident is what is held.
pub(super) const ENVIRONMENT: [(&str, &str); 3] = [
    ("MALLOC_MMAP_THRESHOLD_", "65536"),
    ("MALLOC_TRIM_THRESHOLD_", "65536"),
    ("MKL_DISABLE_FAST_MM", "1"),
];

const STATUS: &str = "/proc/self/status";
const CLEAR: &str = "/proc/self/clear_refs";

impl Meter {
    /// Starts once parameters, gradients and moments are there, after a step.
    pub(super) fn start(device: Device) -> Result<Self, MemoryError> {
        if device.is_cuda() {
            return Ok(Self::Cuda);
        }
        // Sets the high-water mark back to what is resident now.
        let reset = fs::write(CLEAR, "5");
        reset.map_err(|source| MemoryError::Kernel { what: CLEAR, source })?;
        Ok(Self::Process(status("VmRSS:")?))
    }

    /// Bytes at most beyond those at the start; `free` are those of the device before anything was there, `held` those
    /// of parameters, gradients and moments.
    pub(super) fn peak(&self, free: u64, held: u64) -> Result<u64, MemoryError> {
        match self {
            Self::Process(start) => Ok(status("VmHWM:")?.saturating_sub(*start)),
            Self::Cuda => Ok((free - free_memory()?).saturating_sub(held)),
        }
    }
}

/// Free bytes of the device, 0 of a CPU.
pub(super) fn free(device: Device) -> Result<u64, MemoryError> {
    if device.is_cuda() { free_memory() } else { Ok(0) }
}

fn status(line: &'static str) -> Result<u64, MemoryError> {
    let text = fs::read_to_string(STATUS);
    let text = text.map_err(|source| MemoryError::Kernel { what: STATUS, source })?;
    let kibibytes = text.lines().find_map(|found| found.strip_prefix(line)).and_then(|rest| {
        rest.trim().strip_suffix("kB").and_then(|number| number.trim().parse::<u64>().ok())
    });
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or(MemoryError::Line { what: STATUS, line })
}

fn free_memory() -> Result<u64, MemoryError> {
    free_on_device().ok_or(MemoryError::Cuda)
}

//! A case in a process of its own.

use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tch::Device;
use thiserror::Error;

use super::case::Case;
use super::memory::{self, MemoryError, Meter};

/// What a case takes by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Steps a second.
    pub steps_per_sec: f64,
    /// Most bytes in use less parameters, gradients and moments.
    pub activation_bytes: u64,
    /// Parameters, gradients and moments.
    pub held_bytes: u64,
}

/// Why a case could not be measured.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum BenchError {
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("could not start a process to measure in")]
    Start { source: std::io::Error },
    #[error("the process that measures failed: {stderr}")]
    Failed { stderr: String },
    #[error("the process that measures wrote no result")]
    Result { source: serde_json::Error },
}

/// Trains a case, some steps to warm up and `steps` more, in this process, whose memory is then the case's.
///
/// # Errors
/// [`BenchError::Memory`].
pub fn probe(case: &Case, device: Device, steps: usize) -> Result<Probe, BenchError> {
    let free = memory::free(device)?;
    let mut running = case.start(device);
    running.step();
    if device.is_cuda() {
        // cuDNN tries its algorithms in the first steps.
        (0..2).for_each(|_| drop(running.step()));
    }
    running.wait();
    let meter = Meter::start(device)?;
    let clock = Instant::now();
    let mut last = None;
    for _ in 0..steps {
        last = Some(running.step());
    }
    running.wait();
    let secs = clock.elapsed().as_secs_f64();
    let held_bytes = running.held_bytes();
    let activation_bytes = meter.peak(free, held_bytes)?;
    drop(last);
    Ok(Probe { steps_per_sec: steps as f64 / secs, activation_bytes, held_bytes })
}

/// [`probe`] in a process of its own: `command` is this program with the arguments that make it call [`probe`] and
/// write the result as JSON.
///
/// # Errors
/// [`BenchError`]: the process cannot be started, or fails.
pub fn probe_in_child(command: &mut Command) -> Result<Probe, BenchError> {
    let output = command.envs(memory::ENVIRONMENT).output();
    let output = output.map_err(|source| BenchError::Start { source })?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(BenchError::Failed { stderr });
    }
    serde_json::from_slice(&output.stdout).map_err(|source| BenchError::Result { source })
}

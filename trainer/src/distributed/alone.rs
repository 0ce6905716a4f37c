//! NCCL without MPI: one process averages with itself.

use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::ParallelError;

/// NCCL with this process alone on CUDA device `index`: two buckets of gradients and a strided one are packed, averaged
/// over one process and unpacked, as in training. Gives the seconds of the second average; the first one connects.
///
/// # Errors
/// [`ParallelError`]: NCCL is missing, fails, or does not give back what it was given.
#[cfg(unix)]
pub fn average_alone(index: usize) -> Result<f64, ParallelError> {
    let device = Device::Cuda(index);
    let library = super::nccl::Nccl::load()?;
    let id = library.new_id()?;
    let nccl = library.connect(index, 1, 0, &id)?;
    let gradients = [[5000, 1000], [300, 7000], [40, 60]]
        .map(|shape: [i64; 2]| Tensor::randn(shape, (Kind::Float, device)).transpose(0, 1));
    let before = gradients.each_ref().map(Tensor::copy);
    nccl.average(&gradients)?;
    tch::Cuda::synchronize(index as i64);
    let clock = Instant::now();
    nccl.average(&gradients)?;
    tch::Cuda::synchronize(index as i64);
    let secs = clock.elapsed().as_secs_f64();
    if gradients.iter().zip(&before).all(|(found, expected)| found.equal(expected)) {
        return Ok(secs);
    }
    let reason = "the mean over one process is not what that process gave".to_owned();
    Err(ParallelError::Nccl { call: "ncclAllReduce", reason })
}

/// NCCL is loaded at run time on Unix only.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn average_alone(_: usize) -> Result<f64, ParallelError> {
    Err(ParallelError::NoNccl { reason: "it is loaded at run time on Unix only".to_owned() })
}

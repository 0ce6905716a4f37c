//! The processes of a run: gradients are averaged, state is broadcast from the root.

use std::ops::Range;

use gqn_formats::sha256_hex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::{Device, Kind, Tensor};
use thiserror::Error;

use super::world::World;
use crate::convert::to_array;

/// Why several processes cannot train together.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ParallelError {
    #[error(
        "this is one of {started} processes, but this gqn-train was built for one\n\
         hint: build it with MPI (cargo build --release -p gqn-trainer --features mpi), or start it without mpirun"
    )]
    NotBuilt { started: usize },
    #[error(
        "MPI does not start\nhint: start gqn-train by mpirun of the MPI that it was built with"
    )]
    NoMpi,
    #[error(
        "this is one of {started} processes, but MPI knows of {found}\n\
         hint: start gqn-train by mpirun of the MPI that it was built with, or by `srun --mpi=pmix`"
    )]
    Alone { started: usize, found: usize },
    #[error(
        "process {rank} and process 0 compute on different kinds of devices\n\
         hint: give --device cpu, or let every host have a CUDA device for each of its processes"
    )]
    MixedDevices { rank: usize },
    #[error(
        "NCCL was not found: {reason}\n\
         hint: gradients on CUDA devices need the libnccl.so.2 and libcudart that libtorch was built with; put their folders \
         into LD_LIBRARY_PATH, or use --device cpu"
    )]
    NoNccl { reason: String },
    #[error(
        "{call} failed: {reason}\n\
         hint: NCCL_DEBUG=WARN tells more; there must be a CUDA device for each process of a host (--device auto)"
    )]
    Nccl { call: &'static str, reason: String },
    #[error(
        "process {rank} has other weights than process 0 at step {step}\n\
         hint: the state saved last is kept; all hosts must run the same gqn-train on the same kind of processor and device, \
         then go on with --resume"
    )]
    Diverged { rank: usize, step: u64 },
}

/// The processes that train together, as one of them sees them. All must ask the same questions in the same order.
#[derive(Debug)]
pub struct Processes(Option<World>);

impl Processes {
    /// One process.
    pub fn single() -> Self {
        Self(None)
    }

    /// Joins the others of the job that `mpirun` or `srun` has started; one process if there is none.
    ///
    /// # Errors
    /// [`ParallelError`]: this is one of several processes, and they cannot find each other.
    pub fn join() -> Result<Self, ParallelError> {
        World::join(started()).map(Self)
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.0.as_ref().map_or(1, World::size)
    }

    /// Number of this one, from 0.
    pub fn rank(&self) -> usize {
        self.0.as_ref().map_or(0, World::rank)
    }

    /// Number of this one among those of its host, from 0.
    pub fn local_rank(&self) -> usize {
        self.0.as_ref().map_or(0, World::local_rank)
    }

    /// How many this host has.
    pub fn local_size(&self) -> usize {
        self.0.as_ref().map_or(1, World::local_size)
    }

    /// Whether this is the one that reads, writes, evaluates and talks.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// The rows of a batch that are this process's.
    ///
    /// # Panics
    /// When it cannot be shared out evenly, which the configuration sees to.
    pub fn rows(&self, batch: usize) -> Range<usize> {
        assert!(batch.is_multiple_of(self.size()), "a batch is shared out evenly");
        let share = batch / self.size();
        self.rank() * share..(self.rank() + 1) * share
    }

    /// Makes the links for gradients on a device.
    ///
    /// # Errors
    /// [`ParallelError`]: NCCL is missing or fails, or the processes compute on different kinds of devices.
    pub fn open_links(&self, device: Device) -> Result<(), ParallelError> {
        self.0.as_ref().map_or(Ok(()), |world| world.open_links(device))
    }

    /// Overwrites gradients by their mean over the processes. The backward pass is done by then: libtorch's C
    /// interface has no hook that would tell of a gradient when it is ready.
    ///
    /// # Errors
    /// [`ParallelError::Nccl`]; MPI itself ends the job.
    pub fn average(&self, gradients: &[Tensor]) -> Result<(), ParallelError> {
        self.0.as_ref().map_or(Ok(()), |world| world.average(gradients))
    }

    /// Means over the processes.
    pub fn mean<const N: usize>(&self, values: [f64; N]) -> [f64; N] {
        let Some(world) = &self.0 else { return values };
        let sums = world.sum(&values);
        std::array::from_fn(|index| sums[index] / world.size() as f64)
    }

    /// Whether any process says so.
    pub fn any(&self, flag: bool) -> bool {
        self.0.as_ref().map_or(flag, |world| world.sum(&[f64::from(flag)])[0] > 0.0)
    }

    /// What the first process says; the others' arguments are not looked at.
    pub fn broadcast_string(&self, text: String) -> String {
        let Some(world) = &self.0 else { return text };
        let bytes = world.broadcast(text.into_bytes());
        String::from_utf8(bytes).expect("it was text when it left")
    }

    /// What the first process finds, which takes it a while; the others wait without keeping a core busy.
    ///
    /// # Errors
    /// Those of `find`.
    pub fn broadcast_result<T: Serialize + DeserializeOwned, E>(
        &self,
        find: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(world) = &self.0 else { return find() };
        let found = if self.is_first() { Some(find()?) } else { None };
        // One number: of none, MPI makes no message, and nobody would wait.
        world.sum(&[0.0]);
        // In a list, since what was found may be nothing, which is `null` as well.
        let json = serde_json::to_string(found.as_slice()).expect("results are plain data");
        let received: Vec<T> =
            serde_json::from_str(&self.broadcast_string(json)).expect("JSON, as it left");
        Ok(found.or_else(|| received.into_iter().next()).expect("the first process has found it"))
    }

    /// The first process's number.
    pub fn broadcast_number(&self, count: u64) -> u64 {
        let Some(world) = &self.0 else { return count };
        let bytes = world.broadcast(count.to_le_bytes().to_vec());
        u64::from_le_bytes(bytes.try_into().expect("eight bytes, as they left"))
    }

    /// Overwrites tensors by those of the first process, and checks that this worked.
    ///
    /// # Errors
    /// [`ParallelError::Diverged`].
    pub fn broadcast(&self, tensors: &[Tensor], step: u64) -> Result<(), ParallelError> {
        let Some(world) = &self.0 else { return Ok(()) };
        for tensor in tensors {
            let mut numbers = vec![0.0_f32; tensor.numel()];
            let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).reshape([-1]);
            flat.copy_data(&mut numbers, tensor.numel());
            world.broadcast_floats(&mut numbers);
            if !self.is_first() {
                let received = Tensor::from_slice(&numbers).view_as(tensor);
                tch::no_grad(|| tensor.shallow_clone().copy_(&received));
            }
        }
        self.check_equal(tensors, step)
    }

    /// Checks that tensors are the same in all processes, to the bit: the same gradients reach every process, so any
    /// difference is one between the hosts, and grows.
    ///
    /// # Errors
    /// [`ParallelError::Diverged`], in all processes alike.
    pub fn check_equal(&self, tensors: &[Tensor], step: u64) -> Result<(), ParallelError> {
        let Some(world) = &self.0 else { return Ok(()) };
        let values = world.gather(fingerprint(tensors));
        let other = values.iter().position(|value| *value != values[0]);
        other.map_or(Ok(()), |rank| Err(ParallelError::Diverged { rank, step }))
    }

    /// Ends all processes, because this one cannot go on: the others would wait for it. Returns if there are none.
    pub fn abort_others(&self) {
        if let Some(world) = self.0.as_ref().filter(|world| world.size() > 1) {
            world.abort()
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Leaving MPI waits for the others, and they for this one.
        if std::thread::panicking() {
            self.abort_others();
        }
    }
}

/// How many processes this one was started with, as its launcher says; 0 without one.
fn started() -> usize {
    // Open MPI's mpirun; others that speak PMI; a step of SLURM.
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
        .unwrap_or(0)
}

/// The first 64 bits of a checksum of all numbers.
fn fingerprint(tensors: &[Tensor]) -> u64 {
    let sums: String = tensors
        .iter()
        .map(|tensor| {
            let bytes: Vec<u8> =
                to_array(tensor).iter().flat_map(|number| number.to_le_bytes()).collect();
            sha256_hex(&bytes)
        })
        .collect();
    u64::from_str_radix(&sha256_hex(sums.as_bytes())[..16], 16).expect("sixteen hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_all_rows_and_leaves_all_as_it_is() {
        let one = Processes::single();
        assert_eq!((one.size(), one.rank(), one.rows(7)), (1, 0, 0..7));
        let gradient = Tensor::from_slice(&[1.0_f32, 2.0]);
        one.average(std::slice::from_ref(&gradient)).expect("nothing to do");
        assert_eq!(Vec::<f32>::try_from(&gradient).expect("numbers"), [1.0, 2.0]);
        assert!(one.any(true) && !one.any(false));
    }

    #[test]
    fn fingerprints_differ_by_any_bit() {
        let of = |numbers: &[f32]| fingerprint(&[Tensor::from_slice(numbers)]);
        assert_eq!(of(&[1.0, 2.0]), of(&[1.0, 2.0]));
        assert_ne!(of(&[1.0, 2.0]), of(&[1.0, f32::from_bits(2.0_f32.to_bits() + 1)]));
        assert_ne!(of(&[0.0]), of(&[-0.0]));
    }
}

//! MPI through rsmpi: gradients on the CPU, and whatever else the processes agree on.

use std::cell::OnceCell;
use std::fmt;
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use tch::{Device, Tensor};

use super::ParallelError;
use super::buckets::{pack, runs, unpack};
use super::nccl::Nccl;

/// How long a process asks again and again whether a message is there, before it sleeps in between: a step's messages
/// come at once, those after a checkpoint or an evaluation of process 0 do not, and its threads want the cores.
const AWAKE: Duration = Duration::from_millis(50);
const NAP: Duration = Duration::from_millis(1);

/// All processes of the job. Leaving it ends MPI, which waits for the others.
pub(super) struct World {
    all: SimpleCommunicator,
    local: (usize, usize),
    nccl: OnceCell<Nccl>,
    // Last: it ends MPI when it is dropped.
    _universe: Universe,
}

impl World {
    /// Joins the processes of a job; none when this process was started alone.
    pub(super) fn join(started: usize) -> Result<Option<Self>, ParallelError> {
        if started == 0 {
            return Ok(None);
        }
        // Other threads read data and listen for signals; only this one calls MPI.
        let (universe, threading) =
            mpi::initialize_with_threading(Threading::Funneled).ok_or(ParallelError::NoMpi)?;
        if threading < Threading::Funneled {
            return Err(ParallelError::NoMpi);
        }
        let all = universe.world();
        let found = all.size() as usize;
        if found < started {
            return Err(ParallelError::Alone { started, found });
        }
        let host = all.split_shared(all.rank());
        let local = (host.rank() as usize, host.size() as usize);
        Ok(Some(Self { all, local, nccl: OnceCell::new(), _universe: universe }))
    }

    pub(super) fn rank(&self) -> usize {
        self.all.rank() as usize
    }

    pub(super) fn size(&self) -> usize {
        self.all.size() as usize
    }

    /// Number of this process among those of its host.
    pub(super) fn local_rank(&self) -> usize {
        self.local.0
    }

    /// Processes of this host.
    pub(super) fn local_size(&self) -> usize {
        self.local.1
    }

    /// Makes the links that gradients on `device` are averaged over.
    pub(super) fn open_links(&self, device: Device) -> Result<(), ParallelError> {
        let kinds = self.gather(u64::from(device.is_cuda()));
        if let Some(rank) = kinds.iter().position(|kind| *kind != kinds[0]) {
            return Err(ParallelError::MixedDevices { rank });
        }
        let (Device::Cuda(index), 2..) = (device, self.size()) else { return Ok(()) };
        let library = Nccl::load()?;
        let id = if self.rank() == 0 { library.new_id()?.to_vec() } else { Vec::new() };
        let nccl = library.connect(index, self.size(), self.rank(), &self.broadcast(id))?;
        self.nccl.set(nccl).expect("links are opened once");
        Ok(())
    }

    /// Overwrites gradients by their mean over the processes.
    pub(super) fn average(&self, gradients: &[Tensor]) -> Result<(), ParallelError> {
        if let Some(nccl) = self.nccl.get() {
            return nccl.average(gradients);
        }
        let runs = runs(gradients);
        // Both known to libtorch as vectors and to MPI as slices: what is sent, and the sum.
        let lengths = runs.iter().map(|run| gradients[run.clone()].iter().map(Tensor::numel).sum());
        let mut buffers: Vec<[Vec<f32>; 2]> =
            lengths.map(|length| [vec![0.0; length], vec![0.0; length]]).collect();
        scope(|scope| {
            let mut requests = Vec::with_capacity(runs.len());
            // A bucket is on its way while the next one is packed.
            for (run, [sent, sum]) in runs.iter().zip(&mut buffers) {
                let length = sent.len();
                pack(&gradients[run.clone()]).copy_data(sent, length);
                let sum_of = SystemOperation::sum();
                requests.push(self.all.immediate_all_reduce_into(
                    scope,
                    &sent[..],
                    &mut sum[..],
                    sum_of,
                ));
            }
            requests.into_iter().for_each(wait);
        });
        for (run, [_, sum]) in runs.into_iter().zip(&buffers) {
            unpack(&(Tensor::from_slice(sum) / self.size() as f64), &gradients[run]);
        }
        Ok(())
    }

    /// Sums over the processes. Also how they wait for each other.
    pub(super) fn sum(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; values.len()];
        scope(|scope| {
            let sum = SystemOperation::sum();
            wait(self.all.immediate_all_reduce_into(scope, values, &mut sums[..], sum));
        });
        sums
    }

    /// The value of every process.
    pub(super) fn gather(&self, value: u64) -> Vec<u64> {
        let mut values = vec![0; self.size()];
        self.all.all_gather_into(&value, &mut values[..]);
        values
    }

    /// The bytes of process 0.
    pub(super) fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        let root = self.all.process_at_rank(0);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        let mut bytes = bytes;
        bytes.resize(length as usize, 0);
        root.broadcast_into(&mut bytes[..]);
        bytes
    }

    /// Overwrites the numbers by those of process 0.
    pub(super) fn broadcast_floats(&self, numbers: &mut [f32]) {
        self.all.process_at_rank(0).broadcast_into(numbers);
    }

    /// Ends all processes.
    pub(super) fn abort(&self) -> ! {
        self.all.abort(1)
    }
}

/// Waits for a message, and lets others have the core when it takes long.
fn wait<'a, D: ?Sized>(mut request: Request<'a, D, &LocalScope<'a>>) {
    let start = Instant::now();
    while let Err(open) = request.test() {
        request = open;
        if start.elapsed() < AWAKE {
            std::thread::yield_now();
        } else {
            std::thread::sleep(NAP);
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("rank", &self.rank())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

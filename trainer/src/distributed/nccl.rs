//! NCCL, found in the running process: the mean of gradients on CUDA devices.
//!
//! Five functions, looked up at run time. NCCL and the CUDA runtime come with the libtorch that was loaded for the
//! device (`device.rs`), so that there is no second copy of either. (The crate `cudarc` binds NCCL too, but it looks
//! for `libnccl.so` only, while `PyTorch`'s wheels and the usual images carry `libnccl.so.2`, and it panics where
//! there is none.)

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::{Kind, Tensor};

use super::ParallelError;
use super::buckets::{pack, runs, unpack};

const ID_BYTES: usize = 128;
/// `ncclFloat32` and `ncclAvg` of nccl.h, which has kept them since 2.10.
const FLOAT32: c_int = 7;
const AVERAGE: c_int = 4;
const SUCCESS: c_int = 0;

/// `ncclUniqueId`, passed by value.
#[repr(C)]
#[derive(Clone, Copy)]
struct UniqueId([u8; ID_BYTES]);

type Communicator = *mut c_void;
type Stream = *mut c_void;

/// The functions, with the signatures of nccl.h and of `cuda_runtime_api.h`.
#[derive(Clone, Copy)]
pub(super) struct Nccl {
    get_unique_id: unsafe extern "C" fn(*mut UniqueId) -> c_int,
    comm_init_rank: unsafe extern "C" fn(*mut Communicator, c_int, UniqueId, c_int) -> c_int,
    #[rustfmt::skip]
    all_reduce: unsafe extern "C" fn(
        *const c_void, *mut c_void, usize, c_int, c_int, Communicator, Stream,
    ) -> c_int,
    error_string: unsafe extern "C" fn(c_int) -> *const c_char,
    set_device: unsafe extern "C" fn(c_int) -> c_int,
    communicator: Communicator,
}

#[allow(unsafe_code, reason = "NCCL is loaded at run time and called through pointers")]
impl Nccl {
    /// Looks the functions up: first among the libraries that libtorch brought along.
    pub(super) fn load() -> Result<Self, ParallelError> {
        let own = || Ok(Library::this());
        let named = || unsafe { Library::open(Some("libnccl.so.2"), RTLD_NOW | RTLD_GLOBAL) };
        let find = |library: Result<Library, libloading::Error>| {
            let library = library?;
            // SAFETY: the signatures are those of the headers.
            let found = unsafe {
                Self {
                    get_unique_id: *library.get(b"ncclGetUniqueId\0")?,
                    comm_init_rank: *library.get(b"ncclCommInitRank\0")?,
                    all_reduce: *library.get(b"ncclAllReduce\0")?,
                    error_string: *library.get(b"ncclGetErrorString\0")?,
                    set_device: *Library::this().get(b"cudaSetDevice\0")?,
                    communicator: std::ptr::null_mut(),
                }
            };
            // It stays loaded: the functions are kept.
            std::mem::forget(library);
            Ok(found)
        };
        find(own())
            .or_else(|_: libloading::Error| find(named()))
            .map_err(|error| ParallelError::NoNccl { reason: error.to_string() })
    }

    /// A name for a new communicator, which all its processes must be told.
    pub(super) fn new_id(&self) -> Result<[u8; ID_BYTES], ParallelError> {
        let mut id = UniqueId([0; ID_BYTES]);
        // SAFETY: the library fills in the 128 bytes.
        self.check("ncclGetUniqueId", unsafe { (self.get_unique_id)(&raw mut id) })?;
        Ok(id.0)
    }

    /// Connects this process with the others; all must call it.
    pub(super) fn connect(
        mut self,
        device: usize,
        size: usize,
        rank: usize,
        id: &[u8],
    ) -> Result<Self, ParallelError> {
        let id = UniqueId(id.try_into().expect("an id is what `new_id` gave"));
        // SAFETY: takes a number. libtorch leaves the first device the current one, NCCL takes the current one.
        let code = unsafe { (self.set_device)(device as c_int) };
        if code != SUCCESS {
            return Err(ParallelError::Nccl {
                call: "cudaSetDevice",
                reason: format!("CUDA error {code}"),
            });
        }
        // SAFETY: the handle is written to our field.
        let code = unsafe {
            (self.comm_init_rank)(&raw mut self.communicator, size as c_int, id, rank as c_int)
        };
        self.check("ncclCommInitRank", code)?;
        Ok(self)
    }

    /// Overwrites gradients by their mean over the processes.
    pub(super) fn average(&self, gradients: &[Tensor]) -> Result<(), ParallelError> {
        for run in runs(gradients) {
            let flat = pack(&gradients[run.clone()]);
            self.average_flat(&flat)?;
            unpack(&flat, &gradients[run]);
        }
        Ok(())
    }

    /// `flat [N] f32 ->` its mean over the processes, in place, on the default stream, which is libtorch's: in order
    /// with its kernels, without waiting for them
    fn average_flat(&self, flat: &Tensor) -> Result<(), ParallelError> {
        assert!(flat.kind() == Kind::Float && flat.is_contiguous() && flat.device().is_cuda());
        let (data, stream) = (flat.data_ptr(), std::ptr::null_mut());
        // SAFETY: the memory is that of N numbers of this device, and libtorch reuses it in the order of the stream.
        let code = unsafe {
            (self.all_reduce)(data, data, flat.numel(), FLOAT32, AVERAGE, self.communicator, stream)
        };
        self.check("ncclAllReduce", code)
    }

    fn check(&self, call: &'static str, code: c_int) -> Result<(), ParallelError> {
        if code == SUCCESS {
            return Ok(());
        }
        // SAFETY: NCCL's texts are static.
        let text = unsafe { CStr::from_ptr((self.error_string)(code)) };
        Err(ParallelError::Nccl { call, reason: text.to_string_lossy().into_owned() })
    }
}

impl fmt::Debug for Nccl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nccl")
            .field("connected", &!self.communicator.is_null())
            .finish_non_exhaustive()
    }
}

//! Between libtorch's tensors and the files', and between seeds and libtorch's generator.

use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

/// A copy in memory that libtorch does not own.
pub fn to_array(tensor: &Tensor) -> gqn_formats::Tensor {
    let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
    let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view([-1]);
    let data = Vec::<f32>::try_from(flat).expect("a flat tensor of f32 is a vector");
    gqn_formats::Tensor::from_shape_vec(shape, data).expect("the shape is the tensor's own")
}

/// A copy on the CPU that libtorch owns.
pub fn to_tensor(array: &gqn_formats::Tensor) -> Tensor {
    let shape: Vec<i64> = array.shape().iter().map(|&size| size as i64).collect();
    let data: Vec<f32> = array.iter().copied().collect();
    Tensor::from_slice(&data).view(shape.as_slice())
}

/// Runs `draw` with libtorch's generator set to a seed below 2^63. The generator is the process's: nobody else may
/// draw meanwhile.
pub fn with_torch_seed<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _guard = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    draw()
}

/// A tensor of the host on a device: from pinned memory, so that the copy does not wait for what the device does.
pub(crate) fn without_waiting(tensor: Tensor, device: Device) -> Tensor {
    if device.is_cuda() {
        let kind = tensor.kind();
        tensor.pin_memory(device).to_device_(device, kind, true, false)
    } else {
        tensor
    }
}

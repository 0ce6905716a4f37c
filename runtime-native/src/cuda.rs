//! What the CUDA driver and `TensorRT` say of themselves. Both are looked up in the running system; without them nothing is
//! known.
#![allow(
    unsafe_code,
    reason = "libraries of the system are loaded at run time; their documented C functions are called"
)]

use std::ffi::{c_char, c_int};

use libloading::Library;

/// Attributes of a device in the driver's interface.
const MAJOR: c_int = 75;
const MINOR: c_int = 76;

/// The first GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CudaDevice {
    /// Such as `Orin`.
    pub(crate) name: String,
    /// Compute capability times ten, such as 87.
    pub(crate) sm: u32,
    /// The newest CUDA that the driver knows, such as 12060.
    pub(crate) driver: i32,
}

impl CudaDevice {
    /// Asks the driver.
    ///
    /// # Errors
    /// Why there is none, in one line.
    pub(crate) fn first() -> Result<Self, String> {
        // SAFETY: the driver's library is what its vendor installed for this; its initialisers are meant to be run.
        let library = unsafe { Library::new("libcuda.so.1") }
            .map_err(|_| "the driver's libcuda.so.1 is not there".to_owned())?;
        // SAFETY: the functions have had these signatures since CUDA 2; buffers are as long as is said, and results are used
        // only where the call reports success (0).
        unsafe {
            let get = |name: &str| format!("libcuda.so.1 has no {name}");
            let init = library
                .get::<unsafe extern "C" fn(u32) -> c_int>(b"cuInit")
                .map_err(|_| get("cuInit"))?;
            let device_get = library
                .get::<unsafe extern "C" fn(*mut c_int, c_int) -> c_int>(b"cuDeviceGet")
                .map_err(|_| get("cuDeviceGet"))?;
            let attribute = library
                .get::<unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int>(
                    b"cuDeviceGetAttribute",
                )
                .map_err(|_| get("cuDeviceGetAttribute"))?;
            let device_name = library
                .get::<unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int>(b"cuDeviceGetName")
                .map_err(|_| get("cuDeviceGetName"))?;
            let driver_version = library
                .get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"cuDriverGetVersion")
                .map_err(|_| get("cuDriverGetVersion"))?;
            let mut driver = 0;
            driver_version(&raw mut driver);
            match init(0) {
                0 => {}
                code => return Err(format!("the CUDA driver does not start (error {code})")),
            }
            let mut device = 0;
            if device_get(&raw mut device, 0) != 0 {
                return Err("the CUDA driver knows no device".to_owned());
            }
            let mut version = [0; 2];
            for (value, kind) in version.iter_mut().zip([MAJOR, MINOR]) {
                if attribute(value, kind, device) != 0 {
                    return Err("the CUDA driver does not say what the device can".to_owned());
                }
            }
            let mut name = [0_u8; 128];
            let length = name.len() as c_int;
            if device_name(name.as_mut_ptr().cast(), length - 1, device) != 0 {
                name[0] = 0;
            }
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(0);
            let name = String::from_utf8_lossy(&name[..end]).into_owned();
            Ok(Self { name, sm: (10 * version[0] + version[1]) as u32, driver })
        }
    }
}

/// The release of the `TensorRT` that ONNX Runtime would load, such as 10.
pub(crate) fn tensorrt_version() -> Option<u32> {
    let names = ["libnvinfer.so.11", "libnvinfer.so.10", "libnvinfer.so.8"];
    // SAFETY: as for the driver.
    let library = names.into_iter().find_map(|name| unsafe { Library::new(name) }.ok())?;
    // SAFETY: the function takes nothing and returns a number in every release.
    let version = unsafe {
        let get = library.get::<unsafe extern "C" fn() -> c_int>(b"getInferLibVersion").ok()?;
        get() as u32
    };
    // 8.5.2 is 8502, 10.3.0 is 100300.
    Some(if version >= 100_000 { version / 10_000 } else { version / 1000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_driver_the_reason_is_one_line() {
        match CudaDevice::first() {
            Ok(device) => assert!(device.sm >= 30 && device.driver > 0, "{device:?}"),
            Err(reason) => {
                assert!(reason.contains("CUDA") || reason.contains("libcuda"), "{reason}");
            }
        }
    }
}

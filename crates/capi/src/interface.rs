//! The functions of `gqn.h`.
#![allow(
    unsafe_code,
    reason = "C calls these functions with pointers; each says what they must point to"
)]

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gqn_runtime::Noise;
use gqn_scenes::Camera;

use crate::scene::OpenScene;

/// A package with one scene. Functions may be called with it from several threads at once; they wait for one another.
#[derive(Debug)]
pub struct GqnScene(OpenScene);

/// Where a picture is taken.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GqnCamera {
    /// x, y, z in world units, z up.
    pub position: [f32; 3],
    /// Radians about +z, from +x towards +y.
    pub yaw: f32,
    /// Radians above the horizontal.
    pub pitch: f32,
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Opens a package: a folder or one zip of it. `library` is ONNX Runtime's file or folder, or null for the one that is found;
/// `provider` is `cpu`, `cuda`, `tensorrt`, `openvino`, `webgpu`, or null for the first that runs; `threads` is the number of
/// threads, or 0 for one a core. Null if that fails.
///
/// # Safety
/// The texts end with a zero byte, or are null where that is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gqn_open(
    package: *const c_char,
    library: *const c_char,
    provider: *const c_char,
    threads: u32,
) -> *mut GqnScene {
    let opened = guarded(|| {
        // SAFETY: the caller's promise.
        let [package, library, provider] =
            unsafe { [text(package)?, text(library)?, text(provider)?] };
        let package = package.ok_or("the package is null")?;
        let scene = OpenScene::open(Path::new(package), library.map(Path::new), provider, threads)?;
        Ok(Box::into_raw(Box::new(GqnScene(scene))))
    });
    opened.unwrap_or(std::ptr::null_mut())
}

/// The side of its pictures in pixels; 0 for null.
///
/// # Safety
/// `scene` is null, or of `gqn_open` and not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gqn_side(scene: *const GqnScene) -> usize {
    // SAFETY: the caller's promise.
    unsafe { scene.as_ref() }.map_or(0, |scene| scene.0.side())
}

/// Adds a picture to the scene: `length` is 3 · side · side bytes of red, green and blue, row by row from the top. The number of
/// the view, or -1 if that fails.
///
/// # Safety
/// `scene` is null, or of `gqn_open` and not closed; `rgb` points to `length` bytes, `camera` to a camera.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gqn_observe(
    scene: *const GqnScene,
    rgb: *const u8,
    length: usize,
    camera: *const GqnCamera,
) -> i64 {
    let observed = guarded(|| {
        // SAFETY: the caller's promise.
        let (scene, camera) = unsafe { (scene.as_ref(), camera.as_ref()) };
        let scene = &scene.ok_or("the scene is null")?.0;
        let camera = camera.ok_or("the camera is null")?;
        check_length(rgb.is_null(), length, 3 * scene.side() * scene.side())?;
        // SAFETY: the caller's promise; it is not null.
        let rgb = unsafe { std::slice::from_raw_parts(rgb, length) };
        Ok(scene.observe(rgb, (*camera).into())? as i64)
    });
    observed.unwrap_or(-1)
}

/// Takes a view out of the scene. 0, or -1 if that fails.
///
/// # Safety
/// `scene` is null, or of `gqn_open` and not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gqn_forget(scene: *const GqnScene, view: i64) -> i32 {
    let forgotten = guarded(|| {
        // SAFETY: the caller's promise.
        let scene = unsafe { scene.as_ref() }.ok_or("the scene is null")?;
        let view = u64::try_from(view).map_err(|_| "there is no such view")?;
        scene.0.forget(view)
    });
    if forgotten.is_some() { 0 } else { -1 }
}

/// Renders what `count` cameras would see into `rgb`, one picture behind the other; `length` is count · 3 · side · side. A
/// `temperature` of 0 renders the mean picture, 1 a sample that follows from `seed`. 0, or -1 if that fails.
///
/// # Safety
/// `scene` is null, or of `gqn_open` and not closed; `cameras` points to `count` cameras, `rgb` to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gqn_query(
    scene: *const GqnScene,
    cameras: *const GqnCamera,
    count: usize,
    temperature: f32,
    seed: u64,
    rgb: *mut u8,
    length: usize,
) -> i32 {
    let rendered = guarded(|| {
        // SAFETY: the caller's promise.
        let scene = &unsafe { scene.as_ref() }.ok_or("the scene is null")?.0;
        if cameras.is_null() || count == 0 {
            return Err("there are no cameras".to_owned());
        }
        let expected = count.checked_mul(3 * scene.side() * scene.side());
        let expected = expected.ok_or("there are too many cameras")?;
        check_length(rgb.is_null(), length, expected)?;
        // SAFETY: the caller's promise; neither is null.
        let (cameras, rgb) = unsafe {
            (
                std::slice::from_raw_parts(cameras, count),
                std::slice::from_raw_parts_mut(rgb, length),
            )
        };
        let cameras: Vec<Camera> = cameras.iter().map(|camera| (*camera).into()).collect();
        scene.query(&cameras, &Noise::new(seed, temperature), rgb)
    });
    if rendered.is_some() { 0 } else { -1 }
}

/// Why the last call of this thread failed, in one line that hints may follow; empty if it did not. Valid until its next call.
#[unsafe(no_mangle)]
pub extern "C" fn gqn_last_error() -> *const c_char {
    LAST_ERROR.with_borrow(|error| error.as_ptr())
}

/// Frees what `gqn_open` gave; null is fine. No other call with it may be under way.
///
/// # Safety
/// `scene` is null, or of `gqn_open` and not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gqn_close(scene: *mut GqnScene) {
    if !scene.is_null() {
        // SAFETY: it was made by `Box::into_raw` and nobody uses it any more: the caller's promise.
        let owned = unsafe { Box::from_raw(scene) };
        guarded(|| {
            drop(owned);
            Ok(())
        });
    }
}

/// Runs a call. Failures, also panics, are kept for `gqn_last_error`: nothing unwinds into C.
fn guarded<T>(call: impl FnOnce() -> Result<T, String>) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(call));
    let result = result.unwrap_or_else(|_| Err("the library failed; please report it".to_owned()));
    let (value, error) = match result {
        Ok(value) => (Some(value), String::new()),
        Err(error) => (None, error),
    };
    let error = CString::new(error.replace('\0', " ")).unwrap_or_default();
    LAST_ERROR.set(error);
    value
}

/// # Safety
/// The text is null or ends with a zero byte.
unsafe fn text<'a>(text: *const c_char) -> Result<Option<&'a str>, String> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| "a text is no UTF-8".to_owned())
}

fn check_length(is_null: bool, found: usize, expected: usize) -> Result<(), String> {
    if is_null {
        return Err("the picture is null".to_owned());
    }
    if found == expected {
        Ok(())
    } else {
        Err(format!("there are {found} bytes, expected {expected}"))
    }
}

impl From<GqnCamera> for Camera {
    fn from(camera: GqnCamera) -> Self {
        let GqnCamera { position, yaw, pitch } = camera;
        Self { position, yaw, pitch }
    }
}

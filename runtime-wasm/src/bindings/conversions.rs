//! Cameras, seeds and errors on their way across the border.

use std::error::Error;
use std::fmt;

use gqn_scenes::Camera;
use wasm_bindgen::prelude::*;

/// How many numbers a camera is.
const CAMERA_LENGTH: usize = 5;

/// An error for JavaScript, made of the whole chain. The only place where one is made.
pub(super) fn to_js(error: &(dyn Error + 'static)) -> JsError {
    let report = gqn_messages::error_report(error);
    JsError::new(report.strip_prefix("error: ").unwrap_or(&report))
}

/// What was handed in does not fit.
#[derive(Debug)]
struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unfit {}

pub(super) fn unfit(message: String) -> JsError {
    to_js(&Unfit(message))
}

/// One camera from five numbers.
pub(super) fn camera(numbers: &[f32]) -> Result<Camera, JsError> {
    match *numbers {
        [x, y, z, yaw, pitch] => Ok(Camera { position: [x, y, z], yaw, pitch }),
        _ => Err(unfit(format!("found {} numbers for a camera, expected 5", numbers.len()))),
    }
}

/// Cameras from five numbers each.
pub(super) fn cameras(numbers: &[f32]) -> Result<Vec<Camera>, JsError> {
    if !numbers.len().is_multiple_of(CAMERA_LENGTH) {
        let found = numbers.len();
        return Err(unfit(format!("found {found} numbers for cameras, expected a multiple of 5")));
    }
    numbers.chunks_exact(CAMERA_LENGTH).map(camera).collect()
}

pub(super) fn numbers(cameras: &[Camera]) -> Vec<f32> {
    let numbers = |camera: &Camera| {
        let [x, y, z] = camera.position;
        [x, y, z, camera.yaw, camera.pitch]
    };
    cameras.iter().flat_map(numbers).collect()
}

/// A whole number that JavaScript can count to.
pub(super) fn whole(what: &str, number: f64) -> Result<u64, JsError> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    if (0.0..=LARGEST).contains(&number) && number.fract() == 0.0 {
        Ok(number as u64)
    } else {
        Err(unfit(format!("the {what} is {number}, expected a whole number from 0 up")))
    }
}

/// Called once, when the module is loaded.
#[wasm_bindgen(start)]
fn start() {
    speak_before_trapping();
    #[cfg(not(feature = "tract"))]
    gqn_portable::use_fused_multiply_add();
}

/// Makes a panic an `Error` with words, where it would be a trap without.
fn speak_before_trapping() {
    std::panic::set_hook(Box::new(|panic| {
        let message = format!("the engine failed: {panic}\nhint: this is a bug; reload the page");
        wasm_bindgen::throw_val(JsError::new(&message).into());
    }));
}

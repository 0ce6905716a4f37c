//! Comparing pictures, and lists of one's own.

use gqn_formats::Views;
use gqn_pictures::FrameMetrics;
use gqn_runtime::{difference, from_rgba8, heat_rgba8};
use gqn_scenes::Frame;
use wasm_bindgen::prelude::*;

use super::conversions::{numbers, to_js, unfit};

/// The mean difference of a pixel that the map of differences shows as white.
const FULL_DIFFERENCE: f32 = 0.5;
/// Structural similarity needs a window's width.
const LEAST_SIDE: usize = 11;

/// How near a painted picture is to the true one.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Comparison {
    metrics: FrameMetrics,
    difference: Vec<u8>,
}

#[wasm_bindgen]
impl Comparison {
    /// Mean squared error of values in \[0, 1\].
    #[wasm_bindgen(getter)]
    pub fn mse(&self) -> f64 {
        self.metrics.mse
    }

    /// Peak signal-to-noise ratio in decibels; infinite for equal pictures.
    #[wasm_bindgen(getter)]
    pub fn psnr(&self) -> f64 {
        self.metrics.psnr
    }

    /// Structural similarity, 1 for equal pictures.
    #[wasm_bindgen(getter)]
    pub fn ssim(&self) -> f64 {
        self.metrics.ssim
    }

    /// The differences as RGBA colours: black for none.
    #[wasm_bindgen(getter)]
    pub fn difference(&self) -> Vec<u8> {
        self.difference.clone()
    }
}

/// Compares two pictures, RGBA, `side` pixels wide and high.
///
/// # Errors
/// If a picture has another length, or is smaller than 11 pixels.
#[wasm_bindgen]
pub fn compare(a: &[u8], b: &[u8], side: usize) -> Result<Comparison, JsError> {
    if side < LEAST_SIDE {
        return Err(unfit(format!("a side of {side} pixels, expected at least {LEAST_SIDE}")));
    }
    let frame = |rgba: &[u8]| from_rgba8(side, rgba).map_err(|error| to_js(&error));
    let (a, b) = (frame(a)?, frame(b)?);
    let planar = |frame: &Frame| {
        let mut planar = vec![0.0; 3 * side * side];
        frame.write_planar(&mut planar);
        planar
    };
    let metrics = FrameMetrics::compare(side, &planar(&a), &planar(&b));
    let difference = heat_rgba8(&difference(&a, &b), FULL_DIFFERENCE);
    Ok(Comparison { metrics, difference })
}

/// The pictures and cameras of a `views.json`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ParsedViews {
    views: Views,
}

#[wasm_bindgen]
impl ParsedViews {
    /// File names, beside `views.json`; empty for a camera without a picture.
    #[wasm_bindgen(getter)]
    pub fn files(&self) -> Vec<String> {
        self.views.views.iter().map(|view| view.picture.clone().unwrap_or_default()).collect()
    }

    /// Field of view of the cameras in radians; undefined where the file does not state it.
    #[wasm_bindgen(getter, js_name = fieldOfView)]
    pub fn field_of_view(&self) -> Option<f64> {
        self.views.field_of_view
    }

    /// Five numbers for each view.
    #[wasm_bindgen(getter)]
    pub fn cameras(&self) -> Vec<f32> {
        let cameras: Vec<_> = self.views.views.iter().map(gqn_formats::View::camera).collect();
        numbers(&cameras)
    }
}

/// Reads a `views.json` (`docs/formats.md`) from the bytes of the file.
///
/// # Errors
/// If it is not one.
#[wasm_bindgen(js_name = parseViews)]
pub fn parse_views(json: &[u8]) -> Result<ParsedViews, JsError> {
    let views = Views::from_json(json).map_err(|error| to_js(&error))?;
    Ok(ParsedViews { views })
}

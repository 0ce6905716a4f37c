//! What a voxel scene holds, seen from above.

use wasm_bindgen::prelude::*;

use super::conversions::to_js;

/// The density of a scene, or of one view's part of it, summed over z.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Occupancy {
    map: gqn_runtime::Occupancy,
}

impl From<gqn_runtime::Occupancy> for Occupancy {
    fn from(map: gqn_runtime::Occupancy) -> Self {
        Self { map }
    }
}

#[wasm_bindgen]
impl Occupancy {
    /// Cells from west to east: the picture's width.
    #[wasm_bindgen(getter)]
    pub fn columns(&self) -> usize {
        self.map.columns
    }

    /// Cells from south to north: the picture's height.
    #[wasm_bindgen(getter)]
    pub fn rows(&self) -> usize {
        self.map.rows
    }

    /// Two cameras, five numbers each, at the north-west and the south-east corner of the box: `Scene.toMap` says where on
    /// the map the picture lies.
    #[wasm_bindgen(getter)]
    pub fn corners(&self) -> Vec<f32> {
        let ([west, south], [east, north]) = (self.map.low, self.map.high);
        [west, north, 0.0, 0.0, 0.0, east, south, 0.0, 0.0, 0.0].map(|value| value as f32).to_vec()
    }

    /// The densities, for another map's `add`.
    #[wasm_bindgen(getter)]
    pub fn density(&self) -> Vec<f32> {
        self.map.density.clone()
    }

    /// White, as opaque as the scene is dense, RGBA; north is up.
    #[wasm_bindgen(getter)]
    pub fn rgba(&self) -> Vec<u8> {
        self.map.rgba8()
    }

    /// The share of the box, seen from above, that is at least half opaque.
    #[wasm_bindgen(getter)]
    pub fn filled(&self) -> f64 {
        self.map.filled()
    }

    /// Adds the densities of another map of the same model.
    ///
    /// # Errors
    /// If it has another number of cells.
    pub fn add(&mut self, density: &[f32]) -> Result<(), JsError> {
        self.map.add(density).map_err(|error| to_js(&error))
    }
}

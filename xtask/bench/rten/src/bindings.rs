//! rten as JavaScript calls it.

use wasm_bindgen::prelude::*;

use crate::Peer;

/// A graph in a browser.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RtenGraph(Peer);

#[wasm_bindgen]
impl RtenGraph {
    /// Reads it.
    ///
    /// # Errors
    /// What rten says.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: Vec<u8>) -> Result<RtenGraph, String> {
        Peer::load(bytes, 1).map(RtenGraph)
    }

    /// Runs a graph of two inputs.
    ///
    /// # Errors
    /// What rten says.
    #[wasm_bindgen(js_name = runTwo)]
    pub fn run_two(
        &self,
        a_shape: &[usize],
        a: &[f32],
        b_shape: &[usize],
        b: &[f32],
    ) -> Result<Vec<f32>, String> {
        self.0.run(&[(a_shape, a), (b_shape, b)]).map(|(_, numbers)| numbers)
    }

    /// Runs a graph of three.
    ///
    /// # Errors
    /// What rten says.
    #[wasm_bindgen(js_name = runThree)]
    pub fn run_three(
        &self,
        a_shape: &[usize],
        a: &[f32],
        b_shape: &[usize],
        b: &[f32],
        c_shape: &[usize],
        c: &[f32],
    ) -> Result<Vec<f32>, String> {
        self.0.run(&[(a_shape, a), (b_shape, b), (c_shape, c)]).map(|(_, numbers)| numbers)
    }
}

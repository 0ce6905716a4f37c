//! A graph on rten.

use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

/// A graph that rten has read, with its weights in the order in which it multiplies them.
pub struct Peer {
    model: Model,
    options: RunOptions,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").finish_non_exhaustive()
    }
}

impl Peer {
    /// Reads a graph; `threads` are those of its runs, where there are any.
    ///
    /// # Errors
    /// What rten says: the operator that it does not know, say.
    pub fn load(graph: Vec<u8>, threads: usize) -> Result<Self, String> {
        let mut options = ModelOptions::with_all_ops();
        let model = options.prepack_weights(true).load(graph).map_err(|error| error.to_string())?;
        // A browser's tab has no threads to make a pool of.
        let pool = (!cfg!(target_arch = "wasm32"))
            .then(|| Arc::new(ThreadPool::with_num_threads(threads)));
        Ok(Self { model, options: RunOptions::default().with_thread_pool(pool) })
    }

    /// Runs it on its inputs in their order: the shape of its output, and the numbers.
    ///
    /// # Errors
    /// What rten says.
    pub fn run(&self, inputs: &[(&[usize], &[f32])]) -> Result<(Vec<usize>, Vec<f32>), String> {
        let inputs: Vec<(NodeId, ValueOrView<'_>)> = self
            .model
            .input_ids()
            .iter()
            .zip(inputs)
            .map(|(id, (shape, numbers))| {
                let tensor: Tensor<f32> = Tensor::from_data(shape, numbers.to_vec());
                (*id, Value::from(tensor).into())
            })
            .collect();
        let outputs = self.model.run(inputs, self.model.output_ids(), Some(self.options.clone()));
        let mut outputs = outputs.map_err(|error| error.to_string())?;
        match outputs.pop() {
            Some(Value::FloatTensor(output)) => Ok((output.shape().to_vec(), output.to_vec())),
            _ => Err("its output is no tensor of floats".to_owned()),
        }
    }
}

//! How many queries go into one run of the generator.

use std::num::NonZeroUsize;
use std::ops::Range;

use gqn_formats::Tensor;
use gqn_runtime::EngineError;
use ndarray::{Axis, Slice, concatenate};

use crate::provider::Provider;

/// Queries of one run, at most, and whether runs are filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchSizes {
    most: usize,
    padded: bool,
}

impl BatchSizes {
    /// The CPU computes any size as it is. Accelerators prepare kernels for every new shape (`TensorRT` builds engines, cuDNN
    /// searches, WebGPU compiles), so they only ever see powers of two and `most`.
    pub(crate) fn new(provider: Provider, most: Option<NonZeroUsize>) -> Self {
        let most = most.map_or(provider.default_batch(), NonZeroUsize::get);
        Self { most, padded: provider != Provider::Cpu }
    }

    /// The largest size of a run.
    pub(crate) fn most(self) -> usize {
        self.most
    }

    /// The runs for that many queries: which of them, and how many rows the graph gets.
    fn runs(self, queries: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
        (0..queries).step_by(self.most).map(move |start| {
            let range = start..queries.min(start + self.most);
            let rows = self.rows(range.len());
            (range, rows)
        })
    }

    /// poses `[queries,7]`, noise `[queries or 1,L,Z,h,h]` → frames `[queries,3,S,S]`, by as many calls of `run` as it takes.
    ///
    /// # Errors
    /// The first error of a run.
    pub(crate) fn generate(
        self,
        poses: &Tensor,
        noise: &Tensor,
        mut run: impl FnMut(&Tensor, &Tensor) -> Result<Tensor, EngineError>,
    ) -> Result<Tensor, EngineError> {
        let [queries, noises] = [poses, noise].map(|x| x.shape().first().copied().unwrap_or(0));
        // Other numbers of noises are ONNX Runtime's to refuse.
        if queries == 0 || noises != 1 && noises != queries {
            return run(poses, noise);
        }
        let mut parts = Vec::new();
        for (range, rows) in self.runs(queries) {
            let shared = noises == 1 && queries != 1;
            let poses = padded_rows(poses, range.clone(), rows);
            let part = if shared {
                run(&poses, noise)?
            } else {
                run(&poses, &padded_rows(noise, range.clone(), rows))?
            };
            parts.push(if rows == range.len() {
                part
            } else {
                part.slice_axis(Axis(0), Slice::from(..range.len())).to_owned()
            });
        }
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        Ok(concatenate(Axis(0), &views).expect("pictures are of one size"))
    }

    fn rows(self, queries: usize) -> usize {
        if self.padded { queries.next_power_of_two().min(self.most) } else { queries }
    }
}

/// Rows `range` of a tensor, the last one repeated until there are `rows`.
fn padded_rows(tensor: &Tensor, range: Range<usize>, rows: usize) -> Tensor {
    let part = tensor.slice_axis(Axis(0), Slice::from(range.clone()));
    if rows <= range.len() {
        return part.to_owned();
    }
    let last = tensor.slice_axis(Axis(0), Slice::from(range.end - 1..range.end));
    let mut parts = vec![part];
    parts.resize(1 + rows - range.len(), last);
    concatenate(Axis(0), &parts).expect("rows of one tensor")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(provider: Provider, most: usize, queries: usize) -> Vec<(Range<usize>, usize)> {
        BatchSizes::new(provider, NonZeroUsize::new(most)).runs(queries).collect()
    }

    #[test]
    fn accelerators_see_few_shapes() {
        assert_eq!(runs(Provider::Cuda, 8, 10), [(0..8, 8), (8..10, 2)]);
        assert_eq!(runs(Provider::Cuda, 8, 3), [(0..3, 4)]);
        assert_eq!(runs(Provider::Cuda, 6, 5), [(0..5, 6)]);
        assert_eq!(runs(Provider::Cpu, 4, 7), [(0..4, 4), (4..7, 3)]);
        assert_eq!(runs(Provider::Cpu, 4, 0), []);
    }

    #[test]
    fn the_last_row_fills_up() {
        let tensor = Tensor::from_shape_vec(vec![3, 1], vec![1.0, 2.0, 3.0]).expect("a tensor");
        let rows = padded_rows(&tensor, 1..3, 4);
        assert_eq!(rows.shape(), [4, 1]);
        assert_eq!(rows.iter().copied().collect::<Vec<_>>(), [2.0, 3.0, 3.0, 3.0]);
        assert_eq!(padded_rows(&tensor, 0..2, 2).len(), 2);
    }
}

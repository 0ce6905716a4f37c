//! What the cores read of query cameras and scenes.

use tch::Tensor;

/// What the cores read of query cameras and scenes: the same in every DRAW step.
#[derive(Debug)]
pub(crate) struct Conditioning {
    /// Poses `[B,7]`; in a voxel model ray maps `[B,6,h,h]`.
    pub(super) camera: Tensor,
    /// r, `[B,R,1,1]` or `[B,R,h,h]`; in a voxel model rendered features `[B,C,h,h]`.
    pub(super) scene: Tensor,
    /// What a voxel model adds to the mean of the observation, `[B,3,S,S]`.
    pub(super) colours: Option<Tensor>,
}

impl Conditioning {
    /// The paper's: poses and representations as they are.
    pub(super) fn direct(v: &Tensor, r: &Tensor) -> Self {
        Self { camera: v.shallow_clone(), scene: r.shallow_clone(), colours: None }
    }

    /// The mean of the observation with the colours added, if there are any.
    pub(super) fn finish(colours: Option<&Tensor>, observation: Tensor) -> Tensor {
        match colours {
            Some(colours) => observation + colours,
            None => observation,
        }
    }
}

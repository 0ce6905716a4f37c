//! The whole network, its parameters and checkpoints.

use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, ModelConfig, Provenance};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::compute::Compute;
use super::conditioning::Conditioning;
use super::generation_core::GenerationCore;
use super::heads::{GaussianHead, Observation};
use super::inference_core::InferenceCore;
use super::kernel::Deferred;
use super::renderer::Renderer;
use super::representation::Representation;
use super::rollout::{Latents, Rollout};
use crate::convert::{to_array, to_tensor, with_torch_seed};

/// A Generative Query Network (Eslami et al. 2018) with its training half.
#[derive(Debug)]
pub struct Gqn {
    config: ModelConfig,
    variables: VarStore,
    representation: Representation,
    renderer: Option<Renderer>,
    pub(super) inference_core: Vec<InferenceCore>,
    pub(super) generation_core: Vec<GenerationCore>,
    pub(super) prior: GaussianHead,
    pub(super) posterior: GaussianHead,
    pub(super) observation: Observation,
    pub(super) deferred: Deferred,
}

impl Gqn {
    /// A model with fresh weights, which follow from `seed`, a number below 2^63.
    pub fn new(config: &ModelConfig, device: Device, seed: u64) -> Self {
        with_torch_seed(seed, || Self::with_fresh_weights(config, device))
    }

    fn with_fresh_weights(config: &ModelConfig, device: Device) -> Self {
        let variables = VarStore::new(device);
        let root = variables.root();
        let core = |name: &str, shared: bool, index: usize| {
            if shared { &root / name } else { &root / name / index }
        };
        let [inference, generation] = [config.shares_inference_core(), config.shared_core];
        let [h, z, u] = [config.hidden_channels, config.latent_channels, config.canvas_channels]
            .map(|channels| channels as i64);
        Self {
            representation: Representation::new(&root / "representation", config),
            renderer: Renderer::new(&(&root / "renderer"), config),
            inference_core: (0..config.inference_cores())
                .map(|index| InferenceCore::new(core("inference_core", inference, index), config))
                .collect(),
            generation_core: (0..config.cores())
                .map(|index| {
                    GenerationCore::new(core("generation_core", generation, index), config)
                })
                .collect(),
            prior: GaussianHead::new(&root / "prior", h, z),
            posterior: GaussianHead::new(&root / "posterior", h, z),
            observation: Observation::new(&root / "observation", u),
            deferred: Deferred::default(),
            config: config.clone(),
            variables,
        }
    }

    /// The model of a checkpoint, which was checked against its config when it was read.
    pub fn from_checkpoint(checkpoint: &Checkpoint, device: Device) -> Self {
        let model = Self::new(&checkpoint.config, device, 0);
        model.load(&checkpoint.tensors);
        model
    }

    /// Its weights as a checkpoint.
    pub fn checkpoint(&self, step: u64, provenance: Provenance) -> Checkpoint {
        let tensors =
            self.parameters().into_iter().map(|(name, tensor)| (name, to_array(&tensor))).collect();
        Checkpoint { config: self.config.clone(), step, provenance, tensors }
    }

    /// The sizes.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Where the weights are.
    pub fn device(&self) -> Device {
        self.variables.device()
    }

    /// Element type of the weights: 32 bits, except in tests.
    pub(super) fn kind(&self) -> Kind {
        self.observation.parameters()[0].kind()
    }

    /// The same weights in 64 bits, so that finite differences tell gradients.
    #[cfg(test)]
    pub(super) fn double(&mut self) {
        self.variables.double();
    }

    /// Parameters by name; they share memory with the model.
    pub fn parameters(&self) -> BTreeMap<String, Tensor> {
        self.variables.variables().into_iter().collect()
    }

    /// Overwrites the weights; names and shapes must be those of the model.
    pub(crate) fn load(&self, tensors: &BTreeMap<String, gqn_formats::Tensor>) {
        tch::no_grad(|| {
            for (name, mut parameter) in self.parameters() {
                parameter.copy_(&to_tensor(&tensors[&name]));
            }
        });
    }

    /// `x [B,M,3,S,S], v [B,M,7] -> r [B,R,1,1]`, for the tower `[B,R,h,h]`, for voxels `[B,R+5+K,Z,Y,X]`, summed over views
    pub fn represent(&self, x: &Tensor, v: &Tensor) -> Tensor {
        self.represent_computed(x, v, Compute::default())
    }

    /// [`Gqn::represent`], computed in a way that can be chosen.
    pub fn represent_computed(&self, x: &Tensor, v: &Tensor, compute: Compute) -> Tensor {
        let [batch, views, channels, side, _] = x.size()[..] else {
            panic!("context pictures are [B,M,3,S,S], found {:?}", x.size());
        };
        let r = self.representation.forward(
            &x.reshape([batch * views, channels, side, side]),
            &v.reshape([batch * views, -1]),
            compute.layout(self),
        );
        let shape = [&[batch, views], &r.size()[1..]].concat();
        r.reshape(shape).sum_dim_intlist([1].as_slice(), false, None)
    }

    /// `v [B,7], r ->` what the cores read of them
    pub(super) fn conditioning(&self, v: &Tensor, r: &Tensor) -> Conditioning {
        match &self.renderer {
            Some(renderer) => renderer.render(r, v),
            None => Conditioning::direct(v, r),
        }
    }

    /// `v [B,7], r, noise [B,L,Z,h,h] -> pictures [B,3,S,S]` in \[0, 1\]
    pub fn generate(&self, v: &Tensor, r: &Tensor, noise: &Tensor) -> Tensor {
        Rollout::new(self, v, r, Latents::Prior { noise }).frames()
    }

    /// The backward pass of a number that this model was computed for. The number's own `backward` leaves out what
    /// `settle` adds.
    pub(crate) fn backward(&self, number: &Tensor) {
        number.backward();
        self.settle(0);
    }

    /// After a backward pass: adds those gradients of kernels that autograd does not compute, where `tiles` of
    /// Winograd's algorithm or more wait for it.
    pub(crate) fn settle(&self, tiles: i64) {
        self.deferred.settle(tiles);
    }

    /// Shape of the noise for a batch, `[B,L,Z,h,h]`.
    pub fn noise_shape(&self, batch: i64) -> [i64; 5] {
        let side = self.config.hidden_size() as i64;
        [batch, self.config.steps as i64, self.config.latent_channels as i64, side, side]
    }
}

#[cfg(test)]
mod tests {
    use gqn_formats::{ModelConfig, Preset, RepresentationKind, UpsampleR, parameters};

    use super::*;

    #[test]
    fn a_parameter_has_one_name() {
        let kinds =
            [RepresentationKind::Pyramid, RepresentationKind::Tower, RepresentationKind::Pool];
        for representation in kinds {
            for (shared_core, shared_inference_core, upsample_r) in [
                (true, None, UpsampleR::Learned),
                (false, None, UpsampleR::Tile),
                (true, Some(false), UpsampleR::Tile),
                (false, Some(true), UpsampleR::Learned),
            ] {
                let config = ModelConfig {
                    representation,
                    shared_core,
                    shared_inference_core,
                    upsample_r,
                    ..Preset::TinyTower.config()
                };
                let model = Gqn::new(&config, Device::Cpu, 0);
                let found: BTreeMap<_, _> = model
                    .parameters()
                    .into_iter()
                    .map(|(name, tensor)| {
                        (name, tensor.size().iter().map(|&size| size as usize).collect())
                    })
                    .collect();
                let expected: BTreeMap<String, Vec<usize>> =
                    parameters(&config).into_iter().map(|p| (p.name, p.shape)).collect();
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn weights_follow_from_the_seed() {
        let weights = |seed| {
            Gqn::new(&Preset::TinyTower.config(), Device::Cpu, seed)
                .checkpoint(0, Provenance::default())
        };
        assert_eq!(weights(3), weights(3));
        assert_ne!(weights(3), weights(4));
    }
}

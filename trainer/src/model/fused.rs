//! The fused variant of the step.

use tch::Tensor;

use super::compute::{Compute, Layout};
use super::conditioning::Conditioning;
use super::gaussian::DiagonalGaussian;
use super::generation_core::GenerationCore;
use super::gqn::Gqn;
use super::kernel::{Kernel, Part};
use super::layers::same;
use super::lstm::LstmState;
use super::reference::at;
use super::rollout::{State, Step};

/// A rollout that computes everything once, see [`StepVariant::Fused`](super::StepVariant::Fused).
///
/// A convolution is linear in its input channels, so the part of the gates that reads camera, scene and query picture
/// is convolved before the first step. What else a core's gates read is one convolution, the prior part of the
/// generation core's. The canvas is Σ `upsample_h(h_l)` and is read by linear layers only: the stride-4 convolution
/// behind the stride-4 transposed one of the same kernel size is a 1×1 convolution, and so is, with 16 output channels
/// for each colour, the observation.
///
/// Lists have one entry where steps share a core, otherwise one a step; those of the inference core are empty when
/// generating.
#[derive(Debug)]
pub(crate) struct Fused<'a> {
    steps: usize,
    /// U
    canvas_features: i64,
    layout: Layout<'a>,
    /// `[4H+2Z,H,5,5]`: from the generation core's hidden state to its gates and to the prior.
    hidden: Vec<Kernel<'a>>,
    /// `[4H,Z,5,5]`, from the latent to the generation core's gates.
    latent: Vec<Kernel<'a>>,
    /// `[B,4H,h,h]`: what the generation core's gates make of camera and scene.
    fixed: Vec<Tensor>,
    /// `[48,H,1,1]`, from the generation core's hidden state to the picture.
    picture: Vec<Tensor>,
    /// `[4H,2H+U,5,5]`, from both hidden states and what the inference core sees of the canvas to its gates.
    inference: Vec<Kernel<'a>>,
    /// `[B,4H,h,h]`: what the inference core's gates make of query picture, camera and scene.
    inference_fixed: Vec<Tensor>,
    /// `[n·U,H,1,1]`: from the generation core's hidden state to what the n coming inference cores see of the canvas;
    /// one n where the steps share one.
    paint: Vec<Kernel<'a>>,
    /// `[2Z,H,5,5]`
    posterior: Kernel<'a>,
    /// Of prior, posterior and observation.
    biases: [Tensor; 3],
    /// What is added to the mean of the observation, `[B,3,S,S]`.
    colours: Option<Tensor>,
}

impl<'a> Fused<'a> {
    /// `x [B,3,S,S] ->` everything that does not depend on a step's latents
    pub(super) fn new(
        model: &'a Gqn,
        conditioning: Conditioning,
        x: Option<&Tensor>,
        compute: Compute,
    ) -> Self {
        let config = model.config();
        let layout = compute.layout(model);
        let Conditioning { camera, scene: r, colours } = conditioning;
        let (v, r) = (&camera, &r);
        let [h, z, u, scene] = [
            config.hidden_channels,
            config.latent_channels,
            config.canvas_channels,
            config.camera_channels() + config.scene_channels(),
        ]
        .map(|channels| channels as i64);
        let fixed_term = |inputs: &[Tensor], kernel: Part, bias: &Tensor| {
            let term = layout.convolve(&Tensor::cat(inputs, 1), &layout.wide(vec![kernel]));
            layout.state(&term) + bias.view([1, -1, 1, 1])
        };
        let (mut inference, mut inference_fixed) = (Vec::new(), Vec::new());
        for (core, x) in model.inference_core.iter().zip(x.into_iter().cycle()) {
            let [changing, once] = core.gates.kernels([h + h + u, 3 + scene]);
            let [v, r] = core.scene.once(v, r);
            let inputs = [core.downsample_x.forward(x), v, r];
            inference_fixed.push(fixed_term(&inputs, once, core.gates.bias()));
            inference.push(layout.wide(vec![changing]));
        }
        let (mut hidden, mut latent, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
        let [prior, prior_bias] = model.prior.parameters();
        for core in &model.generation_core {
            let [own, z, once] = core.gates.kernels([h, z, scene]);
            fixed.push(fixed_term(&core.scene.once(v, r), once, core.gates.bias()));
            hidden.push(layout.wide(vec![own, Part::whole(prior)]));
            latent.push(layout.narrow(&z.kernel()));
        }
        let [posterior, posterior_bias] = model.posterior.parameters();
        let [_, observation_bias] = model.observation.parameters();
        Self {
            steps: config.steps,
            canvas_features: u,
            layout,
            hidden,
            latent,
            fixed,
            picture: picture_kernels(model),
            inference,
            inference_fixed,
            paint: if x.is_some() { paint_kernels(model, layout) } else { Vec::new() },
            posterior: layout.narrow(posterior),
            biases: [prior_bias, posterior_bias, observation_bias]
                .map(|bias| bias.view([1, -1, 1, 1])),
            colours,
        }
    }

    pub(super) fn step(&self, l: usize, state: &State, noise: &Tensor) -> (State, Step) {
        let [prior_bias, posterior_bias, _] = &self.biases;
        let fixed = at(&self.fixed, l);
        let (batch, gates, side, _) = fixed.size4().expect("gates are [B,4H,h,h]");
        let (prior, gates) = match &state.generation {
            Some(old) => {
                let both = self.layout.convolve(&old.hidden, at(&self.hidden, l));
                let parts = both.split_with_sizes([gates, prior_bias.size()[1]], 1);
                (self.layout.state(&parts[1]) + prior_bias, fixed + &parts[0])
            }
            // Zeros: what is left are the biases and what is fixed.
            None => (prior_bias.expand([batch, -1, side, side], false), fixed.shallow_clone()),
        };
        let prior = DiagonalGaussian::from_channels(&prior);
        let inference = (!self.inference.is_empty()).then(|| self.inference_step(l, state));
        let posterior = inference.as_ref().map(|inference| {
            let both = self.layout.convolve(&inference.hidden, &self.posterior);
            DiagonalGaussian::from_channels(&(self.layout.state(&both) + posterior_bias))
        });
        let z = posterior.as_ref().unwrap_or(&prior).sample(noise);
        let gates = gates + self.layout.convolve(&z, at(&self.latent, l));
        let generation = LstmState::next(state.generation.as_ref(), &gates);
        let canvas = (inference.is_some() && l + 1 < self.steps)
            .then(|| self.canvas_update(l, state, &generation.hidden));
        let painted = same(&generation.hidden, at(&self.picture, l), None);
        let picture = match &state.picture {
            Some(picture) => picture + painted,
            None => painted,
        };
        let generation = Some(generation);
        (State { inference, generation, canvas, picture: Some(picture) }, Step { prior, posterior })
    }

    pub(super) fn finish(&self, state: &State) -> Tensor {
        let picture = state.picture.as_ref().expect("there is a step at least");
        let observation = picture.pixel_shuffle(4) + &self.biases[2];
        Conditioning::finish(self.colours.as_ref(), observation)
    }

    pub(super) fn map(&self, change: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        let mut kernels =
            |list: &[Kernel<'a>]| list.iter().map(|kernel| kernel.map(change)).collect();
        let [hidden, latent, inference, paint] =
            [&self.hidden, &self.latent, &self.inference, &self.paint].map(|list| kernels(list));
        let posterior = self.posterior.map(change);
        let mut tensors = |list: &[Tensor]| list.iter().map(&mut *change).collect();
        let [fixed, picture, inference_fixed] =
            [&self.fixed, &self.picture, &self.inference_fixed].map(|list| tensors(list));
        let biases = self.biases.each_ref().map(&mut *change);
        let colours = self.colours.as_ref().map(change);
        Self {
            steps: self.steps,
            canvas_features: self.canvas_features,
            layout: self.layout,
            hidden,
            latent,
            fixed,
            picture,
            inference,
            inference_fixed,
            paint,
            posterior,
            biases,
            colours,
        }
    }

    /// A step of the inference core.
    fn inference_step(&self, l: usize, state: &State) -> LstmState {
        let fixed = at(&self.inference_fixed, l);
        let (Some(own), Some(generation), Some(canvas)) =
            (&state.inference, &state.generation, &state.canvas)
        else {
            return LstmState::next(None, fixed);
        };
        let inputs =
            [&own.hidden, &generation.hidden, &first_channels(canvas, self.canvas_features)];
        let gates = self.layout.convolve(&Tensor::cat(&inputs, 1), at(&self.inference, l));
        LstmState::next(Some(own), &(fixed + gates))
    }

    /// What the coming inference cores see of the canvas once `hidden` was painted.
    fn canvas_update(&self, l: usize, state: &State, hidden: &Tensor) -> Tensor {
        let painted = self.layout.state(&self.layout.convolve(hidden, at(&self.paint, l)));
        match &state.canvas {
            // Where the cores differ, the first U channels were for the core of this step.
            Some(old) => {
                let (all, left) = (old.size()[1], painted.size()[1]);
                painted
                    + if all == left {
                        old.shallow_clone()
                    } else {
                        old.narrow(1, all - left, left)
                    }
            }
            None => painted,
        }
    }
}

fn first_channels(x: &Tensor, channels: i64) -> Tensor {
    if x.size()[1] == channels { x.shallow_clone() } else { x.narrow(1, 0, channels) }
}

/// For every generation core, its transposed convolution and the observation composed: `[48,H,1,1]`.
fn picture_kernels(model: &Gqn) -> Vec<Tensor> {
    let [observation, _] = model.observation.parameters();
    let (colours, u, ..) = observation.size4().expect("a kernel is [3,U,1,1]");
    let compose = |core: &GenerationCore| {
        let up = core.upsample_h.kernel();
        let (h, _, rows, columns) = up.size4().expect("a kernel is [H,U,4,4]");
        let kernel =
            observation.view([colours, u]).matmul(&up.permute([1, 2, 3, 0]).reshape([u, -1]));
        kernel.view([colours * rows * columns, h, 1, 1])
    };
    model.generation_core.iter().map(compose).collect()
}

/// For every step but the last, the generation core's transposed convolution and the coming inference cores'
/// convolutions composed: `[n·U,H,1,1]`.
fn paint_kernels<'a>(model: &Gqn, layout: Layout<'a>) -> Vec<Kernel<'a>> {
    let flat = |kernel: &Tensor| kernel.flatten(1, -1);
    let downs: Vec<Tensor> =
        model.inference_core.iter().map(|core| flat(core.downsample_u.kernel())).collect();
    let compose = |downs: &[Tensor], core: &GenerationCore| {
        let kernel = Tensor::cat(downs, 0).matmul(&flat(core.upsample_h.kernel()).transpose(0, 1));
        layout.narrow(&kernel.unsqueeze(-1).unsqueeze(-1))
    };
    if downs.len() == 1 {
        return model.generation_core.iter().map(|core| compose(&downs, core)).collect();
    }
    (1..downs.len()).map(|l| compose(&downs[l..], at(&model.generation_core, l - 1))).collect()
}

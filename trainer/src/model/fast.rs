use tch::{Kind, Tensor};

use super::compute::{Layout, Precision};
use super::gaussian::DiagonalGaussian;
use super::generation_core::GenerationCore;
use super::gqn::Gqn;
use super::layers::same;
use super::lstm::LstmState;
use super::plain::at;
use super::rollout::{State, Step};

/// A rollout that computes everything once, see [`Form::Fast`](super::Form::Fast).
///
/// A convolution is linear in its input channels, so the part of the gates that reads camera, scene and query picture
/// is convolved before the first step. What reads the generation core's hidden state (both cores' gates and the
/// prior) is one convolution. The canvas is Σ `upsample_h(h_l)` and is read by linear layers only: the stride-4
/// convolution behind the stride-4 transposed one of the same kernel size is a 1×1 convolution, and so is, with 16
/// output channels for each colour, the observation.
///
/// Lists have one entry where steps share a core, otherwise one a step; those of the inference core are empty when
/// generating.
#[derive(Debug)]
pub(crate) struct Fast {
    steps: usize,
    layout: Layout,
    /// `[4H+2Z,H,5,5]`, with inference `[4H+2Z+4H,H,5,5]`: from the generation core's hidden state to its gates, to
    /// the prior and to the inference core's gates.
    hidden: Vec<Tensor>,
    /// `[4H,Z,5,5]`, from the latent to the generation core's gates.
    latent: Vec<Tensor>,
    /// `[B,4H,h,h]`: what the generation core's gates make of camera and scene.
    fixed: Vec<Tensor>,
    /// `[48,H,1,1]`, from the generation core's hidden state to the picture.
    picture: Vec<Tensor>,
    /// `[4H,H,5,5]`, from the inference core's hidden state to its gates.
    own: Vec<Tensor>,
    /// `[4H,U,5,5]`, from what it sees of the canvas to its gates.
    canvas: Vec<Tensor>,
    /// `[B,4H,h,h]`: what the inference core's gates make of query picture, camera and scene.
    inference_fixed: Vec<Tensor>,
    /// `[n·U,H,1,1]`: from the generation core's hidden state to what the n coming inference cores see of the canvas;
    /// one n where the steps share one.
    paint: Vec<Tensor>,
    /// `[2Z,H,5,5]`
    posterior: Tensor,
    /// Of prior, posterior and observation.
    biases: [Tensor; 3],
}

impl Fast {
    /// `v [B,7], r [B,R,1,1] or [B,R,h,h], x [B,3,S,S] ->` everything that does not depend on a step's latents
    pub(super) fn new(
        model: &Gqn,
        v: &Tensor,
        r: &Tensor,
        x: Option<&Tensor>,
        precision: Precision,
    ) -> Self {
        let config = model.config();
        let layout = precision.layout(v.device());
        let [h, z, u, scene] = [
            config.hidden_channels,
            config.latent_channels,
            config.canvas_channels,
            config.pose_channels() + config.representation_channels,
        ]
        .map(|channels| channels as i64);
        let fixed_term = |inputs: &[Tensor], kernel: &Tensor, bias: &Tensor| {
            let term = same(&layout.of(&Tensor::cat(inputs, 1)), &layout.of(kernel), None);
            term.to_kind(Kind::Float) + bias.view([1, -1, 1, 1])
        };
        let (mut own, mut canvas, mut inference_fixed) = (Vec::new(), Vec::new(), Vec::new());
        let mut inference_hidden = Vec::new();
        for (core, x) in model.inference_core.iter().zip(x.into_iter().cycle()) {
            let kernels = core.gates.kernels(&[h, h, u, 3 + scene]);
            let [v, r] = core.scene.forward(v, r);
            let inputs = [core.downsample_x.forward(x), v, r];
            inference_fixed.push(fixed_term(&inputs, &kernels[3], core.gates.bias()));
            own.push(layout.of(&kernels[0]));
            inference_hidden.push(kernels[1].shallow_clone());
            canvas.push(layout.of(&kernels[2]));
        }
        let (mut latent, mut fixed) = (Vec::new(), Vec::new());
        let mut generation_hidden = Vec::new();
        for core in &model.generation_core {
            let kernels = core.gates.kernels(&[h, z, scene]);
            fixed.push(fixed_term(&core.scene.forward(v, r), &kernels[2], core.gates.bias()));
            generation_hidden.push(kernels[0].shallow_clone());
            latent.push(layout.of(&kernels[1]));
        }
        let [prior, prior_bias] = model.prior.parameters();
        let hidden = (0..generation_hidden.len().max(inference_hidden.len())).map(|core| {
            let mut kernels = vec![at(&generation_hidden, core), prior];
            if x.is_some() {
                kernels.push(at(&inference_hidden, core));
            }
            layout.of(&Tensor::cat(&kernels, 0))
        });
        let [posterior, posterior_bias] = model.posterior.parameters();
        let [_, observation_bias] = model.observation.parameters();
        Self {
            steps: config.steps,
            layout,
            hidden: hidden.collect(),
            latent,
            fixed,
            picture: picture_kernels(model),
            own,
            canvas,
            inference_fixed,
            paint: if x.is_some() { paint_kernels(model, layout) } else { Vec::new() },
            posterior: layout.of(posterior),
            biases: [prior_bias, posterior_bias, observation_bias]
                .map(|bias| bias.view([1, -1, 1, 1])),
        }
    }

    pub(super) fn step(&self, l: usize, state: &State, noise: &Tensor) -> (State, Step) {
        let [prior_bias, posterior_bias, _] = &self.biases;
        let fixed = at(&self.fixed, l);
        let (batch, gates, side, _) = fixed.size4().expect("gates are [B,4H,h,h]");
        let (prior, gates, seen) = match &state.generation {
            Some(old) => {
                let kernel = at(&self.hidden, l);
                let z2 = prior_bias.size()[1];
                let sizes = [gates, z2, kernel.size()[0] - gates - z2];
                let all = self.convolve(&old.hidden, kernel).split_with_sizes(sizes, 1);
                let prior = all[1].to_kind(Kind::Float) + prior_bias;
                (prior, fixed + &all[0], Some(all[2].shallow_clone()))
            }
            // Zeros: what is left are the biases and what is fixed.
            None => {
                (prior_bias.expand([batch, -1, side, side], false), fixed.shallow_clone(), None)
            }
        };
        let prior = DiagonalGaussian::from_channels(&prior);
        let inference = (!self.own.is_empty()).then(|| self.look(l, state, seen.as_ref()));
        let posterior = inference.as_ref().map(|inference| {
            let both = self.convolve(&inference.hidden, &self.posterior).to_kind(Kind::Float);
            DiagonalGaussian::from_channels(&(both + posterior_bias))
        });
        let z = posterior.as_ref().unwrap_or(&prior).sample(noise);
        let gates = gates + self.convolve(&z, at(&self.latent, l));
        let generation = LstmState::next(state.generation.as_ref(), &gates);
        let canvas = (inference.is_some() && l + 1 < self.steps)
            .then(|| self.painted(l, state, &generation.hidden));
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
        picture.pixel_shuffle(4) + &self.biases[2]
    }

    pub(super) fn map(&self, change: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        let mut list = |list: &[Tensor]| list.iter().map(&mut *change).collect::<Vec<_>>();
        Self {
            steps: self.steps,
            layout: self.layout,
            hidden: list(&self.hidden),
            latent: list(&self.latent),
            fixed: list(&self.fixed),
            picture: list(&self.picture),
            own: list(&self.own),
            canvas: list(&self.canvas),
            inference_fixed: list(&self.inference_fixed),
            paint: list(&self.paint),
            posterior: change(&self.posterior),
            biases: self.biases.each_ref().map(change),
        }
    }

    /// A step of the inference core; `seen [B,4H,h,h]` is what its gates make of the generation core's hidden state.
    fn look(&self, l: usize, state: &State, seen: Option<&Tensor>) -> LstmState {
        let mut gates = at(&self.inference_fixed, l).shallow_clone();
        if let Some(seen) = seen {
            gates = gates + seen;
        }
        if let Some(old) = &state.inference {
            gates = gates + self.convolve(&old.hidden, at(&self.own, l));
        }
        if let Some(canvas) = &state.canvas {
            let kernel = at(&self.canvas, l);
            let first = first_channels(canvas, kernel.size()[1]);
            gates = gates + self.convolve(&first, kernel);
        }
        LstmState::next(state.inference.as_ref(), &gates)
    }

    /// What the coming inference cores see of the canvas once `hidden` was painted.
    fn painted(&self, l: usize, state: &State, hidden: &Tensor) -> Tensor {
        let painted = self.convolve(hidden, at(&self.paint, l)).to_kind(Kind::Float);
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

    fn convolve(&self, x: &Tensor, kernel: &Tensor) -> Tensor {
        same(&self.layout.of(x), kernel, None)
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
fn paint_kernels(model: &Gqn, layout: Layout) -> Vec<Tensor> {
    let flat = |kernel: &Tensor| kernel.flatten(1, -1);
    let downs: Vec<Tensor> =
        model.inference_core.iter().map(|core| flat(core.downsample_u.kernel())).collect();
    let compose = |downs: &[Tensor], core: &GenerationCore| {
        let kernel = Tensor::cat(downs, 0).matmul(&flat(core.upsample_h.kernel()).transpose(0, 1));
        layout.of(&kernel.unsqueeze(-1).unsqueeze(-1))
    };
    if downs.len() == 1 {
        return model.generation_core.iter().map(|core| compose(&downs, core)).collect();
    }
    (1..downs.len()).map(|l| compose(&downs[l..], at(&model.generation_core, l - 1))).collect()
}

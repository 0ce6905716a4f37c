//! The one list of parameters, with names and shapes, derived from the config.

use crate::config::{ModelConfig, RepresentationKind};

/// Name and shape of one parameter. The name is the path of struct fields in the trainer, the checkpoint's key
/// and the ONNX initializer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Such as `generation_core.gates.weight`, or `generation_core.3.gates.weight` when cores are not shared.
    pub name: String,
    /// Convolutions `[out, in, k, k]`, transposed convolutions `[in, out, k, k]`, biases `[out]`.
    pub shape: Vec<usize>,
    /// What the numbers are.
    pub kind: ParameterKind,
}

/// What a parameter's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Weight of a convolution, `[out, in, k, k]`.
    Conv,
    /// Weight of a transposed convolution, `[in, out, k, k]`; its stride is k.
    ConvTranspose,
    /// Bias of a convolution, `[out]`.
    Bias,
    /// Numbers for every cell of a voxel grid, `[R, Z, Y, X]`.
    Grid,
}

impl Parameter {
    /// Whether only training reads it: the inference cores and the posterior head never leave the checkpoint.
    pub fn training_only(&self) -> bool {
        self.name.starts_with("inference_core.") || self.name.starts_with("posterior.")
    }

    /// Number of scalars.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Every parameter of a model, in the order of the forward pass.
///
/// Gates come in the order forget, input, output, state along the output channels. Their input channels are those
/// of [`ModelConfig::generation_channels`] and [`ModelConfig::inference_channels`]: what changes from step to step
/// first, what stays the same over a rollout last, so that either part is one slice of the weight.
pub fn parameters(config: &ModelConfig) -> Vec<Parameter> {
    let mut list = List::default();
    representation(config, &mut list);
    renderer(config, &mut list);
    for core in core_paths("inference_core", config.shares_inference_core(), config.steps) {
        inference_core(config, &core, &mut list);
    }
    for core in core_paths("generation_core", config.shared_core, config.steps) {
        generation_core(config, &core, &mut list);
    }
    let (hidden, latent) = (config.hidden_channels, config.latent_channels);
    list.conv("prior", hidden, 2 * latent, 5);
    list.conv("posterior", hidden, 2 * latent, 5);
    list.conv("observation", config.canvas_channels, 3, 1);
    list.0
}

fn core_paths(core: &str, shared: bool, steps: usize) -> Vec<String> {
    if shared {
        vec![core.to_owned()]
    } else {
        (0..steps).map(|step| format!("{core}.{step}")).collect()
    }
}

fn representation(config: &ModelConfig, list: &mut List) {
    let (r, v) = (config.representation_channels, config.pose_channels());
    let layers: Vec<(usize, usize, usize)> = match config.representation {
        RepresentationKind::Pyramid => {
            vec![
                (3 + v, r / 8, 2),
                (r / 8, r / 4, 2),
                (r / 4, r / 2, 2),
                (r / 2, r, config.image_size / 8),
            ]
        }
        RepresentationKind::Tower | RepresentationKind::Pool => vec![
            (3, r, 2),
            (r, r, 2),
            (r, r / 2, 3),
            (r / 2, r, 2),
            (r + v, r, 3),
            (r + v, r / 2, 3),
            (r / 2, r, 3),
            (r, r, 1),
        ],
        RepresentationKind::Voxel => {
            let camera = config.camera_channels();
            let depths = config.voxel.as_ref().map_or(0, |voxel| voxel.depth_samples);
            vec![
                (3, r, 2),
                (r, r, 2),
                (r, r / 2, 3),
                (r / 2, r, 2),
                (r + camera, r, 3),
                (r + camera, r / 2, 3),
                (r / 2, r, 3),
                (r, r + depths, 1),
            ]
        }
    };
    for (index, (input, output, kernel)) in layers.into_iter().enumerate() {
        list.conv(&format!("representation.conv{}", index + 1), input, output, kernel);
    }
    let evidence = config.evidence_channels();
    if evidence > 0 {
        list.conv("representation.evidence1", 3, 2 * evidence, 2);
        list.conv("representation.evidence2", 2 * evidence, evidence, 1);
    }
}

/// From a voxel scene to what the cores read of it, see `docs/voxel.md`.
fn renderer(config: &ModelConfig, list: &mut List) {
    let Some(voxel) = &config.voxel else { return };
    let (r, scene) = (config.representation_channels, config.scene_shape());
    let (rays, upscale) = (voxel.rays, 4 / voxel.rays);
    list.conv("renderer.cells1", scene[1], 2 * r, 1);
    list.conv("renderer.cells2", 2 * r, r, 1);
    list.push("renderer", "cell_bias", vec![r, scene[2], scene[3], scene[4]], ParameterKind::Grid);
    list.conv("renderer.opacity", r, 1, 1);
    list.conv("renderer.mix", r * rays * rays, voxel.rendered_channels, 1);
    list.conv("renderer.rgb", r, 3 * upscale * upscale, 3);
}

fn inference_core(config: &ModelConfig, core: &str, list: &mut List) {
    let canvas = config.canvas_channels;
    list.sampler(&format!("{core}.downsample_x"), ParameterKind::Conv, [3, 3], 4);
    list.sampler(&format!("{core}.downsample_u"), ParameterKind::Conv, [canvas, canvas], 4);
    scene_samplers(config, core, list);
    list.conv(&format!("{core}.gates"), config.inference_channels(), 4 * config.hidden_channels, 5);
}

fn generation_core(config: &ModelConfig, core: &str, list: &mut List) {
    scene_samplers(config, core, list);
    let (hidden, canvas) = (config.hidden_channels, config.canvas_channels);
    list.conv(&format!("{core}.gates"), config.generation_channels(), 4 * hidden, 5);
    list.sampler(&format!("{core}.upsample_h"), ParameterKind::ConvTranspose, [hidden, canvas], 4);
}

fn scene_samplers(config: &ModelConfig, core: &str, list: &mut List) {
    let (v, r, size) =
        (config.pose_channels(), config.representation_channels, config.hidden_size());
    if config.learns_upsample_v() {
        list.sampler(&format!("{core}.upsample_v"), ParameterKind::ConvTranspose, [v, v], size);
    }
    if config.learns_upsample_r() {
        list.sampler(&format!("{core}.upsample_r"), ParameterKind::ConvTranspose, [r, r], size);
    }
}

#[derive(Default)]
struct List(Vec<Parameter>);

impl List {
    fn conv(&mut self, path: &str, input: usize, output: usize, kernel: usize) {
        self.push(path, "weight", vec![output, input, kernel, kernel], ParameterKind::Conv);
        self.push(path, "bias", vec![output], ParameterKind::Bias);
    }

    fn sampler(
        &mut self,
        path: &str,
        kind: ParameterKind,
        [first, second]: [usize; 2],
        kernel: usize,
    ) {
        self.push(path, "weight", vec![first, second, kernel, kernel], kind);
    }

    fn push(&mut self, path: &str, field: &str, shape: Vec<usize>, kind: ParameterKind) {
        self.0.push(Parameter { name: format!("{path}.{field}"), shape, kind });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Preset;

    #[test]
    fn learned_upsampling_of_r_is_16_8_million_per_core() {
        // 256·256·16·16 = 16 777 216: about 70 % of the unshared model.
        let list = parameters(&Preset::Paper.config());
        let upsample: Vec<_> =
            list.iter().filter(|p| p.name.ends_with("upsample_r.weight")).collect();
        assert_eq!(upsample.len(), 24);
        assert!(upsample.iter().all(|p| p.elements() == 16_777_216));
        let total: usize = list.iter().map(Parameter::elements).sum();
        let share = (24 * 16_777_216_usize) as f64 / total as f64;
        assert!((0.65..0.80).contains(&share), "share {share}");
    }

    #[test]
    fn names_are_unique_and_cores_numbered_only_when_unshared() {
        for preset in Preset::ALL {
            for (shared_core, shared_inference_core) in
                [(true, None), (false, None), (true, Some(false)), (false, Some(true))]
            {
                let config = ModelConfig { shared_core, shared_inference_core, ..preset.config() };
                let list = parameters(&config);
                let names: BTreeSet<_> = list.iter().map(|p| p.name.as_str()).collect();
                assert_eq!(names.len(), list.len());
                assert_eq!(names.contains("generation_core.gates.weight"), shared_core);
                assert_eq!(names.contains("generation_core.0.gates.weight"), !shared_core);
                let shared = shared_inference_core.unwrap_or(shared_core);
                assert_eq!(names.contains("inference_core.gates.weight"), shared);
                assert_eq!(names.contains("inference_core.0.gates.weight"), !shared);
            }
        }
    }
}

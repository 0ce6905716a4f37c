//! Random checkpoints and helpers of these tests.

use std::collections::BTreeMap;

use gqn_formats::{
    Checkpoint, ModelConfig, Preset, Provenance, RepresentationKind, Tensor, TensorFile, UpsampleR,
    names, parameters, sha256_hex,
};
use onnx_protobuf::{Message, ModelProto};

/// Sizes that are all different, so that no two axes can be mistaken for one another.
pub(crate) fn small(
    representation: RepresentationKind,
    shared_core: bool,
    upsample_r: UpsampleR,
) -> ModelConfig {
    ModelConfig {
        image_size: 16,
        representation,
        representation_channels: 16,
        latent_channels: 2,
        hidden_channels: 6,
        canvas_channels: 5,
        steps: 3,
        shared_core,
        upsample_r,
        ..Preset::TinyTower.config()
    }
}

/// Every representation, shared and unshared, learned and tiled.
pub(crate) fn every_kind() -> Vec<ModelConfig> {
    let mut configs = Vec::new();
    for representation in
        [RepresentationKind::Pyramid, RepresentationKind::Tower, RepresentationKind::Pool]
    {
        for shared_core in [true, false] {
            for upsample_r in [UpsampleR::Learned, UpsampleR::Tile] {
                configs.push(small(representation, shared_core, upsample_r));
            }
        }
    }
    configs
}

/// Weights that differ everywhere and keep activations of order one.
pub(crate) fn checkpoint(config: &ModelConfig) -> Checkpoint {
    let mut state = 1_u64;
    let mut number = || {
        // Knuth's linear congruential generator; its upper bits are good enough for weights.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let tensors = parameters(config)
        .into_iter()
        .map(|parameter| {
            let fan = parameter.elements() / parameter.shape[0];
            let scale = 1.0 / (fan as f32).sqrt();
            (parameter.name, Tensor::from_shape_simple_fn(parameter.shape, || scale * number()))
        })
        .collect();
    let provenance = Provenance {
        data: "rooms-ring-camera, 2000 scenes".into(),
        seconds: 187.0,
        metrics: BTreeMap::from([("psnr_generated".to_owned(), 17.25)]),
        ..Provenance::default()
    };
    Checkpoint { config: config.clone(), step: 1234, provenance, tensors }
}

/// A checkpoint's file and the SHA-256 of it.
pub(crate) fn checkpoint_file(checkpoint: &Checkpoint) -> (Vec<u8>, String) {
    let bytes = checkpoint.clone().into_tensor_file().to_bytes("checkpoint").expect("bytes");
    let sha256 = sha256_hex(&bytes);
    (bytes, sha256)
}

/// A sample of the right shapes; what the pictures show does not matter to the exporter.
pub(crate) fn sample(config: &ModelConfig, checkpoint_sha256: &str) -> TensorFile {
    let (views, queries) = (2, 3);
    let (side, size) = (config.image_size, config.hidden_size());
    let shapes = [
        (names::SAMPLE_CONTEXT_FRAMES, vec![views, 3, side, side]),
        (names::SAMPLE_CONTEXT_POSES, vec![views, 7]),
        (names::SAMPLE_QUERY_POSES, vec![queries, 7]),
        (names::SAMPLE_NOISE, vec![queries, config.steps, config.latent_channels, size, size]),
        (names::SAMPLE_FRAMES, vec![queries, 3, side, side]),
        (names::SAMPLE_MEAN_FRAMES, vec![queries, 3, side, side]),
        (names::SAMPLE_TRUE_FRAMES, vec![queries, 3, side, side]),
    ];
    TensorFile {
        metadata: BTreeMap::from([(
            names::SAMPLE_CHECKPOINT.to_owned(),
            checkpoint_sha256.to_owned(),
        )]),
        tensors: shapes
            .into_iter()
            .map(|(name, shape)| (name.to_owned(), Tensor::zeros(shape)))
            .collect(),
    }
}

/// Only for bytes that these tests made themselves.
pub(crate) fn parse(model: &[u8]) -> ModelProto {
    ModelProto::parse_from_bytes(model).expect("an ONNX model")
}

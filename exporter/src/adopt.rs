//! Graphs from elsewhere as a package: ports renamed, views summed, checked on ONNX Runtime.

use std::collections::BTreeMap;

use gqn_formats::{
    FileEntry, GraphPorts, MANIFEST_FORMAT, Manifest, ModelConfig, Precision, Provenance,
    RepresentationKind, Tensor, TensorFile, UpsampleR, Variant, names, sha256_hex,
};
use gqn_runtime::{Engine, Noise, VERIFY_TOLERANCE};
use gqn_runtime_native::OnnxRuntime;
use gqn_scenes::{PoseEncoding, Split, World};
use ndarray::Axis;

use crate::engine::on_cpu;
use crate::error::ExportError;
use crate::foreign::Foreign;
use crate::scenes::SceneSource;

/// What the ports of two graphs from elsewhere are called.
#[derive(Debug, Clone)]
pub struct ForeignPorts {
    /// Of the representation graph: pictures `[views,3,S,S]` in \[0, 1\] and cameras `[views,7]`.
    pub frames: String,
    /// See `frames`.
    pub poses: String,
    /// Its output: the scene `[1,R,1,1]` or `[1,R,h,h]`, or, with `per_view`, one for each view.
    pub scene: String,
    /// Whether the representation graph leaves the sum over the views to others.
    pub per_view: bool,
    /// Of the generator graph: the scene.
    pub query_scene: String,
    /// Cameras `[queries,7]`.
    pub query_poses: String,
    /// Normal noise `[queries or 1,L,Z,h,h]`.
    pub noise: String,
    /// Its output: pictures `[queries,3,S,S]` in \[0, 1\].
    pub picture: String,
}

/// Every file of a package of two ONNX graphs from elsewhere.
///
/// The sizes follow from the graphs' ports. The sample is ONNX Runtime's: rendered pictures of `world`, and what the graphs
/// render of them. Sizes that no port shows (hidden and canvas channels) are written as R, and nothing reads them.
///
/// # Errors
/// [`ExportError::ForeignGraph`] if a graph cannot be read, has no such port, or is not additive in the views; what the engine
/// refuses.
pub fn adopt(
    runtime: &OnnxRuntime,
    [representation, generator]: [&[u8]; 2],
    ports: &ForeignPorts,
    encoding: PoseEncoding,
    world: World,
) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let mut observe = Foreign::read(names::REPRESENTATION_FILE, representation)?;
    let mut generate = Foreign::read(names::GENERATOR_FILE, generator)?;
    let opset = observe.opset().max(generate.opset());
    let config = config(&observe, &generate, ports, encoding)?;
    let scene = config.scene_shape();
    let expected = GraphPorts::representation(&config, &scene);
    if ports.per_view {
        observe.sum_views(&ports.scene)?;
    }
    observe.rename(&[&ports.frames, &ports.poses], &ports.scene, &expected)?;
    let expected = GraphPorts::generator(&config, &scene);
    let inputs = [&*ports.query_scene, &ports.query_poses, &ports.noise];
    generate.rename(&inputs, &ports.picture, &expected)?;
    let (representation, generator) = (observe.write(encoding), generate.write(encoding));

    let sample = sample(runtime, [&representation, &generator], &config, world)?;
    let mut files = BTreeMap::from([
        (names::REPRESENTATION_FILE.to_owned(), representation),
        (names::GENERATOR_FILE.to_owned(), generator),
    ]);
    files.insert(names::SAMPLE_FILE.to_owned(), sample.to_bytes(names::SAMPLE_FILE)?);
    let entry = |(name, content): (&String, &Vec<u8>)| (name.clone(), FileEntry::of(content));
    let manifest = Manifest {
        format_version: MANIFEST_FORMAT,
        pose_encoding: encoding,
        variant: Variant::Reference,
        precision: Precision::Fp32,
        precision_error: None,
        trained_steps: None,
        opset,
        representation: GraphPorts::representation(&config, &scene),
        generator: GraphPorts::generator(&config, &scene),
        drawing: None,
        config,
        files: files.iter().map(entry).collect(),
        step: 0,
        provenance: Provenance { command: "gqn-export adopt".to_owned(), ..Provenance::default() },
    };
    files.insert(names::MANIFEST_FILE.to_owned(), manifest.to_json());
    Ok(files)
}

/// What the ports say of the model.
fn config(
    observe: &Foreign,
    generate: &Foreign,
    ports: &ForeignPorts,
    pose_encoding: PoseEncoding,
) -> Result<ModelConfig, ExportError> {
    let [_, _, image_size, _] = observe.lengths(&ports.frames)?;
    let [_, steps, latent_channels, size, _] = generate.lengths(&ports.noise)?;
    let [_, channels, side, _] = generate.lengths(&ports.query_scene)?;
    if size != image_size / 4 || (side != 1 && side != size) {
        let reason = format!(
            "noise of {size}×{size} and a scene of {side}×{side} for pictures of {image_size}×{image_size}, expected noise of a quarter of the picture's side, and a scene of that or of 1×1"
        );
        return Err(generate.refused(reason));
    }
    let config = ModelConfig {
        image_size,
        representation: if side == 1 {
            RepresentationKind::Pool
        } else {
            RepresentationKind::Tower
        },
        representation_channels: channels,
        latent_channels,
        hidden_channels: channels,
        canvas_channels: channels,
        steps,
        shared_core: true,
        shared_inference_core: None,
        upsample_r: UpsampleR::Tile,
        pose_encoding,
        voxel: None,
    };
    config.validate()?;
    Ok(config)
}

/// Pictures of a rendered scene, and what the graphs render of them on ONNX Runtime; that scenes add up is seen on the way.
fn sample(
    runtime: &OnnxRuntime,
    [representation, generator]: [&[u8]; 2],
    config: &ModelConfig,
    world: World,
) -> Result<TensorFile, ExportError> {
    let mut engine = on_cpu(runtime, representation, generator, &BTreeMap::new())?;
    // Of the second scene two views are shown: of one alone nothing can be summed.
    let views = SceneSource::World(world).views(config, Split::Test, 4)?;
    let views = views.into_iter().nth(1).ok_or(ExportError::NoViews)?;
    let (frames, poses) = (&views.context_frames, &views.context_poses);
    let scene = engine.represent(frames, poses)?;
    let mut sum = Tensor::zeros(scene.shape());
    for view in 0..frames.shape()[0] {
        let one = |tensor: &Tensor| tensor.slice_axis(Axis(0), (view..=view).into()).to_owned();
        let one = engine.represent(&one(frames), &one(poses))?;
        if one.shape().first() != Some(&1) || one.shape().get(1..) != scene.shape().get(1..) {
            return Err(ExportError::ForeignGraph {
                graph: names::REPRESENTATION_FILE,
                reason: format!(
                    "the scene of one view has shape {:?}, that of all views {:?}",
                    one.shape(),
                    scene.shape()
                ),
            });
        }
        sum += &one;
    }
    let apart = (&scene - &sum).iter().fold(0.0_f32, |most, next| most.max(next.abs()));
    let size = scene.iter().fold(1.0_f32, |most, next| most.max(next.abs()));
    if apart.is_nan() || apart > VERIFY_TOLERANCE * size {
        return Err(ExportError::ForeignGraph {
            graph: names::REPRESENTATION_FILE,
            reason: format!(
                "the scene of all views differs from the sum of the scenes of single views by {apart}\nhint: a graph that gives one representation for each view is summed with `--per-view`"
            ),
        });
    }
    let queries = views.query_poses.shape()[0];
    let noise = Noise::new(1, 1.0).per_camera().tensor(config, queries);
    let rendered = engine.generate(&scene, &views.query_poses, &noise)?;
    let mean = engine.generate(&scene, &views.query_poses, &Tensor::zeros(noise.shape()))?;
    let tensors = [
        (names::SAMPLE_CONTEXT_FRAMES, views.context_frames),
        (names::SAMPLE_CONTEXT_POSES, views.context_poses),
        (names::SAMPLE_QUERY_POSES, views.query_poses),
        (names::SAMPLE_NOISE, noise),
        (names::SAMPLE_FRAMES, rendered),
        (names::SAMPLE_MEAN_FRAMES, mean),
        (names::SAMPLE_TRUE_FRAMES, views.true_frames),
    ];
    let graphs = [representation, generator].concat();
    Ok(TensorFile {
        metadata: BTreeMap::from([
            (names::SAMPLE_CHECKPOINT.to_owned(), sha256_hex(&graphs)),
            ("world".to_owned(), world.name().to_owned()),
        ]),
        tensors: tensors.map(|(name, tensor)| (name.to_owned(), tensor)).into(),
    })
}

//! Inputs and expected outputs of a checkpoint: the sample that lets any runtime verify a package where it runs.

use std::collections::BTreeMap;

use gqn_formats::{TensorFile, names};
use gqn_scenes::{Frame, Scene, Split, World};
use tch::{Device, Tensor};

use crate::batch::noise;
use crate::convert::{to_array, to_tensor};
use crate::model::Gqn;

const CONTEXT_VIEWS: usize = 3;
const QUERY_VIEWS: usize = 2;

/// Views of a held-out scene and what libtorch paints of it, on the CPU. `checkpoint_sha256` names the weights.
pub fn golden(model: &Gqn, world: World, seed: u64, checkpoint_sha256: &str) -> TensorFile {
    let side = model.config().image_size;
    let encoding = model.config().pose_encoding;
    let scene = Scene::generate(world, Split::Test.scene_seed(seed, 0));
    let cameras = scene.cameras(CONTEXT_VIEWS + QUERY_VIEWS);
    let frames: Vec<Frame> = cameras.iter().map(|camera| scene.render(camera, side)).collect();
    let pictures = |frames: &[Frame]| {
        let mut data = vec![0.0; frames.len() * 3 * side * side];
        for (frame, out) in frames.iter().zip(data.chunks_exact_mut(3 * side * side)) {
            frame.write_planar(out);
        }
        gqn_formats::Tensor::from_shape_vec(vec![frames.len(), 3, side, side], data)
            .expect("whole pictures")
    };
    let poses: Vec<f32> = cameras.iter().flat_map(|camera| camera.pose(encoding).0).collect();
    let poses = |from: usize, to: usize| {
        gqn_formats::Tensor::from_shape_vec(vec![to - from, 7], poses[7 * from..7 * to].to_vec())
            .expect("seven numbers a pose")
    };
    let noise = noise(seed, 0, &model.noise_shape(QUERY_VIEWS as i64), Device::Cpu);
    let mut tensors = BTreeMap::from([
        (names::SAMPLE_CONTEXT_FRAMES, pictures(&frames[..CONTEXT_VIEWS])),
        (names::SAMPLE_CONTEXT_POSES, poses(0, CONTEXT_VIEWS)),
        (names::SAMPLE_QUERY_POSES, poses(CONTEXT_VIEWS, CONTEXT_VIEWS + QUERY_VIEWS)),
        (names::SAMPLE_TRUE_FRAMES, pictures(&frames[CONTEXT_VIEWS..])),
        (names::SAMPLE_NOISE, to_array(&noise)),
    ]);
    let input = |name: &str| to_tensor(&tensors[name]).to_device(model.device());
    let x = input(names::SAMPLE_CONTEXT_FRAMES).unsqueeze(0);
    let v = input(names::SAMPLE_CONTEXT_POSES).unsqueeze(0);
    let queries = input(names::SAMPLE_QUERY_POSES);
    let noise: Tensor = input(names::SAMPLE_NOISE);
    let [sampled, mean] = tch::no_grad(|| {
        let r = model.represent(&x, &v);
        let r = r.expand([&[QUERY_VIEWS as i64], &r.size()[1..]].concat(), false);
        [model.generate(&queries, &r, &noise), model.generate(&queries, &r, &noise.zeros_like())]
    });
    tensors.insert(names::SAMPLE_FRAMES, to_array(&sampled));
    tensors.insert(names::SAMPLE_MEAN_FRAMES, to_array(&mean));
    let metadata = [
        (names::SAMPLE_CHECKPOINT, checkpoint_sha256.to_owned()),
        ("world", world.to_string()),
        ("scene_seed", scene.seed().to_string()),
    ];
    TensorFile {
        metadata: metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        tensors: tensors.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect(),
    }
}

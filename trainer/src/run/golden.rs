//! Inputs and expected outputs of a checkpoint: the sample that lets any runtime verify a package where it runs.

use std::collections::BTreeMap;

use gqn_formats::{FormatError, TensorFile, names};
use gqn_scenes::{Frame, Scene, Split, World};
use tch::{Device, Tensor};

use crate::convert::{to_array, to_tensor};
use crate::data::batch::noise;
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
    let [sampled, mean] = paint(model, &|name| to_tensor(&tensors[name]));
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

/// Paints the views of a sample anew, on the model's device, and gives the largest difference from the sample's own
/// pictures, whose numbers lie in 0 to 1.
///
/// # Errors
/// [`FormatError`]: the sample lacks a tensor, or has it in another shape than this model's.
pub fn difference(model: &Gqn, what: &str, sample: &TensorFile) -> Result<f64, FormatError> {
    let side = model.config().image_size;
    let noise = model.noise_shape(QUERY_VIEWS as i64).map(|size| size as usize);
    let pictures = |views| vec![views, 3, side, side];
    let shapes = [
        (names::SAMPLE_CONTEXT_FRAMES, pictures(CONTEXT_VIEWS)),
        (names::SAMPLE_CONTEXT_POSES, vec![CONTEXT_VIEWS, 7]),
        (names::SAMPLE_QUERY_POSES, vec![QUERY_VIEWS, 7]),
        (names::SAMPLE_NOISE, noise.to_vec()),
        (names::SAMPLE_FRAMES, pictures(QUERY_VIEWS)),
        (names::SAMPLE_MEAN_FRAMES, pictures(QUERY_VIEWS)),
    ];
    for (name, expected) in shapes {
        let (what, name) = (what.to_owned(), name.to_owned());
        match sample.tensors.get(&name).map(|tensor| tensor.shape().to_vec()) {
            None => return Err(FormatError::MissingTensor { what, name, expected }),
            Some(found) if found != expected => {
                return Err(FormatError::Shape { what, name, found, expected });
            }
            Some(_) => {}
        }
    }
    let painted = paint(model, &|name| to_tensor(&sample.tensors[name]));
    let expected = [names::SAMPLE_FRAMES, names::SAMPLE_MEAN_FRAMES];
    let differences = expected.into_iter().zip(painted).map(|(name, found)| {
        (found.to_device(Device::Cpu) - to_tensor(&sample.tensors[name])).abs().max()
    });
    // libtorch's maximum of a tensor with NaN is NaN.
    Ok(Tensor::stack(&differences.collect::<Vec<_>>(), 0).max().double_value(&[]))
}

/// Pictures with the sample's noise, and with none.
fn paint(model: &Gqn, input: &dyn Fn(&str) -> Tensor) -> [Tensor; 2] {
    let input = |name: &str| input(name).to_device(model.device());
    let [x, v] = [names::SAMPLE_CONTEXT_FRAMES, names::SAMPLE_CONTEXT_POSES]
        .map(|name| input(name).unsqueeze(0));
    let (queries, noise) = (input(names::SAMPLE_QUERY_POSES), input(names::SAMPLE_NOISE));
    tch::no_grad(|| {
        let r = model.represent(&x, &v);
        let r = r.expand([&[queries.size()[0]], &r.size()[1..]].concat(), false);
        [model.generate(&queries, &r, &noise), model.generate(&queries, &r, &noise.zeros_like())]
    })
}

//! Sessions and verification over an engine whose arithmetic fits in the head.

use std::collections::BTreeMap;
use std::sync::Arc;

use gqn_formats::{
    FileEntry, GraphPorts, MANIFEST_FORMAT, Manifest, Package, Precision, PrecisionError, Preset,
    Provenance, Tensor, TensorFile, Variant, names,
};
use gqn_scenes::{Camera, Frame, PoseEncoding};

use crate::{Engine, EngineError, Noise, Session, SessionError, VERIFY_TOLERANCE, verify};

/// The scene is Σ over views of (1 + mean of the frame) / 3 times (1, x, …), a picture is that plus pose and noise.
/// Thirds, because their sums depend on the order of summation.
#[derive(Debug, Default)]
struct Fake {
    noises: Vec<usize>,
    /// Those that it was to keep.
    resident: Vec<Arc<Tensor>>,
    /// Shifts every picture, as a faulty engine would.
    shift: f32,
}

impl Engine for Fake {
    fn describe(&self) -> String {
        "fake".to_owned()
    }

    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError> {
        let shape = Preset::TinyTower.config().scene_shape();
        let mut scene = Tensor::zeros(shape.as_slice());
        for (frame, pose) in frames.outer_iter().zip(poses.outer_iter()) {
            let value = (1.0 + frame.mean().unwrap_or_default()) / 3.0;
            for (index, out) in scene.iter_mut().enumerate() {
                *out += value * pose[[index % 7]] / 7.0;
            }
        }
        Ok(scene)
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let (queries, noises, side) =
            (poses.shape()[0], noise.shape()[0], Preset::TinyTower.config().image_size);
        self.noises.push(noises);
        let mut frames = Tensor::zeros(vec![queries, 3, side, side]);
        for (query, mut frame) in frames.outer_iter_mut().enumerate() {
            let noise = noise.index_axis(ndarray::Axis(0), query % noises);
            frame.fill(
                0.5 + 0.01 * (scene.sum() + poses[[query, 3]])
                    + 0.1 * noise[[0, 0, 0, 0]]
                    + self.shift,
            );
        }
        Ok(frames)
    }

    fn generate_resident(
        &mut self,
        scene: &Arc<Tensor>,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        self.resident.push(Arc::clone(scene));
        self.generate(scene, poses, noise)
    }
}

fn manifest(files: BTreeMap<String, FileEntry>) -> Manifest {
    let config = Preset::TinyTower.config();
    let scene = config.scene_shape();
    Manifest {
        format_version: MANIFEST_FORMAT,
        pose_encoding: config.pose_encoding,
        variant: Variant::Reference,
        precision: Precision::Fp32,
        precision_error: None,
        trained_steps: None,
        opset: 17,
        representation: GraphPorts::representation(&config, &scene),
        generator: GraphPorts::generator(&config, &scene),
        drawing: None,
        config,
        files,
        step: 0,
        provenance: Provenance::default(),
    }
}

fn session() -> Session<Fake> {
    Session::new(Fake::default(), &manifest(BTreeMap::new()))
}

fn view(number: u8) -> (Frame, Camera) {
    let frame = Frame::from_rgb8(32, vec![number; 32 * 32 * 3]).expect("a frame");
    let camera = Camera {
        position: [f32::from(number) / 7.0, 0.3, 0.1],
        yaw: f32::from(number),
        pitch: 0.1,
    };
    (frame, camera)
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn views_are_summed_one_by_one_or_together() {
    let (mut together, mut singly) = (session(), session());
    let ids = together.observe(&[view(1), view(2), view(3)]).expect("three views");
    assert_eq!(ids, together.views());
    for number in 1..=3 {
        singly.observe(&[view(number)]).expect("a view");
    }
    assert_eq!(bits(&together.scene().expect("a scene")), bits(&singly.scene().expect("a scene")));
    let mut sum = Tensor::zeros(Preset::TinyTower.config().scene_shape().as_slice());
    for number in 1..=3 {
        let mut alone = session();
        alone.observe(&[view(number)]).expect("a view");
        sum += &alone.scene().expect("a scene");
    }
    // A sum of three that starts at zero instead of at the first: equal up to rounding.
    assert!(
        (&sum - &together.scene().expect("a scene"))
            .iter()
            .all(|difference| difference.abs() < 1e-6)
    );
}

#[test]
fn forgetting_is_exact_whatever_the_order() {
    let numbers = [1, 90, 7, 201, 33];
    for forgotten in 0..numbers.len() {
        let (mut all, mut fewer) = (session(), session());
        let ids = all.observe(&numbers.map(view)).expect("views");
        all.forget(ids[forgotten]).expect("a known view");
        assert!(
            matches!(all.forget(ids[forgotten]), Err(SessionError::UnknownView(id)) if id == ids[forgotten])
        );
        for (index, number) in numbers.into_iter().enumerate() {
            if index != forgotten {
                fewer.observe(&[view(number)]).expect("a view");
            }
        }
        assert_eq!(bits(&all.scene().expect("a scene")), bits(&fewer.scene().expect("a scene")));
    }
}

#[test]
fn a_scene_is_one_tensor_until_its_views_change() {
    let mut session = session();
    let ids = session.observe(&[view(1), view(2)]).expect("views");
    let query = |session: &mut Session<Fake>| {
        session.query(&[view(3).1], &Noise::mean()).expect("a picture");
        let expected = session.scene().expect("a scene");
        let scene = session.engine().resident.last().map(Arc::clone).expect("a scene");
        assert_eq!(bits(&scene), bits(&expected));
        scene
    };
    let first = query(&mut session);
    assert!(Arc::ptr_eq(&first, &query(&mut session)));
    session.forget(ids[0]).expect("a known view");
    let second = query(&mut session);
    assert!(!Arc::ptr_eq(&first, &second));
    session.observe(&[view(4)]).expect("a view");
    assert!(!Arc::ptr_eq(&second, &query(&mut session)));
    session.clear();
    let scene = Tensor::zeros(session.scene_shape());
    session.add_scene(scene).expect("a scene");
    query(&mut session);
}

#[test]
fn nothing_observed_is_refused_with_a_hint() {
    let mut session = session();
    let error = session.query(&[view(1).1], &Noise::mean()).expect_err("no views");
    assert!(matches!(error, SessionError::NoViews) && error.to_string().contains("hint:"));
    session.observe(&[view(1)]).expect("a view");
    session.clear();
    assert!(session.views().is_empty() && matches!(session.scene(), Err(SessionError::NoViews)));
}

#[test]
fn a_refused_view_leaves_the_others_out_too() {
    let mut session = session();
    let small = Frame::from_rgb8(16, vec![0; 16 * 16 * 3]).expect("a frame");
    let error = session.observe(&[view(1), (small, view(2).1)]).expect_err("a small picture");
    assert!(
        matches!(error, SessionError::FrameSize { index: 1, found: 16, expected: 32 }),
        "{error}"
    );
    let mut nowhere = view(3);
    nowhere.1.yaw = f32::NAN;
    assert!(matches!(
        session.observe(&[nowhere]),
        Err(SessionError::Camera { role: "view", index: 0 })
    ));
    assert!(session.views().is_empty());
}

#[test]
fn one_noise_for_a_path_or_one_for_each_camera() {
    let mut session = session();
    session.observe(&[view(1)]).expect("a view");
    let cameras = [view(1).1, view(1).1];
    let path = session.query_planar(&cameras, &Noise::new(5, 1.0)).expect("a path");
    assert_eq!(path.index_axis(ndarray::Axis(0), 0), path.index_axis(ndarray::Axis(0), 1));
    let each =
        session.query_planar(&cameras, &Noise::new(5, 1.0).per_camera()).expect("two pictures");
    assert_ne!(each.index_axis(ndarray::Axis(0), 0), each.index_axis(ndarray::Axis(0), 1));
    let mean = session.query(&cameras, &Noise::mean()).expect("mean pictures");
    assert_eq!(mean.len(), 2);
    assert_eq!(session.query(&[], &Noise::mean()).expect("no cameras").len(), 0);
    assert_eq!(session.into_engine().noises, [1, 2, 1]);
}

#[test]
fn odd_temperatures_are_refused() {
    let mut session = session();
    session.observe(&[view(1)]).expect("a view");
    for found in [f32::NAN, f32::INFINITY, -0.5] {
        let error =
            session.query(&[view(1).1], &Noise::new(0, found)).expect_err("an odd temperature");
        assert!(matches!(error, SessionError::Temperature { .. }));
    }
}

#[test]
fn the_manifest_chooses_the_pose_encoding() {
    let mut other = manifest(BTreeMap::new());
    other.config.pose_encoding = PoseEncoding::SinCos;
    other.pose_encoding = PoseEncoding::SinCos;
    let (mut cos_sin, mut sin_cos) = (session(), Session::new(Fake::default(), &other));
    for session in [&mut cos_sin, &mut sin_cos] {
        session.observe(&[view(0)]).expect("a view");
    }
    // View 0 stands at yaw 0: cos 1, sin 0, so numbers 3 and 4 of the pose change places.
    let (cos_sin, sin_cos) = (cos_sin.scene().expect("a scene"), sin_cos.scene().expect("a scene"));
    assert_eq!(
        (cos_sin[[0, 3, 0, 0]], cos_sin[[0, 4, 0, 0]]),
        (sin_cos[[0, 4, 0, 0]], sin_cos[[0, 3, 0, 0]])
    );
}

fn package() -> Package {
    let config = Preset::TinyTower.config();
    let mut engine = Fake::default();
    let context = Tensor::from_elem(vec![2, 3, 32, 32], 0.25);
    let poses = Tensor::from_elem(vec![2, 7], 0.5);
    let noise = Noise::new(1, 1.0).per_camera().tensor(&config, 2);
    let scene = engine.represent(&context, &poses).expect("a scene");
    let frames = engine.generate(&scene, &poses, &noise).expect("frames");
    let mean_frames =
        engine.generate(&scene, &poses, &Noise::mean().tensor(&config, 2)).expect("frames");
    let mut sample = TensorFile::default();
    for (name, tensor) in [
        (names::SAMPLE_CONTEXT_FRAMES, context),
        (names::SAMPLE_CONTEXT_POSES, poses.clone()),
        (names::SAMPLE_QUERY_POSES, poses),
        (names::SAMPLE_NOISE, noise),
        (names::SAMPLE_FRAMES, frames),
        (names::SAMPLE_MEAN_FRAMES, mean_frames),
    ] {
        sample.tensors.insert(name.to_owned(), tensor);
    }
    let mut files = BTreeMap::from([
        (names::REPRESENTATION_FILE.to_owned(), Vec::new()),
        (names::GENERATOR_FILE.to_owned(), Vec::new()),
        (names::SAMPLE_FILE.to_owned(), sample.to_bytes("sample").expect("bytes")),
    ]);
    let entries =
        files.iter().map(|(name, content)| (name.clone(), FileEntry::of(content))).collect();
    files.insert(names::MANIFEST_FILE.to_owned(), manifest(entries).to_json());
    Package::from_files(files).expect("a package")
}

#[test]
fn less_than_single_precision_is_held_to_its_psnr() {
    // A shift of all values by s is an error of s², and a PSNR of -20·log10(s): 40 dB at 0.01.
    let passes = |precision, loss: Option<f64>, shift| {
        let mut package = package();
        package.manifest.precision = precision;
        let loss = loss.map(|psnr| PrecisionError { views: 1, psnr, smallest_psnr: psnr });
        package.manifest.precision_error = loss;
        let report = verify(&mut Fake { shift, ..Fake::default() }, &package).expect("a report");
        report.passed
    };
    assert!(passes(Precision::Int8, None, 0.01) && !passes(Precision::Int8, None, 0.03));
    assert!(!passes(Precision::Fp16, None, 0.01) && passes(Precision::Fp16, None, 0.001));
    assert!(passes(Precision::Int8, Some(33.0), 0.03), "27 dB, a little less than was measured");
    assert!(!passes(Precision::Int8, Some(60.0), 0.03), "the goal is enough, and this is less");
    assert!(!passes(Precision::Int8, None, f32::NAN));
}

#[test]
fn the_sample_is_compared() {
    let report = verify(&mut Fake::default(), &package()).expect("a sample that runs");
    assert!(report.passed && report.checks.iter().all(|check| check.difference == 0.0));
    for shift in [2.0 * VERIFY_TOLERANCE, -0.5, f32::NAN] {
        let report =
            verify(&mut Fake { shift, ..Fake::default() }, &package()).expect("a sample that runs");
        assert!(!report.passed, "shifted by {shift}");
        assert!(
            report
                .checks
                .iter()
                .all(|check| check.difference > VERIFY_TOLERANCE && check.index.len() == 4)
        );
    }
}

//! Observed views and query cameras, from a folder or from a world.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use gqn_formats::{ModelConfig, Views};
use gqn_scenes::{Camera, Frame, Scene};
use gqn_system::{SystemError, read_regular};

use crate::cli;
use crate::path::closed_path;
use crate::picture::{OtherSize, read};

const VIEWS_FILE: &str = "views.json";
/// Its size, in bytes: a hundred thousand cameras.
const MOST_LIST: u64 = 1 << 24;
const QUERIES: usize = 5;
/// As many as --context and --queries allow.
const MOST_VIEWS: usize = 1000;
const MOST_QUERIES: usize = 10_000;

/// What the model sees, and where the cameras may go.
#[derive(Debug)]
pub(crate) struct Input {
    /// What the model sees.
    pub(crate) context: Vec<(Frame, Camera)>,
    /// The scene itself, if it is a generated one.
    pub(crate) scene: Option<Scene>,
}

impl Input {
    /// Reads or renders the views, as large as the model expects them.
    pub(crate) fn load(flags: &cli::Input, model: &ModelConfig) -> Result<Self> {
        let side = model.image_size;
        let count = flags.context.map(|context| context as usize);
        if let Some(world) = flags.source.world {
            model.check_rendered_scenes()?;
            let scene = Scene::generate(world, flags.seed);
            let cameras = scene.cameras(count.unwrap_or(world.max_context()));
            let context =
                cameras.iter().map(|camera| (scene.render(camera, side), *camera)).collect();
            return Ok(Self { context, scene: Some(scene) });
        }
        let folder = flags.source.views.as_deref().unwrap_or(Path::new("."));
        let other_size = if flags.resize { OtherSize::Resize } else { OtherSize::Refuse };
        Ok(Self { context: read_folder(folder, count, model, other_size)?, scene: None })
    }

    /// Cameras to render: those of the file, else the scene's next ones, else some between the observed ones.
    pub(crate) fn queries(
        &self,
        cameras: Option<&Path>,
        count: Option<u32>,
        model: &ModelConfig,
    ) -> Result<Vec<Camera>> {
        let count = count.map_or(QUERIES, |count| count as usize);
        match (cameras, &self.scene) {
            (Some(file), _) => {
                let cameras = read_views(file, model)?.views;
                ensure!(
                    cameras.len() <= MOST_QUERIES,
                    "{} names {} cameras, expected at most {MOST_QUERIES}\nhint: spread them over several files",
                    file.display(),
                    cameras.len()
                );
                Ok(cameras.iter().map(gqn_formats::View::camera).collect())
            }
            (None, Some(scene)) => {
                Ok((0..count).map(|index| scene.camera(self.context.len() + index)).collect())
            }
            (None, None) => self.between(count, 0.5),
        }
    }

    /// A closed path: the scene's own, else one through the observed cameras.
    pub(crate) fn orbit(&self, count: usize) -> Result<Vec<Camera>> {
        match &self.scene {
            Some(scene) => Ok(scene.orbit(count)),
            None => self.between(count, 0.0),
        }
    }

    /// The true pictures, if there are any.
    pub(crate) fn truth(&self, cameras: &[Camera], side: usize) -> Option<Vec<Frame>> {
        let scene = self.scene.as_ref()?;
        Some(cameras.iter().map(|camera| scene.render(camera, side)).collect())
    }

    fn between(&self, count: usize, phase: f32) -> Result<Vec<Camera>> {
        let given: Vec<Camera> = self.context.iter().map(|(_, camera)| *camera).collect();
        ensure!(
            given.len() > 1,
            "one view makes no path for the cameras, expected two or more\n\
             hint: add views, or name the cameras to render: `gqn-run render … --cameras FILE.json`"
        );
        Ok(closed_path(&given, count, phase))
    }
}

/// The files that a command reads, which it must not replace: the packages, the list of views and its pictures.
pub(crate) fn files_read(packages: &[&Path], source: &cli::Source) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = packages.iter().map(|path| (*path).to_owned()).collect();
    if let Some(folder) = &source.views {
        let list = folder.join(VIEWS_FILE);
        // A list that cannot be read is refused when it is needed.
        let views = read_regular(&list, MOST_LIST).ok();
        let views = views.and_then(|bytes| Views::from_json(&bytes).ok());
        let pictures = views.into_iter().flat_map(|views| views.views);
        files.extend(pictures.filter_map(|view| view.picture).map(|name| folder.join(name)));
        files.push(list);
    }
    files
}

/// The first `count` pictures of a folder with their cameras, or all.
fn read_folder(
    folder: &Path,
    count: Option<usize>,
    model: &ModelConfig,
    other_size: OtherSize,
) -> Result<Vec<(Frame, Camera)>> {
    ensure!(
        folder.is_dir(),
        "{} is no folder\nhint: --views names a folder with a {VIEWS_FILE}",
        folder.display()
    );
    let file = folder.join(VIEWS_FILE);
    let views = read_views(&file, model)?.views;
    let count = count.unwrap_or(views.len());
    ensure!(
        count <= MOST_VIEWS,
        "{} names {count} views, expected at most {MOST_VIEWS}\nhint: --context K shows the first K of them",
        file.display()
    );
    ensure!(
        count <= views.len(),
        "{} names {} views, --context asks for {count}",
        file.display(),
        views.len()
    );
    let mut context = Vec::with_capacity(count);
    for (index, view) in views.iter().take(count).enumerate() {
        let Some(picture) = &view.picture else {
            bail!(
                "{}: view {index} names no picture, and an observed view needs one",
                file.display()
            );
        };
        context.push((read(&folder.join(picture), model.image_size, other_size)?, view.camera()));
    }
    Ok(context)
}

/// The list, unless it is of cameras with another field of view than the model's.
fn read_views(file: &Path, model: &ModelConfig) -> Result<Views> {
    let bytes = read_regular(file, MOST_LIST).map_err(|error| match error {
        SystemError::Read { source, .. } if source.kind() == ErrorKind::NotFound => anyhow!(
            "could not read {}: it is not there\nhint: it lists cameras (and pictures); `gqn-data scene` writes an example",
            file.display()
        ),
        error => error.into(),
    })?;
    let views =
        Views::from_json(&bytes).with_context(|| format!("{} is refused", file.display()))?;
    views.check_field_of_view(&file.display().to_string(), model)?;
    Ok(views)
}

#[cfg(test)]
mod tests {
    use gqn_formats::{Preset, View};
    use gqn_messages::error_report;

    use super::*;
    use crate::picture::{enlarged, png};

    const CAMERA: Camera = Camera { position: [1.0, 0.0, 0.5], yaw: 3.0, pitch: -0.25 };

    fn folder(pictures: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let views =
            pictures.iter().map(|(name, _)| View::new(Some((*name).to_owned()), &CAMERA)).collect();
        std::fs::write(folder.path().join(VIEWS_FILE), Views::new(views).to_json())
            .expect("a file");
        for (name, bytes) in pictures.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            std::fs::write(folder.path().join(name), bytes).expect("a file");
        }
        folder
    }

    /// A model of 16×16 pictures that knows no field of view.
    fn model() -> ModelConfig {
        ModelConfig { image_size: 16, ..Preset::TinyTower.config() }
    }

    fn picture(side: usize) -> Vec<u8> {
        let frame = Frame::from_rgb8(side, vec![99; side * side * 3]).expect("a frame");
        png(&enlarged(&frame, 1)).expect("a PNG")
    }

    #[track_caller]
    fn check(folder: &Path, count: Option<usize>, parts: &[&str]) {
        let error = read_folder(folder, count, &model(), OtherSize::Refuse).expect_err("bad input");
        let report = error_report(error.as_ref());
        for part in parts {
            assert!(report.contains(part), "`{part}` is not in: {report}");
        }
        assert!(
            report.lines().skip(1).all(|line| line.starts_with("hint:")),
            "one line and hints: {report}"
        );
    }

    #[test]
    fn pictures_and_cameras_are_read() {
        let folder = folder(&[("0.png", &picture(16)), ("1.png", &picture(16))]);
        let read =
            |count| read_folder(folder.path(), count, &model(), OtherSize::Refuse).expect("views");
        assert_eq!(read(None).len(), 2);
        assert_eq!(
            read(Some(1)),
            [(Frame::from_rgb8(16, vec![99; 768]).expect("a frame"), CAMERA)]
        );
        check(folder.path(), Some(3), &["names 2 views", "asks for 3"]);
    }

    #[test]
    fn bad_folders_are_explained() {
        check(Path::new("no/such/folder"), None, &["no/such/folder is no folder", "hint:"]);
        let empty = tempfile::tempdir().expect("a folder");
        check(empty.path(), None, &["could not read", "views.json", "gqn-data scene"]);
        std::fs::write(empty.path().join(VIEWS_FILE), b"{\"format\":1").expect("a file");
        check(empty.path(), None, &["views.json", "JSON"]);
        std::fs::write(
            empty.path().join(VIEWS_FILE),
            Views::new(vec![View::new(None, &CAMERA)]).to_json(),
        )
        .expect("a file");
        check(empty.path(), None, &["view 0 names no picture"]);
    }

    #[test]
    fn bad_pictures_are_named() {
        let good = picture(16);
        check(
            folder(&[("0.png", &good), ("1.png", &picture(24))]).path(),
            None,
            &["1.png is 24x24", "16x16", "--resize"],
        );
        check(
            folder(&[("0.png", &good), ("gone.png", b"")]).path(),
            None,
            &["could not read", "gone.png"],
        );
        check(
            folder(&[("text.png", b"not a picture")]).path(),
            None,
            &["text.png is no picture", "hint:"],
        );
        check(
            folder(&[("cut.png", &good[..good.len() / 2])]).path(),
            None,
            &["cut.png is no picture", "hint: its copy or download"],
        );
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
        check(
            folder(&[("lfs.png", pointer)]).path(),
            None,
            &["lfs.png is a Git LFS pointer", "git lfs pull"],
        );
    }

    #[test]
    fn another_field_of_view_than_the_models_is_refused() {
        let folder = folder(&[("0.png", &picture(16))]);
        let file = folder.path().join(VIEWS_FILE);
        let wider =
            Views { field_of_view: Some(1.2), ..read_views(&file, &model()).expect("views") };
        std::fs::write(&file, wider.to_json()).expect("a file");
        let voxel = ModelConfig { image_size: 16, ..Preset::Tiny.config() };
        let read = |model: &ModelConfig| read_folder(folder.path(), None, model, OtherSize::Refuse);
        assert_eq!(read(&model()).expect("a model that knows no field of view").len(), 1);
        let error = error_report(read(&voxel).expect_err("a wider lens").as_ref());
        for part in ["views.json", "1.2000 radians", "0.8727", "hint: crop the pictures"] {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
        let voxel_of = |field_of_view| {
            let geometry = voxel.voxel.clone().expect("a geometry");
            let geometry = gqn_formats::VoxelConfig { field_of_view, ..geometry };
            ModelConfig { voxel: Some(geometry), ..voxel.clone() }
        };
        let load = |model: &ModelConfig| {
            let source = cli::Source { world: Some(gqn_scenes::World::Jaco), views: None };
            Input::load(&cli::Input { source, seed: 1, context: Some(1), resize: false }, model)
        };
        assert!(load(&voxel).is_ok() && load(&self::model()).is_ok());
        let error = error_report(load(&voxel_of(1.2)).expect_err("another lens").as_ref());
        assert!(error.contains("rendered scenes have a field of view of 50°"), "{error}");
        let input = Input { context: Vec::new(), scene: None };
        let error = input.queries(Some(&file), None, &voxel).expect_err("a wider lens");
        assert!(error.to_string().contains("field of view"), "{error}");
    }

    #[test]
    fn one_view_makes_no_path() {
        let context = vec![(Frame::from_rgb8(16, vec![0; 768]).expect("a frame"), CAMERA)];
        let one = Input { context: context.clone(), scene: None };
        assert!(one.orbit(4).expect_err("one view").to_string().contains("--cameras"));
        let two = Input { context: [context.clone(), context].concat(), scene: None };
        assert_eq!(two.orbit(4).expect("a path").len(), 4);
        assert_eq!(two.queries(None, None, &model()).expect("cameras").len(), QUERIES);
    }
}

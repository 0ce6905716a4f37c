//! A package, and a scene that is being looked at.

use std::collections::BTreeMap;

use gqn_formats::{Package, Tensor, names};
use gqn_runtime::{
    FULL_STD_DEV, Noise, Session, ViewId, from_rgba8, heat_rgba8, resize, to_rgba8, verify,
};
use gqn_scenes::Frame;
use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use super::BrowserEngine;
use super::conversions::{camera, cameras, to_js, unfit, whole};
use super::occupancy::Occupancy;

/// A package and a scene. Lives in a worker: every call takes as long as it takes.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Viewer {
    session: Session<BrowserEngine>,
    package: Package,
}

#[wasm_bindgen]
impl Viewer {
    /// Opens a package from the bytes of its zip. `progress` hears of phases (`unpack`, `read`) and how much of each is
    /// done.
    ///
    /// # Errors
    /// If it is no package, or a graph does not load.
    #[wasm_bindgen(js_name = fromZip)]
    pub fn from_zip(bytes: &[u8], progress: Option<Function>) -> Result<Self, JsError> {
        tell(progress.as_ref(), "unpack", 0.0)?;
        let package = Package::from_zip(bytes).map_err(|error| to_js(&error))?;
        Self::open(package, progress.as_ref())
    }

    /// Opens a package from its files.
    ///
    /// # Errors
    /// If they are no package, or a graph does not load.
    #[wasm_bindgen(js_name = fromFiles)]
    pub fn from_files(
        names: Vec<String>,
        contents: Vec<Uint8Array>,
        progress: Option<Function>,
    ) -> Result<Self, JsError> {
        tell(progress.as_ref(), "unpack", 0.0)?;
        if names.len() != contents.len() {
            let (names, contents) = (names.len(), contents.len());
            return Err(unfit(format!("found {contents} files for {names} names")));
        }
        let contents = contents.into_iter().map(|content| content.to_vec());
        let files: BTreeMap<String, Vec<u8>> = names.into_iter().zip(contents).collect();
        let package = Package::from_files(files).map_err(|error| to_js(&error))?;
        Self::open(package, progress.as_ref())
    }

    /// Side of the model's pictures in pixels.
    #[wasm_bindgen(getter, js_name = imageSize)]
    pub fn image_size(&self) -> usize {
        self.session.config().image_size
    }

    /// DRAW steps of a picture.
    #[wasm_bindgen(getter)]
    pub fn steps(&self) -> usize {
        self.session.config().steps
    }

    /// The package's manifest, JSON.
    pub fn manifest(&self) -> String {
        String::from_utf8_lossy(&self.package.manifest.to_json()).into_owned()
    }

    /// The model card, if the package has one.
    pub fn card(&self) -> Option<String> {
        let card = self.package.file(names::CARD_FILE).ok()?;
        Some(String::from_utf8_lossy(card).into_owned())
    }

    /// Engine, version and features.
    pub fn describe(&self) -> String {
        use gqn_runtime::Engine;
        self.session.engine().describe()
    }

    /// Runs the sample that came with the package: the largest difference from its expected pictures.
    ///
    /// # Errors
    /// If the sample is damaged or the engine fails.
    pub fn verify(&mut self) -> Result<f32, JsError> {
        let report =
            verify(self.session.engine_mut(), &self.package).map_err(|error| to_js(&error))?;
        Ok(report.checks.iter().map(|check| check.difference).fold(0.0, f32::max))
    }

    /// What is odd about cameras that somebody gave (angles in degrees, places from where the model sees nothing), in words;
    /// `what` names their file.
    ///
    /// # Errors
    /// If they are none.
    #[wasm_bindgen(js_name = cameraWarnings)]
    pub fn camera_warnings(&self, what: &str, given: &[f32]) -> Result<Vec<String>, JsError> {
        let name = |index| format!("view {index} in {what}");
        Ok(self.package.manifest.camera_warnings(&cameras(given)?, name))
    }

    /// Refuses pictures of cameras with another field of view (in radians) than the model's; `what` names them. Only voxel
    /// models know one.
    ///
    /// # Errors
    /// If they differ.
    #[wasm_bindgen(js_name = checkFieldOfView)]
    pub fn check_field_of_view(&self, what: &str, found: f64) -> Result<(), JsError> {
        let Some(voxel) = &self.session.config().voxel else { return Ok(()) };
        voxel.check_field_of_view(what, found).map_err(|error| to_js(&error))
    }

    /// Refuses to show rendered scenes to a model of cameras with another field of view than the worlds'.
    ///
    /// # Errors
    /// If they differ.
    #[wasm_bindgen(js_name = checkRenderedScenes)]
    pub fn check_rendered_scenes(&self) -> Result<(), JsError> {
        self.session.config().check_rendered_scenes().map_err(|error| to_js(&error))
    }

    /// What the scene holds, seen from above; undefined for models without a grid.
    ///
    /// # Errors
    /// If nothing was observed.
    pub fn occupancy(&self) -> Result<Option<Occupancy>, JsError> {
        let scene = self.session.scene().map_err(|error| to_js(&error))?;
        let manifest = &self.package.manifest;
        let map = gqn_runtime::Occupancy::of_scene(&scene, &manifest.config, manifest.variant);
        Ok(map.map_err(|error| to_js(&error))?.map(Occupancy::from))
    }

    /// A map that holds nothing, to add others to; undefined for models without a grid.
    #[wasm_bindgen(js_name = emptyOccupancy)]
    pub fn empty_occupancy(&self) -> Option<Occupancy> {
        gqn_runtime::Occupancy::empty(self.session.config()).map(Occupancy::from)
    }

    /// Makes the graphs ready for one view and one query, so that the first picture does not wait for it.
    ///
    /// # Errors
    /// If a graph does not load.
    #[wasm_bindgen(js_name = warmUp)]
    pub fn warm_up(&mut self) -> Result<(), JsError> {
        self.session.engine_mut().prepare(1).map_err(|error| to_js(&error))
    }

    /// Adds a picture (RGBA, of any size) and the camera that took it to the scene; the view's number.
    ///
    /// # Errors
    /// If the picture or the camera is invalid.
    pub fn observe(&mut self, rgba: &[u8], side: usize, from: &[f32]) -> Result<u32, JsError> {
        let camera = camera(from)?;
        let frame = from_rgba8(side, rgba).map_err(|error| to_js(&error))?;
        let frame = resize(&frame, self.image_size()).map_err(|error| to_js(&error))?;
        let views = self.session.observe(&[(frame, camera)]).map_err(|error| to_js(&error))?;
        Ok(views[0].index() as u32)
    }

    /// Takes a view out of the scene.
    ///
    /// # Errors
    /// If there is no such view.
    pub fn forget(&mut self, view: u32) -> Result<(), JsError> {
        self.session.forget(ViewId::from_index(view.into())).map_err(|error| to_js(&error))
    }

    /// Takes every view out of the scene.
    pub fn clear(&mut self) {
        self.session.clear();
    }

    /// Numbers of the views in the scene, in the order of observation.
    pub fn views(&self) -> Vec<u32> {
        self.session.views().into_iter().map(|view| view.index() as u32).collect()
    }

    /// The pictures that cameras would take, RGBA, one below the other; the same noise for all of them.
    ///
    /// # Errors
    /// If nothing was observed, or a camera, the seed or the temperature is invalid.
    pub fn query(&mut self, from: &[f32], seed: f64, temperature: f32) -> Result<Vec<u8>, JsError> {
        let noise = Noise::new(whole("seed", seed)?, temperature);
        let frames = self.session.query(&cameras(from)?, &noise).map_err(|error| to_js(&error))?;
        Ok(frames.iter().flat_map(to_rgba8).collect())
    }

    /// The picture that a camera would take after every DRAW step, RGBA, one below the other; undefined if the package
    /// has no drawing graph.
    ///
    /// # Errors
    /// As `query`.
    pub fn drawing(
        &mut self,
        from: &[f32],
        seed: f64,
        temperature: f32,
    ) -> Result<Option<Vec<u8>>, JsError> {
        let (camera, noise) = (camera(from)?, Noise::new(whole("seed", seed)?, temperature));
        let engine = self.session.engine_mut();
        engine.open_drawing(&self.package).map_err(|error| to_js(&error))?;
        let frames = self.session.drawing(&camera, &noise).map_err(|error| to_js(&error))?;
        Ok(frames.map(|frames| frames.iter().flat_map(to_rgba8).collect()))
    }

    /// `[queries,3,S,S]` in \[0, 1\]: `query` before it is rounded to bytes.
    ///
    /// # Errors
    /// As `query`.
    #[wasm_bindgen(js_name = queryPlanar)]
    pub fn query_planar(
        &mut self,
        from: &[f32],
        seed: f64,
        temperature: f32,
    ) -> Result<Vec<f32>, JsError> {
        let noise = Noise::new(whole("seed", seed)?, temperature);
        let frames =
            self.session.query_planar(&cameras(from)?, &noise).map_err(|error| to_js(&error))?;
        Ok(frames.iter().copied().collect())
    }

    /// Paints one view several times with other noises: where they differ, the model makes things up.
    ///
    /// # Errors
    /// As `query`, and if there are less than two samples.
    pub fn uncertainty(
        &mut self,
        from: &[f32],
        seed: f64,
        samples: usize,
    ) -> Result<Uncertainty, JsError> {
        let seed = whole("seed", seed)?;
        let found = self
            .session
            .uncertainty(&camera(from)?, seed, samples)
            .map_err(|error| to_js(&error))?;
        let mean = Frame::from_planar(self.image_size(), &found.mean_frame)
            .map_err(|error| to_js(&error))?;
        Ok(Uncertainty {
            rgba: heat_rgba8(&found.std_dev, FULL_STD_DEV),
            mean: found.mean_std_dev,
            mean_rgba: to_rgba8(&mean),
        })
    }

    /// The sum over the scene's views, for another worker's `setScene`.
    ///
    /// # Errors
    /// If nothing was observed.
    pub fn scene(&self) -> Result<Vec<f32>, JsError> {
        let scene = self.session.scene().map_err(|error| to_js(&error))?;
        Ok(scene.iter().copied().collect())
    }

    /// Makes a sum from another worker the scene.
    ///
    /// # Errors
    /// If it is not of this model's size.
    #[wasm_bindgen(js_name = setScene)]
    pub fn set_scene(&mut self, sum: Vec<f32>) -> Result<(), JsError> {
        // The scene stays as it is if the sum is refused.
        let sum = self.sum(sum)?;
        self.session.clear();
        self.session.add_scene(sum).map_err(|error| to_js(&error))?;
        Ok(())
    }

    /// Adds `factor` times such a sum to the scene, as if it were a view; its number.
    ///
    /// # Errors
    /// If it is not of this model's size.
    #[wasm_bindgen(js_name = addScene)]
    pub fn add_scene(&mut self, sum: Vec<f32>, factor: f32) -> Result<u32, JsError> {
        let sum = self.sum(sum)?;
        let view = self.session.add_scene(sum * factor).map_err(|error| to_js(&error))?;
        Ok(view.index() as u32)
    }
}

impl Viewer {
    /// Numbers from JavaScript as a scene of this model.
    fn sum(&self, sum: Vec<f32>) -> Result<Tensor, JsError> {
        let shape = self.session.scene_shape().to_vec();
        let (found, expected) = (sum.len(), shape.iter().product::<usize>());
        Tensor::from_shape_vec(shape, sum)
            .map_err(|_| unfit(format!("the scene has {found} numbers, expected {expected}")))
    }

    fn open(package: Package, progress: Option<&Function>) -> Result<Self, JsError> {
        tell(progress, "unpack", 1.0)?;
        tell(progress, "read", 0.0)?;
        let engine = BrowserEngine::new(&package).map_err(|error| to_js(&error))?;
        tell(progress, "read", 1.0)?;
        Ok(Self { session: Session::new(engine, &package.manifest), package })
    }
}

/// Several samples of one view, summed up.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Uncertainty {
    rgba: Vec<u8>,
    mean: f32,
    mean_rgba: Vec<u8>,
}

#[wasm_bindgen]
impl Uncertainty {
    /// The standard deviations as RGBA colours: black for certain.
    #[wasm_bindgen(getter)]
    pub fn rgba(&self) -> Vec<u8> {
        self.rgba.clone()
    }

    /// The mean standard deviation of a pixel, of values in \[0, 1\].
    #[wasm_bindgen(getter)]
    pub fn mean(&self) -> f32 {
        self.mean
    }

    /// The mean of the samples, RGBA.
    #[wasm_bindgen(getter, js_name = meanRgba)]
    pub fn mean_rgba(&self) -> Vec<u8> {
        self.mean_rgba.clone()
    }
}

fn tell(progress: Option<&Function>, phase: &str, done: f64) -> Result<(), JsError> {
    let Some(progress) = progress else { return Ok(()) };
    let called = progress.call2(&JsValue::NULL, &phase.into(), &done.into());
    called.map(|_| ()).map_err(|_| unfit("the function that hears of progress failed".to_owned()))
}

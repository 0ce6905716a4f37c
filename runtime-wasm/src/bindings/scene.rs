//! A procedural scene, rendered, and its map.

use gqn_runtime::to_rgba8;
use gqn_scenes::{self as scenes, FIELD_OF_VIEW, Frame, Motion, World};
use wasm_bindgen::prelude::*;

use super::conversions::{camera, numbers, to_js, unfit};

/// More pixels than a page has use for would only stop it.
const LARGEST_SIDE: usize = 2048;
/// More cameras than a page has use for.
const MOST_CAMERAS: usize = 4096;

/// A scene of one of the worlds, made from a seed.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Scene {
    scene: scenes::Scene,
}

#[wasm_bindgen]
impl Scene {
    /// The names of the worlds.
    pub fn worlds() -> Vec<String> {
        World::ALL.iter().map(|world| world.name().to_owned()).collect()
    }

    /// Field of view of every world's cameras in radians.
    #[wasm_bindgen(js_name = fieldOfView)]
    pub fn field_of_view() -> f32 {
        FIELD_OF_VIEW
    }

    /// The scene that a seed stands for.
    ///
    /// # Errors
    /// If there is no world of that name.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, seed: u64) -> Result<Self, JsError> {
        let world = name.parse::<World>().map_err(|error| to_js(&error))?;
        Ok(Self { scene: scenes::Scene::generate(world, seed) })
    }

    /// The most pictures of a scene that a network is shown while it trains.
    #[wasm_bindgen(js_name = maxContext)]
    pub fn max_context(&self) -> usize {
        self.scene.world().max_context()
    }

    /// So many of the scene's own cameras: the first, or in a maze some all along the walk.
    pub fn cameras(&self, count: usize) -> Vec<f32> {
        numbers(&self.scene.spread(count.min(MOST_CAMERAS)))
    }

    /// Cameras evenly along a closed path.
    pub fn orbit(&self, count: usize) -> Vec<f32> {
        numbers(&self.scene.orbit(count.min(MOST_CAMERAS)))
    }

    /// The picture that a camera takes, RGBA.
    ///
    /// # Errors
    /// If the camera is invalid, or the side is 0 or far too large.
    pub fn render(&self, camera_numbers: &[f32], side: usize) -> Result<Vec<u8>, JsError> {
        if side == 0 || side > LARGEST_SIDE.min(Frame::MAX_SIDE) {
            return Err(unfit(format!("a side of {side} pixels, expected 1 to {LARGEST_SIDE}")));
        }
        let camera = camera(camera_numbers)?;
        if !camera.is_in_range() {
            return Err(unfit("the camera is out of range, or not finite".to_owned()));
        }
        Ok(to_rgba8(&self.scene.render(&camera, side)))
    }

    /// The scene from straight above, RGBA, under the places of `toMap`.
    ///
    /// # Errors
    /// If the side is 0 or far too large.
    pub fn plan(&self, side: usize) -> Result<Vec<u8>, JsError> {
        if side == 0 || side > LARGEST_SIDE.min(Frame::MAX_SIDE) {
            return Err(unfit(format!("a side of {side} pixels, expected 1 to {LARGEST_SIDE}")));
        }
        Ok(to_rgba8(&self.scene.plan(side)))
    }

    /// Where one begins to look around.
    pub fn home(&self) -> Vec<f32> {
        numbers(&[self.scene.home()])
    }

    /// The camera after the picture was drawn to the right by `turn` of its width and down by `raise` of its height, and
    /// after it went `advance` world units ahead.
    ///
    /// # Errors
    /// If the camera is invalid.
    #[wasm_bindgen(js_name = "move")]
    pub fn moved(
        &self,
        from: &[f32],
        turn: f32,
        raise: f32,
        advance: f32,
    ) -> Result<Vec<f32>, JsError> {
        Ok(numbers(&[self.scene.moved(&camera(from)?, &Motion { turn, raise, advance })]))
    }

    /// The camera so many steps further on the way around by itself: no step is the nearest camera of that way.
    ///
    /// # Errors
    /// If the camera is invalid.
    pub fn onward(&self, from: &[f32], steps: usize) -> Result<Vec<f32>, JsError> {
        Ok(numbers(&[self.scene.onward(&camera(from)?, steps.min(MOST_CAMERAS))]))
    }

    /// Whether a camera can go nearer and farther, or `advance` does nothing.
    #[wasm_bindgen(js_name = canAdvance)]
    pub fn can_advance(&self) -> bool {
        self.scene.can_advance()
    }

    /// Whether a camera can go up and down, or drawing the picture down does nothing.
    #[wasm_bindgen(js_name = canRaise)]
    pub fn can_raise(&self) -> bool {
        self.scene.can_raise()
    }

    /// u and v on the map, 0 to 1 from its upper left corner, and the heading in radians clockwise from up.
    ///
    /// # Errors
    /// If the camera is invalid.
    #[wasm_bindgen(js_name = toMap)]
    pub fn to_map(&self, from: &[f32]) -> Result<Vec<f32>, JsError> {
        let point = self.scene.to_map(&camera(from)?);
        Ok(vec![point.u, point.v, point.heading])
    }

    /// The allowed camera nearest to a place on the map.
    ///
    /// # Errors
    /// If the camera is invalid.
    #[wasm_bindgen(js_name = fromMap)]
    pub fn from_map(&self, from: &[f32], u: f32, v: f32) -> Result<Vec<f32>, JsError> {
        Ok(numbers(&[self.scene.from_map(&camera(from)?, u, v)]))
    }

    /// The camera part of the way from one to another.
    ///
    /// # Errors
    /// If a camera is invalid.
    pub fn between(&self, from: &[f32], to: &[f32], t: f32) -> Result<Vec<f32>, JsError> {
        Ok(numbers(&[self.scene.between(&camera(from)?, &camera(to)?, t)]))
    }
}

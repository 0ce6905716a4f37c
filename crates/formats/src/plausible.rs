//! Cameras that a model can make nothing of, though their numbers are finite.

use std::f32::consts::{FRAC_PI_2, TAU};

use gqn_scenes::{Camera, World};

use crate::config::ModelConfig;
use crate::manifest::Manifest;

/// More than rounding adds to a right angle.
const ROUNDING: f32 = 1e-3;
/// Yaws go round; whoever adds up turns comes beyond one of them, but hardly beyond two.
const MOST_YAW: f32 = 2.0 * TAU;
/// Of models whose world nobody knows. The unit is about the radius of a room.
const MOST_DISTANCE: f64 = 100.0;

impl Manifest {
    /// What is odd about cameras, in a line for each kind of oddity; `names` tells which camera is meant ("view 3"). Angles
    /// in degrees, and positions from which the model can see nothing, are what people give by mistake: the model renders,
    /// but what it renders means nothing.
    pub fn camera_warnings(
        &self,
        cameras: &[Camera],
        names: impl Fn(usize) -> String,
    ) -> Vec<String> {
        let place = Place::of(&self.config, self.provenance.world());
        let pitch = |camera: &Camera| camera.pitch.abs() > FRAC_PI_2 + ROUNDING;
        let yaw = |camera: &Camera| camera.yaw.abs() > MOST_YAW;
        let far = |camera: &Camera| place.distance(camera) > place.most;
        let kind = |odd: &dyn Fn(&Camera) -> bool, what: &dyn Fn(&Camera) -> String| {
            let mut found = cameras.iter().enumerate().filter(|(_, camera)| odd(camera));
            let (index, first) = found.next()?;
            let others = match found.count() {
                0 => String::new(),
                1 => " (and of one more)".to_owned(),
                count => format!(" (and of {count} more)"),
            };
            Some(format!("of {}{others} {}", names(index), what(first)))
        };
        let radians = "angles are in radians, not in degrees";
        [
            kind(&pitch, &|camera| {
                format!("the pitch is {}, beyond a right angle (±π/2): {radians}", camera.pitch)
            }),
            kind(&yaw, &|camera| {
                format!("the yaw is {}, beyond two turns (±4π): {radians}", camera.yaw)
            }),
            kind(&far, &|camera| format!("the position is {:?}, {}", camera.position, place.words)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Where a model's cameras are.
struct Place {
    low: [f64; 3],
    high: [f64; 3],
    /// Farther from the box than this a camera sees nothing of it.
    most: f64,
    words: String,
}

impl Place {
    fn of(config: &ModelConfig, world: Option<World>) -> Self {
        let (low, high, far) = match (&config.voxel, world.map(World::extent)) {
            (Some(voxel), _) => (voxel.low, voxel.high, voxel.far),
            (None, Some(extent)) => (extent.low, extent.high, extent.far),
            (None, None) => {
                let words = "farther from the origin than any scene reaches".to_owned();
                return Self { low: [0.0; 3], high: [0.0; 3], most: MOST_DISTANCE, words };
            }
        };
        let words = format!(
            "from where nothing of the model's world is seen, which lies from {low:?} to {high:?}"
        );
        Self { low, high, most: far, words }
    }

    fn distance(&self, camera: &Camera) -> f64 {
        let outside = |axis: usize| {
            let at = f64::from(camera.position[axis]);
            (self.low[axis] - at).max(at - self.high[axis]).max(0.0)
        };
        (0..3).map(outside).map(|distance| distance * distance).sum::<f64>().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use gqn_scenes::Scene;

    use super::*;
    use crate::Preset;
    use crate::manifest::tests as manifests;

    fn manifest(preset: Preset, data: &str) -> Manifest {
        let mut manifest = manifests::manifest(std::collections::BTreeMap::new());
        manifest.config = preset.config();
        data.clone_into(&mut manifest.provenance.data);
        manifest
    }

    fn warnings(manifest: &Manifest, cameras: &[Camera]) -> Vec<String> {
        manifest.camera_warnings(cameras, |index| format!("view {index}"))
    }

    const HOME: Camera = Camera { position: [0.8, 0.0, 0.4], yaw: 3.1, pitch: -0.2 };

    #[test]
    fn degrees_and_far_places_are_told_once() {
        let rooms = "rooms-ring-camera, 50 rendered scenes";
        for manifest in [
            manifest(Preset::Tiny, rooms),
            manifest(Preset::TinyTower, rooms),
            manifest(Preset::TinyTower, "photographs"),
        ] {
            assert!(warnings(&manifest, &[HOME]).is_empty());
            let degrees = Camera { yaw: 178.0, pitch: -11.5, ..HOME };
            let found = warnings(&manifest, &[HOME, degrees, degrees, degrees]);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].contains("view 1 (and of 2 more)") && found[0].contains("-11.5"));
            assert!(found[1].contains("178") && found[1].contains("radians"));
            let away = Camera { position: [1e30, 0.0, 0.0], ..HOME };
            let found = warnings(&manifest, &[away]);
            assert!(found.len() == 1 && found[0].contains("of view 0 the position"), "{found:?}");
        }
        let up = Camera { pitch: FRAC_PI_2, yaw: -TAU, ..HOME };
        assert!(warnings(&manifest(Preset::Tiny, rooms), &[up]).is_empty(), "straight up is fine");
    }

    #[test]
    fn no_world_is_odd_to_its_own_model() {
        for world in World::ALL {
            let manifest = manifest(Preset::TinyTower, &format!("{world}, 50 rendered scenes"));
            let scene = Scene::generate(world, 3);
            let cameras: Vec<_> =
                (0..50).map(|index| scene.camera(index)).chain(scene.orbit(50)).collect();
            assert_eq!(warnings(&manifest, &cameras), Vec::<String>::new(), "{world}");
        }
    }
}

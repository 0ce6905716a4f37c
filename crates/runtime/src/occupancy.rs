//! What a voxel scene holds, seen from above.

use gqn_formats::{ModelConfig, Tensor, Variant};
use ndarray::{Axis, Ix3};

use crate::error::SessionError;

/// Density of one view in one cell at which the map is `1 - 1/e` opaque, as a share of what one bin can hold at most.
const OPAQUE_SHARE: f64 = 0.5;

/// The densities of a voxel scene summed over z: a map of the grid as it is seen from above.
///
/// It is linear in the views, as the scene is: the map of a scene is the sum of its views' maps.
#[derive(Debug, Clone, PartialEq)]
pub struct Occupancy {
    /// X: cells from west to east.
    pub columns: usize,
    /// Y: cells from south to north.
    pub rows: usize,
    /// x and y of the box's south-west corner in world units: half a cell beyond the first centres.
    pub low: [f64; 2],
    /// x and y of the box's north-east corner.
    pub high: [f64; 2],
    /// `[Y, X]`, the southernmost row first.
    pub density: Vec<f32>,
    /// The density at which the map is `1 - 1/e` opaque.
    pub opaque: f64,
}

impl Occupancy {
    /// scene `[1, R+5+K, Z, Y, X]` of the reference graphs or `[1, Z, Y, X, R+5+K]` of the optimised ones, of one view or of a
    /// sum → its map; none for models without a grid. Channel R is the density.
    ///
    /// # Errors
    /// [`SessionError::SceneShape`] if the scene is another model's.
    pub fn of_scene(
        scene: &Tensor,
        config: &ModelConfig,
        variant: Variant,
    ) -> Result<Option<Self>, SessionError> {
        let Some(mut map) = Self::empty(config) else { return Ok(None) };
        let reference = config.scene_shape();
        let (expected, channel_axis) = match variant {
            Variant::Reference => (reference, 1),
            Variant::Optimised => {
                let [batch, channels, z, y, x] = <[usize; 5]>::try_from(reference)
                    .map_err(|found| SessionError::SceneShape { found, expected: vec![0; 5] })?;
                (vec![batch, z, y, x, channels], 4)
            }
        };
        if scene.shape() != expected {
            return Err(SessionError::SceneShape { found: scene.shape().to_vec(), expected });
        }
        let density = scene.index_axis(Axis(channel_axis), config.representation_channels);
        let density = density.index_axis(Axis(0), 0);
        let density = density.into_dimensionality::<Ix3>().expect("Z, Y and X are left");
        map.density = density.sum_axis(Axis(0)).iter().copied().collect();
        Ok(Some(map))
    }

    /// The map of a scene without views; none for models without a grid.
    pub fn empty(config: &ModelConfig) -> Option<Self> {
        let voxel = config.voxel.as_ref()?;
        let [columns, rows, _] = voxel.cells;
        let half = |axis: usize| {
            (voxel.high[axis] - voxel.low[axis]) / (2 * (voxel.cells[axis] - 1)) as f64
        };
        let low = [0, 1].map(|axis| voxel.low[axis] - half(axis));
        let high = [0, 1].map(|axis| voxel.high[axis] + half(axis));
        // A view that is sure of a depth puts D/4 into a cell.
        let opaque = OPAQUE_SHARE * voxel.depth_samples as f64 / 4.0;
        Some(Self { columns, rows, low, high, density: vec![0.0; columns * rows], opaque })
    }

    /// Adds the map of another scene of the same model, `[Y, X]`.
    ///
    /// # Errors
    /// [`SessionError::SceneShape`] if it has another number of cells.
    pub fn add(&mut self, density: &[f32]) -> Result<(), SessionError> {
        if density.len() != self.density.len() {
            let (found, expected) = (vec![density.len()], vec![self.rows, self.columns]);
            return Err(SessionError::SceneShape { found, expected });
        }
        self.density.iter_mut().zip(density).for_each(|(sum, value)| *sum += value);
        Ok(())
    }

    /// `[Y, X]` in \[0, 1\]: `1 - exp(-density / opaque)`, and 0 where less than nothing is left.
    pub fn opacity(&self) -> impl Iterator<Item = f64> + '_ {
        let opaque = self.opaque;
        self.density.iter().map(move |value| {
            // `max` takes a number that is none for 0.
            1.0 - (-f64::from(*value).max(0.0) / opaque).exp()
        })
    }

    /// The share of the box, seen from above, that is at least half opaque.
    pub fn filled(&self) -> f64 {
        let filled = self.opacity().filter(|opacity| *opacity >= 0.5).count();
        filled as f64 / self.density.len() as f64
    }

    /// White, as opaque as the scene is dense, as RGBA bytes; north is up: `X` pixels wide, `Y` high.
    pub fn rgba8(&self) -> Vec<u8> {
        let opacity: Vec<u8> = self.opacity().map(|value| (255.0 * value + 0.5) as u8).collect();
        let rows = opacity.chunks_exact(self.columns).rev().flatten();
        rows.flat_map(|alpha| [255, 255, 255, *alpha]).collect()
    }
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;

    use super::*;

    /// 2 cells along z, 3 along y, 4 along x, 8 features; depth bins of 2 / 4 at most.
    fn config() -> ModelConfig {
        let mut config = ModelConfig { representation_channels: 8, ..Preset::Tiny.config() };
        let voxel = config.voxel.as_mut().expect("a voxel model");
        voxel.cells = [4, 3, 2];
        voxel.depth_samples = 8;
        (voxel.low, voxel.high) = ([-3.0, 0.0, 0.0], [3.0, 4.0, 1.0]);
        config
    }

    /// Density 1 at z 0, y 2, x 1 and 0.5 above it, 2 at z 1, y 0, x 3; other channels are 9.
    fn scene(variant: Variant) -> Tensor {
        let cells = [(0, 2, 1, 1.0), (1, 2, 1, 0.5), (1, 0, 3, 2.0)];
        let at = |c: usize, z: usize, y: usize, x: usize| match variant {
            Variant::Reference => [0, c, z, y, x],
            Variant::Optimised => [0, z, y, x, c],
        };
        // One more than the last place along every axis.
        let shape = at(12, 1, 2, 3).map(|last| last + 1);
        let mut scene = Tensor::from_elem(shape.to_vec(), 9.0);
        for (z, y, x) in (0..24).map(|cell| (cell / 12, cell / 4 % 3, cell % 4)) {
            scene[at(8, z, y, x)] = 0.0;
        }
        for (z, y, x, density) in cells {
            scene[at(8, z, y, x)] = density;
        }
        scene
    }

    #[track_caller]
    fn map(variant: Variant) -> Occupancy {
        let map = Occupancy::of_scene(&scene(variant), &config(), variant).expect("a scene");
        map.expect("a voxel model")
    }

    #[test]
    fn the_density_is_summed_over_z_in_either_layout() {
        for variant in [Variant::Reference, Variant::Optimised] {
            let map = map(variant);
            let mut expected = [0.0; 12];
            (expected[2 * 4 + 1], expected[3]) = (1.5, 2.0);
            assert_eq!(map.density, expected, "{variant:?}");
            assert_eq!((map.columns, map.rows), (4, 3));
        }
    }

    #[test]
    fn the_corners_lie_half_a_cell_beyond_the_centres() {
        let map = Occupancy::empty(&config()).expect("a voxel model");
        assert_eq!((map.low, map.high), ([-4.0, -1.0], [4.0, 5.0]));
        assert_eq!(Occupancy::empty(&Preset::TinyTower.config()), None);
    }

    #[test]
    fn north_is_up_and_dense_is_opaque() {
        let mut map = map(Variant::Reference);
        // D is 8, so that 1 is the density at which the map is 1 - 1/e opaque.
        let alpha = |density: f64| (255.0 * (1.0 - (-density).exp()) + 0.5) as u8;
        let mut expected = [0; 12];
        (expected[1], expected[11]) = (alpha(1.5), alpha(2.0));
        let found: Vec<u8> = map.rgba8().chunks_exact(4).map(|pixel| pixel[3]).collect();
        assert_eq!(found, expected);
        assert!((map.filled() - 2.0 / 12.0).abs() < 1e-12);
        map.density[0] = -3.0;
        map.density[1] = f32::NAN;
        assert!(map.opacity().take(2).all(|opacity| opacity == 0.0));
    }

    #[test]
    fn maps_of_views_add_up_to_the_scenes() {
        let one = map(Variant::Optimised);
        let twice = scene(Variant::Optimised) * 2.0;
        let twice = Occupancy::of_scene(&twice, &config(), Variant::Optimised).expect("a scene");
        let mut sum = Occupancy::empty(&config()).expect("a voxel model");
        for _ in 0..2 {
            sum.add(&one.density).expect("a map of that size");
        }
        assert_eq!(Some(sum.clone()), twice);
        let error = sum.add(&[0.0; 11]).expect_err("a smaller map");
        assert!(matches!(error, SessionError::SceneShape { .. }), "{error}");
    }

    #[test]
    fn other_scenes_are_refused_or_have_no_map() {
        let error = Occupancy::of_scene(&scene(Variant::Reference), &config(), Variant::Optimised);
        assert!(matches!(error, Err(SessionError::SceneShape { .. })), "{error:?}");
        let tower = Preset::TinyTower.config();
        let scene = Tensor::zeros(tower.scene_shape());
        let map = Occupancy::of_scene(&scene, &tower, Variant::Reference).expect("no grid");
        assert_eq!(map, None);
    }
}
